package diag

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// resolve is an error in the use of names, with the names that could have been meant.
func (c converter) resolve(e resolve.Error) Diagnostic {
	d := Diagnostic{Pos: position(e.Pos), Message: e.Msg}
	if node, _ := c.node(d.Pos); node != nil {
		d.Pos = underline(d.Pos.File, node)
	}
	takeHint(&d)
	if name, ok := strings.CutPrefix(d.Message, "undefined: "); ok {
		d.Message = "nothing is called " + name
		visible := c.visible(d.Pos)
		d.Suggest = cmp.Or(initials(name, visible), Nearest(name, visible))
		if d.Help = spelledAsIn(name); d.Help == nil {
			d.Help = c.commentAdvice(d.Pos)
		}
		return d
	}
	if msg, at, ok := strings.Cut(d.Message, " declared at "); ok {
		d.Message = msg + ": a name at the top of a file gets its value once"
		if where, ok := parsePos(at); ok {
			d.Related = append(d.Related, Related{where, "first declared here"})
		}
	}
	switch {
	case strings.Contains(d.Message, "support while loops"):
		d.Message = "there is no while in this language"
		d.Help = []string{"use for over range(n), and break"}
	case strings.HasPrefix(d.Message, "load statement within"):
		d.Help = []string{"load at the top of the file"}
	}
	return d
}

// spelledAsIn helps who writes another language's words.
func spelledAsIn(name string) []string {
	switch name {
	case "true", "false", "null", "nil", "none":
		word := map[string]string{"true": "True", "false": "False"}[name]
		if word == "" {
			word = "None"
		}
		return []string{"write " + word}
	case "os", "environ", "getenv", "env", "sys":
		return []string{"evaluation sees no environment: declare an input, def main(ctx, *, name), and give it with --set name=VALUE"}
	case "open", "file", "include":
		return []string{`read_file("./name") is the text of a file of the project`}
	}
	return nil
}

// initials returns the name of several words that a name of so many letters abbreviates, if there is but one.
func initials(name string, names []string) string {
	found := ""
	for _, long := range names {
		words := strings.Split(long, "_")
		if len(words) < 2 || len(words) != len(name) {
			continue
		}
		short := ""
		for _, w := range words {
			short += w[:min(1, len(w))]
		}
		if short != name {
			continue
		}
		if found != "" {
			return ""
		}
		found = long
	}
	return found
}

// parsePos reads file:line:col.
func parsePos(s string) (Pos, bool) {
	s, col, ok1 := cutNumber(s)
	s, line, ok2 := cutNumber(s)
	return Pos{File: s, Line: line, Col: col}, ok1 && ok2
}

func cutNumber(s string) (string, int, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil
}

// visible are the names that mean something at a place.
func (c converter) visible(p Pos) []string {
	list := slices.Concat(c.names(p.File), starlark.Universe.Keys())
	if tree := c.tree(p.File); tree != nil {
		bound(tree, p, func(id *syntax.Ident) { list = append(list, id.Name) })
	}
	return list
}

// declaration is where a name that is seen from p first gets its value, the innermost one.
func (c converter) declaration(file, name string, p Pos) Pos {
	var found Pos
	if tree := c.tree(file); tree != nil {
		bound(tree, p, func(id *syntax.Ident) {
			if id.Name == name && !found.IsValid() {
				found = span(file, id)
			}
		})
	}
	return found
}

// bound calls f for each name that is bound in the functions around p, innermost first, and then at the top.
func bound(tree *syntax.File, p Pos, f func(*syntax.Ident)) {
	var scopes [][]*syntax.Ident
	var visit func(root syntax.Node, scope *[]*syntax.Ident)
	visit = func(root syntax.Node, scope *[]*syntax.Ident) {
		syntax.Walk(root, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.DefStmt:
				*scope = append(*scope, n.Name)
				if around(n, p) {
					inner := params(n.Params)
					for _, s := range n.Body {
						visit(s, &inner)
					}
					scopes = append(scopes, inner)
				}
				return false
			case *syntax.LambdaExpr:
				if around(n, p) {
					*scope = append(*scope, params(n.Params)...)
				}
			case *syntax.AssignStmt:
				*scope = append(*scope, idents(n.LHS)...)
			case *syntax.ForStmt:
				*scope = append(*scope, idents(n.Vars)...)
			case *syntax.ForClause:
				if around(n, p) {
					*scope = append(*scope, idents(n.Vars)...)
				}
			case *syntax.LoadStmt:
				*scope = append(*scope, n.To...)
				return false
			}
			return true
		})
	}
	var top []*syntax.Ident
	for _, s := range tree.Stmts {
		visit(s, &top)
	}
	for _, scope := range append(scopes, top) {
		for _, id := range scope {
			f(id)
		}
	}
}

func params(list []syntax.Expr) []*syntax.Ident {
	var ids []*syntax.Ident
	for _, p := range list {
		switch p := p.(type) {
		case *syntax.Ident:
			ids = append(ids, p)
		case *syntax.BinaryExpr:
			ids = append(ids, p.X.(*syntax.Ident))
		case *syntax.UnaryExpr:
			if id, ok := p.X.(*syntax.Ident); ok {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// idents are the variables that an assignment's left side sets.
func idents(e syntax.Expr) []*syntax.Ident {
	switch e := e.(type) {
	case *syntax.Ident:
		return []*syntax.Ident{e}
	case *syntax.ParenExpr:
		return idents(e.X)
	case *syntax.TupleExpr:
		return flatten(e.List)
	case *syntax.ListExpr:
		return flatten(e.List)
	}
	return nil
}

func flatten(list []syntax.Expr) []*syntax.Ident {
	var ids []*syntax.Ident
	for _, x := range list {
		ids = append(ids, idents(x)...)
	}
	return ids
}
