package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

// manifestName is the file in an output directory that lists what starctl wrote there, a line each. Only what it lists is
// ever replaced or removed.
const manifestName = ".starctl-files"

const manifestHead = "# Written by starctl render --output-dir: the files that it may replace and remove.\n"

// outputDir is a directory that holds one file an object.
type outputDir struct {
	root *os.Root
	name string          // as the person calls it
	old  map[string]bool // what starctl wrote here before
	made []string        // directories that were not there before
}

// outFile is a file to be written; its name is relative, with slashes.
type outFile struct {
	name string
	data []byte
}

// writeOutputDir makes a directory hold these files, and of what starctl wrote there before, nothing else. All content is
// written beside its place first and renamed when all is there; an error before that leaves everything as it was.
func writeOutputDir(dir, shown string, files []outFile) (err error) {
	made, err := makeDirs(dir)
	defer func() {
		if err != nil {
			removeDirs(made)
		}
	}()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	o := &outputDir{root: root, name: shown, old: map[string]bool{}}
	if err := o.readManifest(); err != nil {
		return err
	}
	if err := o.foreign(files); err != nil {
		return err
	}
	return o.replace(files)
}

// makeDirs makes a directory and those above it, and returns the ones that were not there.
func makeDirs(dir string) (made []string, err error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		made = append(made, at)
	}
	return made, os.MkdirAll(dir, 0o777)
}

// removeDirs takes away directories that makeDirs has made, unless there is something in them.
func removeDirs(made []string) {
	for _, dir := range made {
		_ = os.Remove(dir)
	}
}

func (o *outputDir) readManifest() error {
	data, err := o.root.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(line)) {
			return fmt.Errorf("%s: %q lies outside the directory: it was not starctl that wrote this", filepath.Join(o.name, manifestName), line)
		}
		o.old[line] = true
	}
	return nil
}

// foreign refuses to replace what starctl did not write.
func (o *outputDir) foreign(files []outFile) error {
	for _, f := range files {
		if o.old[f.name] {
			continue
		}
		if _, err := o.root.Lstat(f.name); err == nil {
			return diag.Diagnostic{
				Message: fmt.Sprintf("%s is there already, and starctl did not write it", filepath.Join(o.name, f.name)),
				Help:    []string{"move it away, or choose another --output-dir; nothing was written"},
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// replace writes beside, lists old and new files in the manifest, renames, removes what is stale and lists what is left.
func (o *outputDir) replace(files []outFile) (err error) {
	var beside []string // temporary names of files, in their order; "" where nothing changes
	defer func() {
		for _, tmp := range beside {
			if tmp != "" {
				_ = o.root.Remove(tmp) // there only if an error came first
			}
		}
		if err != nil {
			o.removeMade()
		}
	}()
	for _, f := range files {
		tmp, err := o.writeBeside(f)
		beside = append(beside, tmp) // also a part of one
		if err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for _, f := range files {
		names[f.name] = true
	}
	if err := o.writeManifest(names, o.old); err != nil {
		return err
	}
	for i, f := range files {
		if beside[i] == "" {
			continue
		}
		if err := o.root.Rename(beside[i], f.name); err != nil {
			return err
		}
		beside[i] = ""
	}
	o.made = nil
	for name := range o.old {
		if !names[name] {
			if err := o.remove(name); err != nil {
				return err
			}
		}
	}
	return o.writeManifest(names)
}

func (o *outputDir) writeBeside(f outFile) (string, error) {
	if now, err := o.root.ReadFile(f.name); err == nil && bytes.Equal(now, f.data) {
		return "", nil
	}
	dir, base := path.Split(f.name)
	if err := o.mkdir(path.Clean(dir)); err != nil {
		return "", err
	}
	tmp := dir + ".starctl-" + strings.TrimSuffix(base, path.Ext(base)) + ".tmp"
	return tmp, o.root.WriteFile(tmp, f.data, 0o666)
}

func (o *outputDir) mkdir(dir string) error {
	if dir == "." || dir == "" {
		return nil
	}
	err := o.root.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrNotExist) {
		if err = o.mkdir(path.Dir(dir)); err == nil {
			err = o.root.Mkdir(dir, 0o777)
		}
	}
	switch {
	case err == nil:
		o.made = append(o.made, dir)
	case errors.Is(err, fs.ErrExist):
		return nil
	}
	return err
}

func (o *outputDir) removeMade() {
	for _, dir := range slices.Backward(o.made) {
		_ = o.root.Remove(dir) // fails where it is not empty, as it should
	}
}

// remove removes a file and the directories that it leaves empty.
func (o *outputDir) remove(name string) error {
	if err := o.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if o.root.Remove(dir) != nil {
			return nil
		}
	}
	return nil
}

func (o *outputDir) writeManifest(sets ...map[string]bool) error {
	var names []string
	for _, set := range sets {
		names = slices.AppendSeq(names, maps.Keys(set))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	data := []byte(manifestHead + strings.Join(names, "\n") + "\n")
	if now, err := o.root.ReadFile(manifestName); err == nil && bytes.Equal(now, data) {
		return nil
	}
	tmp := manifestName + ".tmp"
	err := o.root.WriteFile(tmp, data, 0o666)
	if err == nil {
		err = o.root.Rename(tmp, manifestName)
	}
	if err != nil {
		_ = o.root.Remove(tmp)
	}
	return err
}

// objectFiles makes one file for each object below dir, which may be "".
func objectFiles(dir string, objects []*kube.Object, f encode.Format) ([]outFile, error) {
	taken := map[string]int{}
	for _, o := range objects {
		taken[shortFileName(o.ID)]++
	}
	var files []outFile
	for _, o := range objects {
		name := shortFileName(o.ID)
		if taken[name] > 1 {
			name = longFileName(o.ID)
		}
		var b bytes.Buffer
		if err := writeOne(&b, f, o); err != nil {
			return nil, err
		}
		files = append(files, outFile{path.Join(dir, limitName(name)+"."+extension(f)), b.Bytes()})
	}
	return files, nil
}

// writeOne writes an object by itself: JSON without a List around it.
func writeOne(b *bytes.Buffer, f encode.Format, o *kube.Object) error {
	if f != encode.JSON {
		return encode.Write(b, f, []*kube.Object{o})
	}
	_, err := b.Write(append(encode.AppendJSON(nil, o.Node, 2), '\n'))
	return err
}

func extension(f encode.Format) string {
	if f == encode.JSON {
		return "json"
	}
	return "yaml"
}

func shortFileName(id kube.ID) string {
	return escapeName(strings.ToLower(id.Kind)) + "-" + escapeName(id.Name)
}

// longFileName tells objects apart that have the kind's and their own name in common.
func longFileName(id kube.ID) string {
	kind := strings.ToLower(id.Kind)
	if id.Group != "" {
		kind += "." + id.Group
	}
	return escapeName(kind) + "_" + escapeName(id.Namespace) + "_" + escapeName(id.Name)
}

// escapeName writes what is not a lower-case letter, digit, hyphen or dot as %XX: capital letters too, because there are
// file systems that do not tell them apart.
func escapeName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

// limitName keeps a name within what file systems hold, 255 bytes, with room for what is written beside.
func limitName(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:most-17] + "-" + hex.EncodeToString(sum[:8])
}
