package starctl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

// mainOf returns the main of a file, or explains what to write.
func (p *Project) mainOf(m *interp.Module) (*starlark.Function, error) {
	v, ok := m.Globals["main"]
	if !ok {
		return nil, p.withoutMain(m)
	}
	if f, ok := v.(*starlark.Function); ok {
		return f, nil
	}
	return nil, diag.Diagnostic{
		Pos:     globalPos(p, m.File, "main"),
		Message: fmt.Sprintf("main is %s, want a function: def main(ctx):", article(typed.Describe(v))),
	}
}

// withoutMain lists what functions the file has, and shows the main that would return what they yield.
func (p *Project) withoutMain(m *interp.Module) error {
	own := ownFunctions(m)
	d := diag.Diagnostic{Pos: diag.Pos{File: m.File}, Message: "the file has no main"}
	var calls, names []string
	for _, f := range own {
		names = append(names, f.Name())
		if required(f) == 0 && !strings.HasPrefix(f.Name(), "_") {
			calls = append(calls, f.Name()+"()")
		}
	}
	switch {
	case len(own) == 0 && len(m.Globals) == 0 && len(strings.TrimSpace(string(p.Source(m.File)))) == 0:
		d.Message = "the file is empty: it needs a main that returns objects"
	case len(own) > 0:
		d.Message += ", only " + strings.Join(names, ", ")
		if near := slices.Index(names, diag.Nearest("main", names)); near >= 0 {
			d.Pos, d.Suggest = defPos(own[near]), "main"
			return d
		}
	}
	example := "deployment(\"my-application\", image = \"example.com/my-application:v1\")"
	if len(calls) > 0 {
		example = strings.Join(calls, ", ")
	}
	d.Help = []string{"write", "    def main(ctx):", "        return [" + example + "]"}
	return d
}

// ownFunctions returns the functions that a file itself defines, in its order.
func ownFunctions(m *interp.Module) []*starlark.Function {
	var list []*starlark.Function
	for _, v := range m.Globals {
		if f, ok := v.(*starlark.Function); ok && f.Position().Filename() == m.File && f.Name() != "lambda" {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *starlark.Function) int {
		return cmp.Or(cmp.Compare(a.Position().Line, b.Position().Line), cmp.Compare(a.Name(), b.Name()))
	})
	return slices.Compact(list)
}

// required counts the parameters that a call must give.
func required(f *starlark.Function) int {
	n := f.NumParams()
	if f.HasVarargs() {
		n--
	}
	if f.HasKwargs() {
		n--
	}
	count := 0
	for i := range n {
		if f.ParamDefault(i) == nil {
			count++
		}
	}
	return count
}

// defPos is the name of a function where it is defined.
func defPos(f *starlark.Function) diag.Pos {
	p := f.Position()
	return diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col) + len("def "), End: int(p.Col) + len("def ") + len(f.Name())}
}

// globalPos is where a global variable first gets its value.
func globalPos(src diag.Sources, file, name string) diag.Pos {
	at := diag.Pos{File: file}
	tree := parse(src, file)
	if tree == nil {
		return at
	}
	for _, s := range tree.Stmts {
		a, ok := s.(*syntax.AssignStmt)
		if !ok {
			continue
		}
		if id, ok := a.LHS.(*syntax.Ident); ok && id.Name == name {
			return spanOf(file, id)
		}
	}
	return at
}

func parse(src diag.Sources, file string) *syntax.File {
	text := src.Source(file)
	if text == nil {
		return nil
	}
	tree, err := (&syntax.FileOptions{Set: true, TopLevelControl: true}).Parse(file, text, 0)
	if err != nil {
		return nil
	}
	return tree
}

func spanOf(file string, n syntax.Node) diag.Pos {
	start, end := n.Span()
	p := diag.Pos{File: file, Line: int(start.Line), Col: int(start.Col)}
	if end.Line == start.Line {
		p.End = int(end.Col)
	}
	return p
}
