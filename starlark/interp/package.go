package interp

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

// Package is the builtin package(path): a module of the public names of all files in a directory. The path must be a
// literal, because the files are evaluated before the one that asks for them.
func Package(thread *starlark.Thread, path string) (starlark.Value, error) {
	in := of(thread)
	if in != nil {
		if m := in.moduleOf(callerFile(thread)); m != nil && m.packages[path] != nil {
			return m.packages[path], nil
		}
	}
	return nil, literalWanted
}

var literalWanted = mistake("", "package: want a path in quotes, not one that is computed")

// packageCall evaluates the directory that a call of package names.
func (in *Interpreter) packageCall(ctx context.Context, m *module, call *syntax.CallExpr) (diag.List, error) {
	fn := identPos(m.file, call.Fn.(*syntax.Ident))
	if in.Alone {
		return diag.List{{Pos: fn, Message: "package: this file is evaluated alone"}}, nil
	}
	lit, ok := literalArgument(call)
	if !ok {
		d := literalWanted
		d.Pos = fn
		return diag.List{d}, nil
	}
	name := lit.Value.(string)
	at := literalPos(m.file, lit)
	dir, files, err := in.packageFiles(m.file, name)
	in.looked(m.file, dir.String()+"/")
	if err != nil {
		return placed(diag.From(err, in), at, name), nil
	}
	p := starlark.StringDict{}
	origin := map[string]*module{}
	var list diag.List
	for _, file := range files {
		dep, err := in.load(ctx, file, m, at)
		if err != nil {
			found, err := in.failedImport(err, at, fn, name)
			if err != nil {
				return nil, err
			}
			list = append(list, found...)
			continue
		}
		m.deps = append(m.deps, dep)
		list = append(list, in.merge(p, origin, dep)...)
	}
	if m.packages == nil {
		m.packages = map[string]starlark.Value{}
	}
	m.packages[name] = &starlarkstruct.Module{Name: dir.written(), Members: p}
	return list, nil
}

func literalArgument(call *syntax.CallExpr) (*syntax.Literal, bool) {
	if len(call.Args) != 1 {
		return nil, false
	}
	lit, ok := call.Args[0].(*syntax.Literal)
	return lit, ok && lit.Token == syntax.STRING
}

// packageFiles lists the files of a package in the order of their names.
func (in *Interpreter) packageFiles(from, name string) (tree, []string, error) {
	t, err := in.locate(from, name)
	if err != nil {
		return t, nil, err
	}
	fsys := in.fs(t.lib)
	info, err := fs.Stat(fsys, t.path)
	if err != nil {
		return t, nil, in.noDirectory(t, err)
	}
	if !info.IsDir() {
		d := mistake("", "package: %s is a file, want a directory", t)
		if path.Ext(t.path) == ".star" {
			d.Help = []string{fmt.Sprintf("load(%q, \"name\") reads a file", name)}
		}
		return t, nil, d
	}
	list, err := fs.ReadDir(fsys, t.path)
	if err != nil {
		return t, nil, in.unreadable(t, err)
	}
	var files []string
	for _, e := range list {
		if !e.IsDir() && inPackage(e.Name()) {
			files = append(files, tree{t.lib, path.Join(t.path, e.Name())}.String())
		}
	}
	slices.Sort(files)
	if len(files) == 0 {
		return t, nil, mistake("", "package: there is no .star file in %s that a package is made of", t)
	}
	return t, files, nil
}

func inPackage(file string) bool {
	return path.Ext(file) == ".star" && !strings.HasPrefix(file, ".") &&
		file != ProjectFile && file != "deploy.star" && !strings.HasSuffix(file, "_test.star")
}

func (in *Interpreter) noDirectory(t tree, err error) error {
	if !strings.Contains(err.Error(), "escapes") {
		suggest := ""
		if near := in.nearestFile(tree{t.lib, t.path + "/x"}); near != "" {
			suggest = strings.TrimSuffix(near, "/x")
		} else if near := diag.Nearest(path.Base(t.path), entries(in.fs(t.lib), path.Dir(t.path), true)); near != "" {
			suggest = tree{t.lib, path.Join(path.Dir(t.path), near)}.written()
		}
		return mistake(suggest, "package: there is no directory %s", t)
	}
	return in.unreadable(t, err)
}

// merge adds the public names of a file to a package. No two files may define the same one.
func (in *Interpreter) merge(p starlark.StringDict, origin map[string]*module, dep *module) diag.List {
	var list diag.List
	for _, name := range dep.public.Globals.Keys() {
		if private(name) {
			continue
		}
		if first, ok := origin[name]; ok {
			list = append(list, diag.Diagnostic{
				Pos:     in.declared(dep, name),
				Message: fmt.Sprintf("package: %s is defined in two files of it", name),
				Related: []diag.Related{{Pos: in.declared(first, name), Text: "first defined here"}},
			})
			continue
		}
		origin[name] = dep
		p[name] = dep.public.Globals[name]
	}
	return list
}

// declared is where a file defines a name.
func (in *Interpreter) declared(m *module, name string) diag.Pos {
	at := diag.Pos{File: m.file, Line: 1, Col: 1}
	file, list := diag.Parse(dialect(), m.file, in.Source(m.file))
	if len(list) > 0 {
		return at
	}
	_ = resolve.File(file, func(string) bool { return true }, starlark.Universe.Has) // it has been resolved before
	for _, b := range file.Module.(*resolve.Module).Globals {
		if b.First.Name == name {
			return identPos(m.file, b.First)
		}
	}
	return at
}
