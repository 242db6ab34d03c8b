package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// deployName is what a deploy file is called unless it is named.
const deployName = "deploy.star"

// unit is a file, or a directory of tests, and the project that it belongs to.
type unit struct {
	root string // directory of the project
	name string // relative to root, with slashes
}

// path is the unit in the file system.
func (x unit) path() string { return filepath.Join(x.root, filepath.FromSlash(x.name)) }

// roots remembers for directories which project they belong to: "" for none.
type roots map[string]string

// unitOf finds the project of a file: the nearest directory with a starctl.star; without one, the file's own.
func (r roots) unitOf(file string) (unit, error) {
	dir := filepath.Dir(file)
	root := r.find(dir)
	if root == "" {
		root = dir
	}
	if name, ok := strings.CutPrefix(file, root+string(filepath.Separator)); ok {
		return unit{root, filepath.ToSlash(name)}, nil
	}
	name, err := filepath.Rel(root, file)
	return unit{root, filepath.ToSlash(name)}, err
}

func (r roots) find(dir string) string {
	root, known := r[dir]
	if known {
		return root
	}
	up := filepath.Dir(dir)
	switch {
	case project.IsRoot(dir):
		root = dir
	case up != dir:
		root = r.find(up)
	}
	r[dir] = root
	return root
}

// deployFiles returns the deploy files that arguments mean: FILE, DIR for its deploy.star, DIR/... for all below; nothing
// means the deploy.star of this directory. They come in the order of their paths, each once.
func (u *ui) deployFiles(args []string) ([]unit, error) {
	return u.units(args, func(dir string) ([]string, error) {
		file := filepath.Join(dir, deployName)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, u.noDeployFile(dir)
		}
		return []string{file}, nil
	}, isDeployFile)
}

func isDeployFile(_ string, d fs.DirEntry) bool { return d.Name() == deployName && !d.IsDir() }

// units expands arguments: in says what a directory means, below what of everything below one is taken.
func (u *ui) units(args []string, in func(dir string) ([]string, error), below func(path string, d fs.DirEntry) bool) ([]unit, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var files []string
	for _, arg := range args {
		list, err := u.expand(arg, in, below)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	slices.SortFunc(files, comparePaths)
	files = slices.Compact(files)
	list := make([]unit, len(files))
	find := roots{}
	for i, f := range files {
		var err error
		if list[i], err = find.unitOf(f); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// comparePaths orders by directory before name, so that a file comes before those in directories beside it.
func comparePaths(a, b string) int {
	return slices.Compare(strings.Split(a, string(filepath.Separator)), strings.Split(b, string(filepath.Separator)))
}

func (u *ui) expand(arg string, in func(string) ([]string, error), below func(path string, d fs.DirEntry) bool) ([]string, error) {
	if dir, ok := strings.CutSuffix(arg, "..."); ok && (dir == "" || os.IsPathSeparator(dir[len(dir)-1])) {
		return u.walk(u.at(dir), arg, below)
	}
	path := u.at(arg)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, u.noFile(path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return in(path)
	}
	return []string{path}, nil
}

// walk finds files below a directory. Directories whose names begin with a dot are passed over.
func (u *ui) walk(dir, arg string, below func(path string, d fs.DirEntry) bool) ([]string, error) {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case below(path, d):
			list = append(list, path)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, u.noFile(dir)
	}
	if err == nil && len(list) == 0 {
		return nil, diag.Diagnostic{
			Message: fmt.Sprintf("%s: no %s there or below", arg, deployName),
			Help:    []string{"begin with: starctl init"},
		}
	}
	return list, err
}

// noFile says that a path does not exist, and what its directory holds instead.
func (u *ui) noFile(path string) error {
	d := diag.Diagnostic{Message: fmt.Sprintf("%s: no such file or directory", u.path(path))}
	if near := diag.Nearest(filepath.Base(path), names(filepath.Dir(path), func(fs.DirEntry) bool { return true })); near != "" {
		d.Suggest = u.path(filepath.Join(filepath.Dir(path), near))
	}
	return d
}

// noDeployFile says that a directory has no deploy.star, and which files could be meant.
func (u *ui) noDeployFile(dir string) error {
	d := diag.Diagnostic{Message: fmt.Sprintf("%s: no such file", u.path(filepath.Join(dir, deployName)))}
	stars := names(dir, func(e fs.DirEntry) bool {
		return strings.HasSuffix(e.Name(), ".star") && !strings.HasSuffix(e.Name(), "_test.star") && e.Name() != project.File
	})
	if near := diag.Nearest(deployName, stars); near != "" {
		d.Suggest = near
		return d
	}
	if len(stars) > 0 {
		d.Help = append(d.Help, "name the file: "+strings.Join(stars, ", "))
	}
	d.Help = append(d.Help, "all deploy files below: ./...", "begin with: starctl init")
	return d
}

func names(dir string, keep func(fs.DirEntry) bool) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there is nothing to suggest then
	}
	var list []string
	for _, e := range entries {
		if keep(e) && !strings.HasPrefix(e.Name(), ".") {
			list = append(list, e.Name())
		}
	}
	return list
}
