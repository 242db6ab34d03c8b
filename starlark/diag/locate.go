package diag

import (
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/syntax"

	"github.com/starctl/starctl/internal/nearest"
)

// Locate returns the text that a Place means: the last of its names that stands in the source, which is a keyword, the
// key of a dict, or the item of a list; where none does, the function that was called or the attribute that was set. Where
// the source has a dict in place of a list, an item is the entry with its key.
//
// A name may be spelled as in the API or in snake_case. A call's positional arguments are "[0]", "[1]"...; the first one
// is also found as "name". Names before that of a keyword are passed over: the keywords of a short form are fields of what
// lies deeper in the object it makes. What is passed in a variable or through **kwargs ends the search there.
func (p Place) Locate(src Sources) Pos { return p.find(src).name }

// LocateValue is like Locate but returns the value that belongs to the name.
func (p Place) LocateValue(src Sources) Pos {
	t := p.find(src)
	if t.value.IsValid() {
		return t.value
	}
	return t.name
}

// target is what was found: what names a value, and the value.
type target struct{ name, value Pos }

func (p Place) find(src Sources) target {
	if len(p.Frames) == 0 {
		return target{}
	}
	pos := p.Frames[0].Pos
	node, parent := NewForest(src).node(pos)
	if node == nil {
		return target{name: pos}
	}
	t := target{name: underline(pos.File, node)}
	expr, names := enter(pos.File, node, parent, p.Names, &t)
	for i, name := range names {
		inner := step(pos.File, expr, name, &t)
		if inner == nil && i > 0 && keyField(name) && entered(expr, names[i-1], t) {
			t.value = t.name
		}
		if expr = inner; expr == nil {
			break
		}
	}
	return t
}

// keyField reports whether a field of an item is what a short form writes as the key, where it takes a dict for a list.
func keyField(name string) bool { return name == "name" || name == "host" || name == "path" }

// entered reports whether a value belongs to the entry of a dict that stands for an item of a list.
func entered(value syntax.Expr, item string, t target) bool {
	_, isItem := index(item)
	return isItem && value != nil && t.name != t.value
}

// enter goes from the node that was running to the value that the first name means.
func enter(file string, node, parent syntax.Node, names []string, t *target) (syntax.Expr, []string) {
	switch n := node.(type) {
	case *syntax.CallExpr:
		return argument(file, n, names, t)
	case *syntax.DotExpr:
		if a, ok := parent.(*syntax.AssignStmt); ok && a.LHS == node {
			*t = target{span(file, n.Name), span(file, a.RHS)}
			if len(names) > 0 && same(names[0], n.Name.Name) {
				names = names[1:]
			}
			return a.RHS, names
		}
	case *syntax.IndexExpr:
		if a, ok := parent.(*syntax.AssignStmt); ok && a.LHS == node {
			*t = target{span(file, n.Y), span(file, a.RHS)}
			if len(names) > 0 {
				names = names[1:]
			}
			return a.RHS, names
		}
	case *syntax.AssignStmt:
		t.value = span(file, n.RHS)
		return n.RHS, names
	}
	return nil, nil
}

// argument finds the argument of a call that the first name means.
func argument(file string, call *syntax.CallExpr, names []string, t *target) (syntax.Expr, []string) {
	if len(names) == 0 {
		return nil, nil
	}
	if arg := keyword(call, names[0]); arg != nil {
		*t = target{span(file, arg.X), span(file, arg.Y)}
		return arg.Y, names[1:]
	}
	i, isIndex := index(names[0])
	if !isIndex && names[0] != "name" {
		if arg, rest := deeper(call, names); arg != nil {
			*t = target{span(file, arg.X), span(file, arg.Y)}
			return arg.Y, rest
		}
	}
	if ownName(names) {
		if arg := keyword(call, "container_name"); arg != nil && len(names) > 2 {
			*t = target{span(file, arg.X), span(file, arg.Y)}
			return arg.Y, nil
		}
		i, isIndex, names = 0, true, names[len(names)-1:]
	}
	var list []syntax.Expr // the positional ones
	for _, arg := range call.Args {
		switch a := arg.(type) {
		case *syntax.UnaryExpr:
			if a.Op == syntax.STARSTAR && !isIndex {
				*t = target{span(file, a), span(file, a)}
				return a.X, names
			}
			if a.Op == syntax.STAR && isIndex && i >= len(list) {
				*t = target{span(file, a), span(file, a)}
				return nil, nil
			}
		case *syntax.BinaryExpr:
			if a.Op == syntax.EQ {
				continue
			}
		}
		list = append(list, arg)
	}
	if !isIndex || len(list) == 0 {
		return nil, nil
	}
	rest := names[1:]
	if i >= len(list) { // the index is that of a list that the call appends to
		i = len(list) - 1
	}
	*t = target{span(file, list[i]), span(file, list[i])}
	return list[i], rest
}

// ownName reports whether names lead to what the first argument of a short form gives a name to: the object, its container,
// or the object that secret_key and config_key read.
func ownName(names []string) bool {
	n := len(names) - 1
	if names[n] != "name" {
		return false
	}
	i, isItem := 0, false
	if n > 1 && names[n-2] == "containers" {
		i, isItem = index(names[n-1])
	}
	return n == 0 || n == 1 && (names[0] == "metadata" || strings.HasSuffix(names[0], "KeyRef")) || isItem && i == 0
}

// deeper finds the keyword of a short form that one of the names behind the first means. The first container of such a form is
// described by the form's own keywords, containers holds those behind it. The API's limits: {cpu} may be cpu_limit.
func deeper(call *syntax.CallExpr, names []string) (*syntax.BinaryExpr, []string) {
	for n, name := range names[1:] {
		arg, rest := keyword(call, name+"_"+strings.TrimSuffix(names[n], "s")), names[n+2:]
		if arg == nil {
			arg = keyword(call, name)
		}
		if arg == nil {
			continue
		}
		if name != "containers" || len(rest) == 0 {
			return arg, rest
		}
		switch i, ok := index(rest[0]); {
		case !ok:
			return arg, rest
		case i > 0:
			return arg, append([]string{"[" + strconv.Itoa(i-1) + "]"}, rest[1:]...)
		}
	}
	return nil, nil
}

func keyword(call *syntax.CallExpr, name string) *syntax.BinaryExpr {
	var near *syntax.BinaryExpr
	for _, arg := range call.Args {
		if b, ok := arg.(*syntax.BinaryExpr); ok && b.Op == syntax.EQ {
			switch k := b.X.(*syntax.Ident).Name; {
			case k == name:
				return b
			case near == nil && same(k, name):
				near = b
			}
		}
	}
	return near
}

// step goes from a value to the one that name means in it, or returns nil.
func step(file string, e syntax.Expr, name string, t *target) syntax.Expr {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return step(file, e.X, name, t)
	case *syntax.DictExpr:
		entry := dictEntry(e, name)
		if i, isItem := index(name); entry == nil && isItem {
			entry = itemEntry(e, i, name[strings.IndexByte(name, ']')+1:])
		}
		if entry != nil {
			*t = target{span(file, entry.Key), span(file, entry.Value)}
			return entry.Value
		}
	case *syntax.ListExpr:
		return item(file, e.List, name, t)
	case *syntax.TupleExpr:
		return item(file, e.List, name, t)
	case *syntax.CallExpr: // dict(a = 1), resources(...)
		if arg := keyword(e, name); arg != nil {
			*t = target{span(file, arg.X), span(file, arg.Y)}
			return arg.Y
		}
	case *syntax.CondExpr:
		if x := step(file, e.True, name, t); x != nil {
			return x
		}
		return step(file, e.False, name, t)
	case *syntax.BinaryExpr:
		return operand(file, e, name, t)
	case *syntax.Comprehension:
		if entry, ok := e.Body.(*syntax.DictEntry); ok {
			*t = target{span(file, entry.Key), span(file, entry.Value)}
			return entry.Value
		}
		*t = target{span(file, e.Body), span(file, e.Body)}
		return e.Body
	}
	return nil
}

// operand goes on in a + b of lists, and in a | b of dicts.
func operand(file string, e *syntax.BinaryExpr, name string, t *target) syntax.Expr {
	switch e.Op {
	case syntax.PIPE:
		if x := step(file, e.Y, name, t); x != nil {
			return x
		}
		return step(file, e.X, name, t)
	case syntax.PLUS:
		left, ok := e.X.(*syntax.ListExpr)
		i, isIndex := index(name)
		if !ok || !isIndex {
			return nil
		}
		if i >= len(left.List) {
			return step(file, e.Y, "["+strconv.Itoa(i-len(left.List))+"]", t)
		}
		return step(file, left, name, t)
	}
	return nil
}

func dictEntry(d *syntax.DictExpr, name string) *syntax.DictEntry {
	var near *syntax.DictEntry
	for _, x := range d.List {
		entry := x.(*syntax.DictEntry)
		lit, ok := entry.Key.(*syntax.Literal)
		if !ok {
			continue
		}
		key, _ := lit.Value.(string)
		if lit.Token != syntax.STRING {
			key = lit.Raw
		}
		if key == name {
			return entry
		}
		if near == nil && same(key, name) {
			near = entry
		}
	}
	return near
}

// itemEntry returns the entry that became an item of a list: the one with its key or, as some entries are left out, the one
// at its place if that is sure.
func itemEntry(d *syntax.DictExpr, i int, key string) *syntax.DictEntry {
	if entry := dictEntry(d, key); entry != nil && key != "" {
		return entry
	}
	if i >= len(d.List) {
		return nil
	}
	for _, x := range d.List {
		switch x.(*syntax.DictEntry).Value.(type) {
		case *syntax.Literal, *syntax.CallExpr, *syntax.UnaryExpr, *syntax.DictExpr:
		default: // it may be None
			return nil
		}
	}
	return d.List[i].(*syntax.DictEntry)
}

func item(file string, list []syntax.Expr, name string, t *target) syntax.Expr {
	i, ok := index(name)
	if !ok || i >= len(list) {
		return nil
	}
	*t = target{span(file, list[i]), span(file, list[i])}
	return list[i]
}

// index reads "[2]" and "[2]key".
func index(name string) (int, bool) {
	end := strings.IndexByte(name, ']')
	if !strings.HasPrefix(name, "[") || end < 0 {
		return 0, false
	}
	i, err := strconv.Atoi(name[1:end])
	return i, err == nil && i >= 0
}

// same reports whether two spellings mean one name: imagePullPolicy and image_pull_policy.
func same(a, b string) bool { return nearest.Same(a, b) }

// Augments reports whether the operator at pos is that of an augmented assignment, as in x += y. Values that have an
// operator of their own cannot tell.
func (f *Forest) Augments(pos Pos) bool {
	node, _ := f.node(pos)
	a, ok := node.(*syntax.AssignStmt)
	return ok && a.Op != syntax.EQ
}

func place(n syntax.Node) syntax.Position {
	switch n := n.(type) {
	case *syntax.CallExpr:
		return n.Lparen
	case *syntax.DotExpr:
		return n.Dot
	case *syntax.IndexExpr:
		return n.Lbrack
	case *syntax.SliceExpr:
		return n.Lbrack
	case *syntax.BinaryExpr:
		return n.OpPos
	case *syntax.UnaryExpr:
		return n.OpPos
	case *syntax.DictEntry:
		return n.Colon
	case *syntax.AssignStmt:
		return n.OpPos
	case *syntax.ForStmt:
		return n.For
	case *syntax.ForClause:
		return n.For
	case *syntax.LoadStmt:
		return n.Load
	case *syntax.DefStmt:
		return n.Def
	case *syntax.LambdaExpr:
		return n.Lambda
	case *syntax.Ident:
		return n.NamePos
	case *syntax.Literal:
		return n.TokenPos
	}
	return syntax.Position{}
}

// underline is the part of a node that shows best what is meant.
func underline(file string, n syntax.Node) Pos {
	switch n := n.(type) {
	case *syntax.CallExpr:
		if p := span(file, n.Fn); p.End > 0 {
			return p
		}
		if dot, ok := n.Fn.(*syntax.DotExpr); ok {
			return span(file, dot.Name)
		}
	case *syntax.DotExpr:
		return span(file, n.Name)
	case *syntax.IndexExpr:
		return span(file, n.Y)
	case *syntax.SliceExpr:
		return span(file, n.X)
	case *syntax.BinaryExpr:
		return mark(file, n.OpPos, len(n.Op.String()))
	case *syntax.UnaryExpr:
		return mark(file, n.OpPos, len(n.Op.String()))
	case *syntax.DictEntry:
		return span(file, n.Key)
	case *syntax.AssignStmt:
		return span(file, n.LHS)
	case *syntax.ForStmt:
		return span(file, n.X)
	case *syntax.ForClause:
		return span(file, n.X)
	case *syntax.LoadStmt:
		return span(file, n.Module)
	case *syntax.DefStmt:
		return span(file, n.Name)
	}
	return span(file, n)
}

func mark(file string, p syntax.Position, width int) Pos {
	return Pos{File: file, Line: int(p.Line), Col: int(p.Col), End: int(p.Col) + width}
}

// span is the whole of a node; it has an End if it is on one line.
func span(file string, n syntax.Node) Pos {
	start, end := n.Span()
	p := Pos{File: file, Line: int(start.Line), Col: int(start.Col)}
	if end.Line == start.Line {
		p.End = int(end.Col)
		switch n.(type) {
		case *syntax.IndexExpr, *syntax.SliceExpr: // their ends are where the bracket begins
			p.End++
		}
	}
	return p
}

// Calls are the Place's frames as a Diagnostic shows them: the innermost where Locate finds it, each other one at the start
// of the call that it was running.
func (p Place) Calls(src Sources) []Frame {
	if len(p.Frames) == 0 {
		return nil
	}
	c := converter{NewForest(src)}
	calls := slices.Clone(p.Frames)
	c.starts(calls)
	calls[0].Pos = p.Locate(c.Forest)
	return calls
}
