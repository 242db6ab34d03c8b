package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// toplevel is go.starlark.net's name for the statements of a file.
const toplevel = "<toplevel>"

// From turns any error of loading or evaluating into Diagnostics. Errors of go.starlark.net get the text they are about,
// the calls and loads that led to it, and the nearest name that exists. An error that is a Diagnostic or a List already,
// or wraps one, stays as it is, placed where the Starlark code was that ran into it.
func From(err error, src Sources) List {
	c := converter{NewForest(src)}
	return c.from(err)
}

// About says which argument of a builtin an error is about: its keyword, or "[0]" for the first positional one, and the
// keys and indices that lead on from there. From underlines it.
func About(err error, names ...string) error {
	if err == nil {
		return nil
	}
	return aboutError{err, names}
}

type aboutError struct {
	err   error
	names []string
}

func (a aboutError) Error() string { return a.err.Error() }
func (a aboutError) Unwrap() error { return a.err }

type converter struct{ *Forest }

func (c converter) from(err error) List {
	switch e := err.(type) {
	case nil:
		return nil
	case List:
		return append(List(nil), e...)
	case Diagnostic:
		return List{e}
	case *Diagnostic:
		return List{*e}
	case syntax.Error:
		return c.syntax(e)
	case resolve.Error:
		return List{c.resolve(e)}
	case resolve.ErrorList:
		var list List
		for _, one := range e {
			list = append(list, c.resolve(one))
		}
		list.Sort()
		return list
	case *starlark.EvalError:
		return c.eval(e)
	case interface{ Unwrap() []error }:
		var list List
		for _, one := range e.Unwrap() {
			list = append(list, c.from(one)...)
		}
		return list
	}
	if inner := structured(errors.Unwrap(err)); inner != nil {
		return c.from(inner)
	}
	return List{{Message: err.Error()}}
}

// structured returns the first error in a chain that says more than its text.
func structured(err error) error {
	for ; err != nil; err = errors.Unwrap(err) {
		switch err.(type) {
		case List, Diagnostic, *Diagnostic, syntax.Error, resolve.Error, resolve.ErrorList, *starlark.EvalError:
			return err
		case interface{ Unwrap() []error }:
			return err
		}
	}
	return nil
}

func (c converter) syntax(e syntax.Error) List {
	file := e.Pos.Filename()
	if c.Sources != nil {
		if text := c.Source(file); text != nil {
			if _, list := Parse(dialect(), file, text); len(list) > 0 {
				return list
			}
		}
	}
	return List{fromSyntax(e, outline{})}
}

// Loaded adds to each Diagnostic that the file it is about was loaded at a place.
func (l List) Loaded(at Pos) {
	for i := range l {
		d := &l[i]
		if len(d.Calls) == 0 {
			d.Calls = []Frame{{toplevel, d.Pos}}
		}
		d.Calls = append(d.Calls[:len(d.Calls):len(d.Calls)], Frame{toplevel, at})
	}
}

// Frames are the calls of Starlark functions in a stack, innermost first, each at the start of the call it was running,
// where src has its text.
func Frames(stack starlark.CallStack, src Sources) []Frame {
	c := converter{NewForest(src)}
	frames, _ := running(stack)
	c.starts(frames)
	return frames
}

// running returns the calls of Starlark functions, innermost first, and the name of the builtin that was running, if one was.
func running(stack starlark.CallStack) (list []Frame, builtin string) {
	for i := range stack {
		f := stack.At(i)
		if f.Pos.Line == 0 {
			if len(list) == 0 {
				builtin = f.Name
			}
			continue
		}
		list = append(list, Frame{f.Name, position(f.Pos)})
	}
	return list, builtin
}

// starts moves the places of calls from their parentheses to their functions. The innermost is no call that led further.
func (c converter) starts(frames []Frame) {
	for i := range frames {
		if i > 0 {
			frames[i].Pos = c.callStart(frames[i].Pos)
		}
	}
}

// callStart turns the place of a call's parenthesis into that of its function.
func (c converter) callStart(p Pos) Pos {
	node, _ := c.node(p)
	if call, ok := node.(*syntax.CallExpr); ok {
		return underline(p.File, call)
	}
	return p
}

func (c converter) eval(e *starlark.EvalError) List {
	frames, builtin := running(e.CallStack)
	if len(frames) == 0 {
		return List{{Message: plain(e.Msg)}}
	}
	var arg aboutError
	errors.As(e.Unwrap(), &arg)
	if inner := structured(e.Unwrap()); inner != nil {
		list := c.from(inner)
		at := Place{frames, arg.names}.LocateValue(c.Forest)
		c.starts(frames)
		for i := range list {
			list[i].attach(at, frames)
		}
		return list
	}
	d := Diagnostic{Message: plain(e.Msg), Calls: frames}
	c.explain(&d, builtin)
	if arg.names != nil {
		d.Pos = Place{frames, arg.names}.LocateValue(c.Forest)
	}
	c.starts(d.Calls)
	d.Calls[0].Pos = d.Pos
	return List{d}
}

// attach adds the calls that led to a Diagnostic, and its place if it has none.
func (d *Diagnostic) attach(at Pos, frames []Frame) {
	switch {
	case !d.Pos.IsValid():
		d.Pos = at
		d.Calls = slices.Concat(d.Calls, frames)
		d.Calls[0].Pos = at
		return
	case len(d.Calls) == 0:
		d.Calls = []Frame{{toplevel, d.Pos}}
	}
	d.Calls = slices.Concat(d.Calls, frames)
}

// plain strips what go.starlark.net puts before the reason of a cancellation.
func plain(msg string) string {
	return strings.TrimPrefix(msg, "Starlark computation cancelled: ")
}

// explain finds the text that an evaluation error means, and says it in the user's words.
func (c converter) explain(d *Diagnostic, builtin string) {
	place := Place{Frames: d.Calls}
	takeHint(d)
	if builtin != "fail" {
		plainly(d)
	}
	switch msg := d.Message; {
	case strings.HasSuffix(msg, " referenced before assignment"):
		d.Pos = place.Locate(c.Forest)
		c.unassigned(d, strings.Fields(msg)[2])
		return
	case strings.Contains(msg, " has no ."):
		d.Pos = c.attribute(d.Calls[0].Pos)
		return
	case strings.HasPrefix(msg, "function ") && builtin == "" && c.arguments(d):
		return
	}
	if name := parameter(d.Message); name != "" {
		place.Names = []string{name}
	}
	d.Pos = place.Locate(c.Forest)
	if builtin != "" && builtin != "fail" && isIdent(builtin) && !names(d.Message, builtin) {
		d.Message = builtin + ": " + d.Message
	}
}

// names reports whether a message begins with the name of a builtin, perhaps with that of its module: k8s.object.
func names(msg, builtin string) bool {
	first, _, _ := strings.Cut(msg, ":")
	return strings.HasPrefix(msg, builtin) || strings.HasSuffix(first, "."+builtin)
}

// takeHint moves the suggestion of a message into Suggest.
func takeHint(d *Diagnostic) {
	msg, hint, ok := strings.Cut(d.Message, " (did you mean ")
	if ok && strings.HasSuffix(hint, "?)") {
		d.Message, d.Suggest = msg, strings.TrimPrefix(strings.TrimSuffix(hint, "?)"), ".")
	}
}

// parameter returns the parameter of a builtin that a message is about.
func parameter(msg string) string {
	for _, before := range []string{
		"unexpected keyword argument ", "for parameter ", "got multiple values for keyword argument ",
		"got multiple values for parameter ",
	} {
		if _, rest, ok := strings.Cut(msg, before); ok {
			name := strings.TrimLeft(rest, `"`)
			if i := strings.IndexFunc(name, func(r rune) bool { return !isWord(r) }); i >= 0 {
				name = name[:i]
			}
			return name
		}
	}
	return ""
}

func isIdent(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !isWord(r) && r != '.' }) < 0
}

// attribute is the name behind the dot of an attribute that does not exist.
func (c converter) attribute(p Pos) Pos {
	node, _ := c.node(p)
	if call, ok := node.(*syntax.CallExpr); ok {
		node = call.Fn
	}
	if dot, ok := node.(*syntax.DotExpr); ok {
		return span(p.File, dot.Name)
	}
	return p
}

// unassigned explains a variable that was read before it had a value. Newcomers write service = service("api").
func (c converter) unassigned(d *Diagnostic, name string) {
	file := d.Pos.File
	where := c.declaration(file, name, d.Pos)
	if !c.builtin(file, name) {
		d.Message = name + " is used before it has a value"
		if c.global(file, name) {
			d.Help = append(d.Help, "a function cannot change a global: its own "+name+" has no value yet; give it another name")
		}
		if where.IsValid() && where.Line != d.Pos.Line {
			d.Related = append(d.Related, Related{where, "it gets one here"})
		}
		return
	}
	d.Message = fmt.Sprintf("%s is your own variable here, and has no value yet: it hides the builtin %s", name, name)
	if where.IsValid() && where.Line != d.Pos.Line {
		d.Related = append(d.Related, Related{where, "it becomes a variable here"})
	}
	d.Help = append(d.Help, "give the variable another name, such as "+c.otherName(file, name, d.Pos))
}

// otherName makes a variable's name of what it is to hold: api_service for service("api").
func (c converter) otherName(file, name string, p Pos) string {
	tree := c.tree(file)
	if tree == nil {
		return "my_" + name
	}
	other := "my_" + name
	syntax.Walk(tree, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			fn, isIdent := call.Fn.(*syntax.Ident)
			lit, isLit := call.Args[0].(*syntax.Literal)
			if isIdent && isLit && lit.Token == syntax.STRING && int(fn.NamePos.Line) == p.Line && int(fn.NamePos.Col) == p.Col {
				if prefix := identifier(lit.Value.(string)); prefix != "" {
					other = prefix + "_" + name
				}
			}
		}
		return true
	})
	return other
}

// identifier makes part of a variable's name of an object's name.
func identifier(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '.':
			return '_'
		case r < 0x80 && isWord(r):
			return r
		}
		return -1
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return ""
	}
	return s
}

// arguments explains a call of a Starlark function with the wrong arguments. go.starlark.net reports it in the function,
// before its first statement; what is wrong is the call.
func (c converter) arguments(d *Diagnostic) bool {
	name, rest, _ := strings.Cut(strings.TrimPrefix(d.Message, "function "), " ")
	if len(d.Calls) < 2 || d.Calls[0].Func != name {
		return false
	}
	switch {
	case strings.HasPrefix(rest, "accepts "), strings.HasPrefix(rest, "got "), strings.HasPrefix(rest, "missing "):
	default:
		return false
	}
	def := c.definition(d.Calls[0])
	callee := d.Calls[0]
	d.Calls = d.Calls[1:]
	place := Place{Frames: d.Calls}
	if keyword, ok := strings.CutPrefix(rest, "got an unexpected keyword argument "); ok {
		keyword = strings.Trim(keyword, `"`)
		d.Message = fmt.Sprintf("%s has no parameter %s", name, keyword)
		d.Suggest = Nearest(keyword, parameters(def))
		place.Names = []string{keyword}
	} else if keyword, ok := strings.CutPrefix(rest, "got multiple values for parameter "); ok {
		keyword = strings.Trim(keyword, `"`)
		place.Names = []string{keyword}
		d.Message = fmt.Sprintf("%s: parameter %s is given twice", name, keyword)
	} else {
		d.Message = name + " " + rest
	}
	d.Pos = place.Locate(c.Forest)
	if def != nil {
		d.Related = append(d.Related, Related{span(callee.Pos.File, def.Name), name + " is defined here"})
	}
	return true
}

// definition is the def of the function that a frame is in.
func (c converter) definition(f Frame) *syntax.DefStmt {
	tree := c.tree(f.Pos.File)
	if tree == nil {
		return nil
	}
	var def *syntax.DefStmt
	syntax.Walk(tree, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.DefStmt); ok && d.Name.Name == f.Func && around(d, f.Pos) {
			def = d
		}
		return true
	})
	return def
}

func parameters(def *syntax.DefStmt) []string {
	if def == nil {
		return nil
	}
	var list []string
	for _, p := range def.Params {
		switch p := p.(type) {
		case *syntax.Ident:
			list = append(list, p.Name)
		case *syntax.BinaryExpr:
			list = append(list, p.X.(*syntax.Ident).Name)
		}
	}
	return list
}

func around(n syntax.Node, p Pos) bool {
	start, end := n.Span()
	return int(start.Line) <= p.Line && p.Line <= int(end.Line)
}
