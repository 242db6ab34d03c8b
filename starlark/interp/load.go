package interp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

// module is a file on its way to a Module. What is below done may be read once done is closed; waiting and at belong to
// Interpreter.mu.
type module struct {
	file    string
	done    chan struct{}
	waiting *module  // what it needs now, evaluated by this goroutine or another
	at      diag.Pos // where it says so

	public   *Module
	tree     *syntax.File
	imports  map[string]starlark.StringDict // what its load statements name
	packages map[string]starlark.Value      // what its calls of package name
	deps     []*module
	reported diag.List // mistakes that did not stop it
	err      error     // a diag.List, or that of a context
}

// load returns the module of a file, evaluating it if nobody has; from needs it at a place.
//
// Each module waits for one other at a time, and a wait that would close a circle is refused when it begins: so no
// goroutines can wait for each other for ever, and every circle of loads is found by one of those in it.
func (in *Interpreter) load(ctx context.Context, file string, from *module, at diag.Pos) (*module, error) {
	for {
		in.mu.Lock()
		m, known := in.modules[file]
		if !known {
			m = &module{file: file, done: make(chan struct{})}
			if in.modules == nil {
				in.modules = map[string]*module{}
			}
			in.modules[file] = m
		} else if path := circle(from, m, at); path != nil {
			in.mu.Unlock()
			return nil, diag.List{cycle(path)}
		}
		if from != nil {
			from.waiting, from.at = m, at
		}
		in.mu.Unlock()

		err := in.await(ctx, m, known)
		in.mu.Lock()
		if from != nil {
			from.waiting = nil
		}
		in.mu.Unlock()
		if err == errAgain {
			continue
		}
		return m, err
	}
}

// errAgain says that the goroutine that evaluated a module was told to stop, but this one was not.
var errAgain = errors.New("evaluate again")

func (in *Interpreter) await(ctx context.Context, m *module, known bool) error {
	if !known {
		m.err = in.evaluate(ctx, m)
		if interrupted(m.err) {
			in.mu.Lock()
			delete(in.modules, m.file)
			in.mu.Unlock()
		}
		close(m.done)
		return m.err
	}
	select {
	case <-m.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !interrupted(m.err) {
		return m.err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errAgain
}

// interrupted reports whether a module's evaluation was stopped by its context: it says nothing about the module.
func interrupted(err error) bool {
	_, mistakes := err.(diag.List)
	return err != nil && !mistakes
}

// wait is one step of a circle: a module that needs the next one at a place.
type wait struct {
	file string
	at   diag.Pos
}

// circle returns the modules that wait for one another if from begins to wait for m, or nil.
func circle(from, m *module, at diag.Pos) []wait {
	if from == nil {
		return nil
	}
	path := []wait{{from.file, at}}
	for x := m; x != nil; x = x.waiting {
		if x == from {
			return path
		}
		path = append(path, wait{x.file, x.at})
	}
	return nil
}

const cycleMessage = "these files load one another: "

// cycle is the mistake of a circle. It begins with the same file whoever found it.
func cycle(path []wait) diag.Diagnostic {
	first := 0
	for i := range path {
		if path[i].file < path[first].file {
			first = i
		}
	}
	path = slices.Concat(path[first:], path[:first])
	var names []string
	d := diag.Diagnostic{Pos: path[0].at}
	for i, w := range path {
		names = append(names, w.file)
		if i > 0 {
			d.Related = append(d.Related, diag.Related{Pos: w.at, Text: "loads " + path[(i+1)%len(path)].file})
		}
	}
	d.Message = cycleMessage + strings.Join(append(names, path[0].file), " -> ")
	return d
}

// evaluate turns a file into a module.
func (in *Interpreter) evaluate(ctx context.Context, m *module) error {
	text, err := in.readSource(m.file)
	if err != nil {
		return diag.From(err, in)
	}
	in.mu.Lock()
	if in.texts == nil {
		in.texts = map[string][]byte{}
	}
	in.texts[m.file] = text
	in.mu.Unlock()

	tree, list := diag.Parse(dialect(), m.file, text)
	if len(list) > 0 {
		return list
	}
	m.tree = tree
	r := in.guards.rewrite(tree)
	env := starlark.StringDict{} // of the names that the file uses
	prog, err := starlark.FileProgram(tree, func(name string) bool {
		v := in.env[name]
		if v == nil {
			v = r.formats[name]
		}
		if v != nil {
			env[name] = v
		}
		return v != nil
	})
	list = diag.From(err, in)
	needed, err := in.imported(ctx, m, r.imports)
	if err != nil {
		return err
	}
	if list = append(list, needed...); len(list) > 0 {
		list.Sort()
		return list
	}
	return in.execute(ctx, m, prog, env)
}

func (in *Interpreter) execute(ctx context.Context, m *module, prog *starlark.Program, env starlark.StringDict) error {
	var globals starlark.StringDict
	done, list, err := in.run(ctx, m.file, func(thread *starlark.Thread) (starlark.Value, error) {
		var err error
		globals, err = prog.Init(thread, env)
		if err == nil {
			err = in.freezable(m, globals)
		}
		return starlark.None, err
	})
	m.tree = nil
	switch {
	case err != nil:
		return err
	case done == nil:
		return list
	}
	globals.Freeze()
	m.public = &Module{File: m.file, Globals: globals, module: m}
	m.reported = list
	return nil
}

// freezable finds a value that cannot be frozen.
func (in *Interpreter) freezable(m *module, globals starlark.StringDict) error {
	var list diag.List
	for _, b := range m.tree.Module.(*resolve.Module).Globals {
		if v := globals[b.First.Name]; v != nil {
			if err := in.guards.checkFreeze(v); err != nil {
				list = append(list, diag.Diagnostic{Pos: identPos(m.file, b.First), Message: err.Error()})
			}
		}
	}
	return list.Err()
}

// mistakes are those that were reported in a module and in what it needs.
func (m *module) mistakes(seen map[*module]bool) diag.List {
	if seen[m] {
		return nil
	}
	seen[m] = true
	list := slices.Clone(m.reported)
	for _, dep := range m.deps {
		list = append(list, dep.mistakes(seen)...)
	}
	return list
}

// imported evaluates all that a file loads, in the order of its text, and returns the mistakes of all of it.
func (in *Interpreter) imported(ctx context.Context, m *module, imports []syntax.Node) (diag.List, error) {
	var list diag.List
	for _, n := range imports {
		var found diag.List
		var err error
		switch n := n.(type) {
		case *syntax.LoadStmt:
			found, err = in.loadStmt(ctx, m, n)
		case *syntax.CallExpr:
			if isBuiltin(n.Fn.(*syntax.Ident)) {
				found, err = in.packageCall(ctx, m, n)
			}
		}
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (in *Interpreter) loadStmt(ctx context.Context, m *module, stmt *syntax.LoadStmt) (diag.List, error) {
	name := stmt.ModuleName()
	at := literalPos(m.file, stmt.Module)
	if in.Alone {
		return diag.List{{Pos: at, Message: "load: this file is evaluated alone"}}, nil
	}
	file, err := in.resolve(m.file, name)
	if err != nil {
		return placed(diag.From(err, in), at, name), nil
	}
	dep, err := in.load(ctx, file, m, at)
	if err != nil {
		return in.failedImport(err, at, diag.Pos{File: m.file, Line: int(stmt.Load.Line), Col: int(stmt.Load.Col)}, name)
	}
	m.deps = append(m.deps, dep)
	if m.imports == nil {
		m.imports = map[string]starlark.StringDict{}
	}
	m.imports[name] = dep.public.Globals
	return undefined(m.file, stmt, dep), nil
}

// failedImport places the mistakes of a file that m needs: those without a place are about its name.
func (in *Interpreter) failedImport(err error, at, stmt diag.Pos, name string) (diag.List, error) {
	mistakes, ok := err.(diag.List)
	if !ok {
		return nil, err
	}
	var list diag.List
	for _, d := range slices.Clone(mistakes) {
		one := diag.List{d}
		switch {
		case strings.HasPrefix(d.Message, cycleMessage):
		case !d.Pos.IsValid():
			one = placed(one, at, name)
		default:
			one.Loaded(stmt)
		}
		list = append(list, one...)
	}
	return list, nil
}

// placed gives Diagnostics about a path the place where it is written, and their suggestion the form it has there.
func placed(list diag.List, at diag.Pos, name string) diag.List {
	list = slices.Clone(list)
	for i := range list {
		d := &list[i]
		d.Pos = at
		if strings.HasPrefix(name, "./") {
			dir := "//"
			if j := strings.LastIndexByte(at.File, '/'); j >= 0 && !strings.HasPrefix(at.File, "@") {
				dir += at.File[:j+1]
			}
			if rest, ok := strings.CutPrefix(d.Suggest, dir); ok {
				d.Suggest = "./" + rest
			}
		}
	}
	return list
}

// undefined lists the names that a load statement wants and the module does not have.
func undefined(file string, stmt *syntax.LoadStmt, dep *module) diag.List {
	var list diag.List
	for _, from := range stmt.From {
		if dep.public.Globals.Has(from.Name) || strings.HasPrefix(from.Name, "_") {
			continue
		}
		names := slices.DeleteFunc(dep.public.Globals.Keys(), private)
		d := diag.Diagnostic{
			Pos:     identPos(file, from),
			Message: fmt.Sprintf("%s has no %s", dep.file, from.Name),
			Suggest: diag.Nearest(from.Name, names),
		}
		if d.Suggest == "" {
			d.Help = []string{"it has " + enumerate(names)}
		}
		list = append(list, d)
	}
	return list
}

func private(name string) bool { return strings.HasPrefix(name, "_") }

// enumerate lists names for a message.
func enumerate(names []string) string {
	const most = 12
	switch {
	case len(names) == 0:
		return "nothing that can be loaded"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func literalPos(file string, lit *syntax.Literal) diag.Pos {
	start, end := lit.Span()
	p := diag.Pos{File: file, Line: int(start.Line), Col: int(start.Col)}
	if start.Line == end.Line {
		p.End = int(end.Col)
	}
	return p
}

func identPos(file string, id *syntax.Ident) diag.Pos {
	start, end := id.Span()
	return diag.Pos{File: file, Line: int(start.Line), Col: int(start.Col), End: int(end.Col)}
}

// loaded is what a load statement binds: imported has evaluated it.
func (in *Interpreter) loaded(thread *starlark.Thread, name string) (starlark.StringDict, error) {
	m := in.moduleOf(callerFile(thread))
	if m == nil || m.imports[name] == nil {
		return nil, fmt.Errorf("%q is not loaded", name)
	}
	return m.imports[name], nil
}

func (in *Interpreter) moduleOf(file string) *module {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.modules[file]
}

// callerFile is the file of the innermost Starlark function that runs.
func callerFile(thread *starlark.Thread) string {
	for depth := range thread.CallStackDepth() {
		if p := thread.CallFrame(depth).Pos; p.Line > 0 {
			return p.Filename()
		}
	}
	return ""
}

// isBuiltin reports whether an identifier means a predeclared name.
func isBuiltin(id *syntax.Ident) bool {
	b, ok := id.Binding.(*resolve.Binding)
	return ok && b.Scope == resolve.Predeclared
}
