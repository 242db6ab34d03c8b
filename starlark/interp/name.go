package interp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/starctl/starctl/starlark/diag"
)

// ProjectFile is the name of the file at a project's root. It is evaluated alone and cannot be loaded.
const ProjectFile = "starctl.star"

// tree is where a path leads: the project, whose name is "", or a library, and the path from its root.
type tree struct{ lib, path string }

// String is how positions name a file, and how a dependency's is written in a load.
func (t tree) String() string {
	if t.lib == "" {
		return t.path
	}
	return "@" + t.lib + "//" + t.path
}

// written is how a load statement of the project writes it.
func (t tree) written() string {
	if t.lib == "" {
		return "//" + t.path
	}
	return t.String()
}

// treeOf is the inverse of String.
func treeOf(file string) tree {
	if rest, ok := strings.CutPrefix(file, "@"); ok {
		lib, p, _ := strings.Cut(rest, "//")
		return tree{lib, p}
	}
	return tree{"", file}
}

func (in *Interpreter) fs(lib string) fs.FS {
	if lib == "" {
		return in.Root
	}
	return in.Libs[lib]
}

// resolve returns the file that a load statement in from means by name. Whether it exists is not looked at.
func (in *Interpreter) resolve(from, name string) (string, error) {
	t, err := in.locate(from, name)
	if err != nil {
		return "", err
	}
	base := path.Base(t.path)
	switch {
	case t.path == "." || strings.HasSuffix(name, "/"):
		return "", mistake("", "load: %q is a directory, want a .star file", name)
	case base == ProjectFile && from != "":
		return "", mistake("", "load: %s is the project's own file and is evaluated alone", ProjectFile)
	case path.Ext(base) != ".star":
		return "", in.notStar(t, name)
	}
	return t.String(), nil
}

// notStar explains what to load instead of a file that is no Starlark.
func (in *Interpreter) notStar(t tree, name string) error {
	withExt := tree{t.lib, t.path + ".star"}
	info, err := fs.Stat(in.fs(t.lib), t.path)
	switch {
	case in.exists(withExt):
		return mistake(name+".star", "load: %q lacks its extension", name)
	case err == nil && info.IsDir():
		d := mistake("", "load: %q is a directory, want a .star file", name)
		d.Help = []string{fmt.Sprintf("package(%q) reads all files of a directory", name)}
		return d
	case err == nil:
		d := mistake("", "load: %q is not a .star file", name)
		d.Help = []string{fmt.Sprintf("read_file(%q) returns its text", name)}
		return d
	}
	return mistake("", "load: %q is not a .star file", name)
}

func (in *Interpreter) exists(t tree) bool {
	info, err := fs.Stat(in.fs(t.lib), t.path)
	return err == nil && !info.IsDir()
}

func mistake(suggest, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Message: fmt.Sprintf(format, args...), Suggest: suggest}
}

// locate returns where a path that is written in file from leads.
func (in *Interpreter) locate(from, name string) (tree, error) {
	here := treeOf(from)
	var t tree
	switch {
	case name == "":
		return t, mistake("", "the path is empty")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return t, mistake("", "path %q: got a control character or a byte that is not UTF-8", name)
	case strings.Contains(name, `\`):
		return t, mistake(strings.ReplaceAll(name, `\`, "/"), "path %q: want / between its parts", name)
	case strings.Contains(name, "://") || strings.HasPrefix(name, "git@"):
		d := mistake("", "path %q: nothing is fetched during evaluation", name)
		d.Help = []string{"declare a dependency in starctl.star and write @its-name//path"}
		return t, d
	case strings.HasPrefix(name, "@"):
		lib, p, ok := strings.Cut(name[1:], "//")
		if !ok {
			return t, mistake("", "path %q: want @dependency//path", name)
		}
		if in.Libs[lib] == nil {
			return t, in.unknownLib(lib, p)
		}
		t = tree{lib, p}
	case strings.HasPrefix(name, "//"):
		t = tree{here.lib, name[2:]}
	case strings.HasPrefix(name, "/"):
		return t, mistake("", "path %q: an absolute path leaves the project: want //path from its root, or ./path", name)
	case strings.HasPrefix(name, "./"):
		t = tree{here.lib, strings.TrimPrefix(path.Dir(here.path)+"/", "./") + name[2:]}
	case strings.HasPrefix(name, "../") || name == "..":
		return t, in.upwards(here, path.Join(path.Dir(here.path), name), name)
	default:
		return t, in.bare(here, name)
	}
	return in.checked(here, t, name)
}

// checked looks at each part of a path.
func (in *Interpreter) checked(here, t tree, name string) (tree, error) {
	if t.path == "" || t.path == "." {
		t.path = "."
		return t, nil
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(t.path, "/"), "/") {
		switch {
		case part == "..":
			return t, in.upwards(t, path.Clean(t.path), name)
		case part == "" || part == ".":
			return t, mistake("", "path %q: want a plain path, without %q in it", name, map[string]string{"": "//", ".": "./"}[part])
		case part[0] == '.':
			return t, mistake("", "path %q: files and directories whose name begins with a dot are not read", name)
		}
	}
	if strings.Contains(t.path, ":") {
		return t, mistake(strings.ReplaceAll(strings.ReplaceAll(name, "//:", "//"), ":", "/"), "path %q: want / between its parts", name)
	}
	t.path = strings.TrimSuffix(t.path, "/")
	if !fs.ValidPath(t.path) {
		return t, mistake("", "path %q: not a valid path", name)
	}
	return t, nil
}

// upwards is the mistake of a path with .. in it, which leads to p in the tree of t.
func (in *Interpreter) upwards(t tree, p, name string) error {
	if p == ".." || strings.HasPrefix(p, "../") || strings.HasPrefix(p, "/") {
		return mistake("", "path %q leaves the root: want a path in the project", name)
	}
	return mistake(tree{t.lib, p}.written(), "path %q: .. is not for paths: want one from the root", name)
}

// bare is the mistake of a path without a beginning.
func (in *Interpreter) bare(here tree, name string) error {
	suggest := "./" + name
	if label, ok := strings.CutPrefix(name, ":"); ok {
		suggest = "./" + label
	} else if p := path.Clean(name); fs.ValidPath(p) && !in.exists(tree{here.lib, path.Join(path.Dir(here.path), p)}) && in.exists(tree{here.lib, p}) {
		suggest = "//" + name
	}
	return mistake(suggest, "path %q: want ./ beside this file, // from the root, or @dependency// before it", name)
}

func (in *Interpreter) unknownLib(lib, p string) error {
	var names []string
	for name := range in.Libs {
		names = append(names, name)
	}
	slices.Sort(names)
	d := mistake("", "there is no dependency %q", lib)
	if near := diag.Nearest(lib, names); near != "" {
		d.Suggest = "@" + near + "//" + p
	} else if len(names) > 0 {
		d.Help = []string{"there is @" + strings.Join(names, ", @")}
	}
	return d
}

// readSource returns the text of a Starlark file, without a byte order mark.
func (in *Interpreter) readSource(file string) ([]byte, error) {
	text, err := in.read(treeOf(file))
	return bytes.TrimPrefix(text, []byte("\uFEFF")), err
}

// regular is what a file system may have to read a regular file in one step. It returns false for whatever else there is,
// which is then looked at step by step.
type regular interface {
	ReadRegular(name string, limit int64) ([]byte, bool)
}

// read returns the content of a file. Only regular files are opened: others could block.
func (in *Interpreter) read(t tree) ([]byte, error) {
	fsys := in.fs(t.lib)
	if fsys == nil || !fs.ValidPath(t.path) {
		return nil, mistake("", "there is no file %s", t)
	}
	limit := in.guards.limits.Value
	if r, ok := fsys.(regular); ok {
		if text, ok := r.ReadRegular(t.path, int64(limit)); ok {
			return text, nil
		}
	}
	info, err := fs.Stat(fsys, t.path)
	if err != nil {
		return nil, in.unreadable(t, err)
	}
	switch {
	case info.IsDir():
		return nil, mistake("", "%s is a directory, want a file", t)
	case !info.Mode().IsRegular():
		return nil, mistake("", "%s is not a regular file", t)
	case info.Size() > int64(limit):
		return nil, mistake("", "%s has %s: %s", t, bytesText(info.Size()), in.guards.limits.value())
	}
	f, err := fsys.Open(t.path)
	if err != nil {
		return nil, in.unreadable(t, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)))
	if err != nil {
		return nil, mistake("", "%s cannot be read: %v", t, reason(err))
	}
	return text, nil
}

// unreadable explains why a file cannot be opened.
func (in *Interpreter) unreadable(t tree, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return mistake(in.nearestFile(t), "there is no file %s", t)
	case strings.Contains(err.Error(), "escapes"):
		return mistake("", "%s leaves the root through a symbolic link", t)
	}
	return mistake("", "%s cannot be read: %v", t, reason(err))
}

// reason is an error without the name of the operation and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// nearestFile returns the file that a path which does not exist was meant to be. Each part in turn is set right.
func (in *Interpreter) nearestFile(t tree) string {
	fsys := in.fs(t.lib)
	dir := "."
	parts := strings.Split(t.path, "/")
	for i, part := range parts {
		p := path.Join(dir, part)
		if _, err := fs.Stat(fsys, p); err != nil {
			near := diag.Nearest(part, entries(fsys, dir, i < len(parts)-1))
			if near == "" {
				return ""
			}
			p = path.Join(dir, near)
		}
		dir = p
	}
	return tree{t.lib, dir}.written()
}

// entries lists the files or the directories in a directory.
func entries(fsys fs.FS, dir string, dirs bool) []string {
	list, _ := fs.ReadDir(fsys, dir) // none, where it cannot be read: there is nothing to suggest then
	var names []string
	for _, e := range list {
		if e.IsDir() == dirs && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}
