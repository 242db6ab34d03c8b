package interp

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
)

// ReadFile is the builtin read_file(path): the text of a file of the project, or of the dependency that the calling file
// is in. Paths are those of load.
func ReadFile(thread *starlark.Thread, name string) (string, error) {
	in := of(thread)
	if in == nil {
		return "", fmt.Errorf("there are no files here")
	}
	from := callerFile(thread)
	if t, err := in.locate(from, name); err == nil {
		in.looked(thread.Name, t.String())
	}
	text, err := in.readText(from, name)
	return text, diag.About(err, "[0]")
}

func (in *Interpreter) readText(from, name string) (string, error) {
	t, err := in.locate(from, name)
	if err != nil {
		return "", err
	}
	text, err := in.read(t)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(text) {
		return "", mistake("", "%s is not text: it is not UTF-8", t)
	}
	return string(text), nil
}

// maxFiles bounds what one call of Glob looks at.
const maxFiles = 100_000

// Glob is the builtin glob(patterns): the files that match, each once, sorted, as paths for ReadFile and for load. In a part
// of a pattern * stands for any characters, ? for one, [a-z] for one of these; ** alone stands for any directories. Names
// that begin with a dot are left out. A pattern without any of these must name a file.
func Glob(thread *starlark.Thread, patterns ...string) ([]string, error) {
	in := of(thread)
	if in == nil {
		return nil, fmt.Errorf("there are no files here")
	}
	from := callerFile(thread)
	var list []string
	for i, pattern := range patterns {
		if t, err := in.locate(from, pattern); err == nil {
			in.looked(thread.Name, globbed(t))
		}
		found, err := in.glob(from, pattern)
		if err != nil {
			return nil, diag.About(err, "[0]", fmt.Sprintf("[%d]", i))
		}
		list = append(list, found...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func (in *Interpreter) glob(from, pattern string) ([]string, error) {
	t, err := in.locate(from, pattern)
	if err != nil {
		return nil, err
	}
	if _, err := path.Match(t.path, ""); err != nil {
		return nil, mistake("", "pattern %q: want every [ closed", pattern)
	}
	g := globber{fsys: in.fs(t.lib), lib: t.lib}
	if !strings.ContainsAny(t.path, "*?[") {
		if _, err := fs.Stat(g.fsys, t.path); err != nil {
			return nil, in.unreadable(t, err)
		}
	}
	if err := g.match(".", strings.Split(t.path, "/")); err != nil {
		return nil, mistake("", "pattern %q: %v", pattern, err)
	}
	return g.found, nil
}

type globber struct {
	fsys  fs.FS
	lib   string
	seen  int
	found []string
}

// match adds the files below dir that match the parts of a pattern.
func (g *globber) match(dir string, parts []string) error {
	if parts[0] == "**" {
		if len(parts) > 1 {
			if err := g.match(dir, parts[1:]); err != nil {
				return err
			}
		}
		return g.each(dir, func(p string, e fs.DirEntry) error {
			if e.IsDir() {
				return g.match(p, parts)
			}
			if len(parts) == 1 {
				g.add(p)
			}
			return nil
		})
	}
	return g.each(dir, func(p string, e fs.DirEntry) error {
		if ok, _ := path.Match(parts[0], e.Name()); !ok { // the pattern is valid
			return nil
		}
		if len(parts) > 1 && e.IsDir() {
			return g.match(p, parts[1:])
		}
		if len(parts) == 1 && !e.IsDir() {
			g.add(p)
		}
		return nil
	})
}

func (g *globber) each(dir string, f func(p string, e fs.DirEntry) error) error {
	list, err := fs.ReadDir(g.fsys, dir)
	if err != nil {
		return reason(err)
	}
	if g.seen += len(list); g.seen > maxFiles {
		return fmt.Errorf("more than %d files to look at", maxFiles)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := f(path.Join(dir, e.Name()), e); err != nil {
			return err
		}
	}
	return nil
}

// add adds a regular file, or a link to one.
func (g *globber) add(p string) {
	if info, err := fs.Stat(g.fsys, p); err == nil && info.Mode().IsRegular() {
		g.found = append(g.found, tree{g.lib, p}.written())
	}
}
