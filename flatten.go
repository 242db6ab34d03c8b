package starctl

import (
	"fmt"
	"slices"
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/starlark/diag"
)

// flattener turns what main returned into objects: lists of any depth are flattened, None is skipped, an object that comes
// twice counts once.
type flattener struct {
	file    string
	src     diag.Sources
	main    *starlark.Function
	objects []*typed.Record
	first   map[*typed.Record]string // the path at which an object came first
	list    diag.List                // mistakes and warnings
}

func flatten(src diag.Sources, f *deployFile, v starlark.Value) ([]*typed.Record, diag.List) {
	fl := flattener{file: f.name, src: src, main: f.main, first: map[*typed.Record]string{}}
	fl.value(v, nil)
	if v == starlark.None {
		fl.nothing()
	}
	return fl.objects, fl.list
}

func (fl *flattener) value(v starlark.Value, path []int) {
	switch v := v.(type) {
	case starlark.NoneType:
	case *typed.Record:
		fl.record(v, path)
	case *starlark.List:
		fl.items(v, path)
	case starlark.Tuple:
		fl.items(v, path)
	case *typed.List:
		fl.items(v, path)
	default:
		fl.refuse(v, path)
	}
}

// deepestList is how deep what main returns may be nested. A list may hold itself.
const deepestList = 100

func (fl *flattener) items(list starlark.Indexable, path []int) {
	if len(path) > deepestList {
		fl.list = append(fl.list, diag.Diagnostic{Pos: fl.at(path), Message: fmt.Sprintf("main returned lists nested more than %d deep", deepestList)})
		return
	}
	for i := range list.Len() {
		fl.value(list.Index(i), append(slices.Clip(path), i))
	}
}

func (fl *flattener) record(r *typed.Record, path []int) {
	if r.ID().Kind == "" || r.Schema().Kind == "" && r.Get("kind") == nil {
		fl.refuse(r, path)
		return
	}
	if _, ok := fl.first[r]; ok {
		where := r.Where(nil)
		fl.list = append(fl.list, diag.Diagnostic{
			Severity: diag.Warning,
			Pos:      fl.at(path),
			Object:   r.ID().String(),
			Message:  "main returned it twice; it counts once",
			Check:    "returned-twice",
			Related:  []diag.Related{{Pos: where.Locate(fl.src), Text: "made here"}},
		})
		return
	}
	fl.first[r] = ""
	fl.objects = append(fl.objects, r)
}

// refuse explains why a value is no object, and what to write.
func (fl *flattener) refuse(v starlark.Value, path []int) {
	d := diag.Diagnostic{Pos: fl.at(path)}
	got := article(typed.TypeName(v))
	switch v := v.(type) {
	case *starlark.Function:
		if v.Name() == "lambda" {
			got = "a lambda"
			d.Help = []string{"return what it returns, by calling it"}
			break
		}
		got = "the function " + v.Name()
		d.Help = []string{"return what it returns: " + v.Name() + "()"}
	case *starlark.Builtin:
		got = "the function " + v.Name()
		d.Help = []string{"return what it returns: " + v.Name() + "(...)"}
	case typed.Constructor:
		got = "the constructor " + v.Name()
		d.Help = []string{"return what it makes: k8s." + v.Name() + "(...)"}
	case *starlark.Dict:
		d.Help = []string{"k8s.object({...}) makes an object of a dict that has apiVersion and kind"}
	case *typed.Record:
		got = article(v.Type())
		d.Help = []string{"it does not stand alone in a cluster: it is part of another object"}
	case starlark.String:
		got = "a string"
	}
	d.Message = fmt.Sprintf("main returned %s%s, want an object, a list of objects, or None", got, inPath(path))
	fl.list = append(fl.list, d)
}

func article(noun string) string {
	switch noun[0] {
	case 'A', 'E', 'I', 'O', 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}

func inPath(path []int) string {
	if len(path) == 0 {
		return ""
	}
	s := " at "
	for _, i := range path {
		s += "[" + strconv.Itoa(i) + "]"
	}
	return s
}

// nothing warns of a main without a return statement, which is more often forgotten than meant.
func (fl *flattener) nothing() {
	if len(fl.returns()) == 0 {
		fl.list = append(fl.list, diag.Diagnostic{
			Severity: diag.Warning,
			Pos:      defPos(fl.main),
			Message:  "main returns nothing: no object is declared",
			Check:    "no-objects",
			Help:     []string{"end it with: return [...]"},
		})
	}
}

// at finds the text of what main returned: the expression behind its only return, or an item of the list that stands
// there; else main itself.
func (fl *flattener) at(path []int) diag.Pos {
	stmts := fl.returns()
	if len(stmts) != 1 || stmts[0].Result == nil {
		return defPos(fl.main)
	}
	e := stmts[0].Result
	for _, i := range path {
		var list []syntax.Expr
		switch x := unparen(e).(type) {
		case *syntax.ListExpr:
			list = x.List
		case *syntax.TupleExpr:
			list = x.List
		}
		if i >= len(list) {
			break
		}
		e = list[i]
	}
	return spanOf(fl.file, e)
}

func unparen(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

// returns lists main's own return statements.
func (fl *flattener) returns() []*syntax.ReturnStmt {
	tree := parse(fl.src, fl.file)
	if tree == nil {
		return nil
	}
	var list []*syntax.ReturnStmt
	for _, s := range tree.Stmts {
		def, ok := s.(*syntax.DefStmt)
		if !ok || def.Name.Name != "main" {
			continue
		}
		for _, inner := range def.Body {
			syntax.Walk(inner, func(n syntax.Node) bool {
				if r, ok := n.(*syntax.ReturnStmt); ok {
					list = append(list, r)
				}
				_, nested := n.(*syntax.DefStmt)
				return !nested
			})
		}
	}
	return list
}
