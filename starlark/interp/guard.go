package interp

import (
	"fmt"
	"maps"
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Some operations allocate, or run, beyond all limits inside a single step, and go.starlark.net has no hook there:
// "a" * (1 << 40), s.join(list), "%s" % value, list(range(1 << 40)). These are checked before they happen:
//
//   - Starlark's own functions (list, sorted, str, range...) by functions of the same names (universe.go).
//   - The operators +, * and %, and the methods of strings and lists that build larger ones, by rewriting the syntax tree.
//
// A call of a checking function in place of an operator would cost four times the operator, and put a frame of its own on
// the stack. So the tree is rewritten with an operator that costs no frame and means nothing in Starlark: value ^ guard,
// where guard is a value of ours that no file can name. Its Binary method gets the left operand and returns it in a wrapper
// that checks what is done to it next: for x * y the tree becomes (x ^ guard) * y, and for x.join(y) it becomes
// (x ^ guard).join(y). What needs no check is returned as it is, and what is obviously harmless is not rewritten at all:
// i % 20. A literal becomes a value that checks by itself: the 2 of 2 * cpu, and the format of "%dm" % cpu, which was taken
// apart when the file was read, and is then faster than without a guard.
//
// Positions and messages are those of the tree as it was written.
//
// The same way leads to Equal of the Interpreter, from x == y and x != y: both sides are wrapped unless they are scalars.
type guards struct {
	limits  Limits
	equal   func(x, y starlark.Value) (bool, error) // nil if Starlark's own will do
	methods map[string]*starlark.Builtin            // of strings and lists
}

// hidden begins the names of guards, which no file can write.
const hidden = 0

const (
	factorGuard = "\x00factor" // x in x * y, y in x *= y
	formatGuard = "\x00format" // x in x % y
	sumGuard    = "\x00sum"    // x in x + y, y in x += y
	methodGuard = "\x00method" // x in x.join(y)
	equalGuard  = "\x00equal"  // x and y in x == y
)

func newGuards(l *Limits) guards {
	g := guards{limits: *l}
	g.methods = map[string]*starlark.Builtin{
		"join":       starlark.NewBuiltin("join", g.join),
		"replace":    starlark.NewBuiltin("replace", g.replace),
		"format":     starlark.NewBuiltin("format", g.format),
		"split":      starlark.NewBuiltin("split", g.split),
		"rsplit":     starlark.NewBuiltin("rsplit", g.split),
		"splitlines": starlark.NewBuiltin("splitlines", g.split),
		"extend":     starlark.NewBuiltin("extend", g.extend),
	}
	return g
}

// environment returns what every file can use: the guards, and Starlark's functions behind guards, and what is predeclared.
func (g *guards) environment(predeclared starlark.StringDict) starlark.StringDict {
	env := g.universe()
	maps.Copy(env, predeclared)
	for _, name := range []string{"print", "fail", "warn"} {
		if b, ok := env[name].(*starlark.Builtin); ok {
			env[name] = g.printing(b)
		}
	}
	env[sumGuard] = &guard{name: "+", wrap: g.summand}
	env[factorGuard] = &guard{name: "*", wrap: g.factor}
	env[formatGuard] = &guard{name: "%", wrap: g.formatOperand}
	for n := int64(smallest); n <= largest; n++ {
		env[factorName(n)] = &operand{starlark.MakeInt64(n), g.checkProduct}
	}
	env[equalGuard] = &guard{name: "==", wrap: g.comparand}
	env[methodGuard] = &guard{name: ".", wrap: g.receiver}
	return env
}

// rewrite puts guards into a tree. It returns what it met on the way.
func (g *guards) rewrite(tree *syntax.File) *rewriter {
	r := &rewriter{guards: g}
	syntax.Walk(tree, r.node)
	return r
}

type rewriter struct {
	*guards
	formats starlark.StringDict // the literal ones, by their names in the tree
	texts   map[string]string   // these names by what the literals say
	imports []syntax.Node       // load statements, and calls of something called package
}

// node rewrites one node in place; Walk then goes on to its new children, which need nothing more.
func (r *rewriter) node(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.BinaryExpr:
		switch n.Op {
		case syntax.PLUS:
			if !isLiteral(n.X) && !isLiteral(n.Y) {
				n.X = guarded(n.X, n.OpPos, sumGuard)
			}
		case syntax.STAR:
			n.X, n.Y = factors(n.X, n.OpPos, n.Y)
		case syntax.PERCENT:
			n.X = r.formatted(n.X, n.OpPos, n.Y)
		case syntax.EQL, syntax.NEQ:
			if r.equal != nil && !scalar(n.X) && !scalar(n.Y) {
				n.X, n.Y = guarded(n.X, n.OpPos, equalGuard), guarded(n.Y, n.OpPos, equalGuard)
			}
		}
	case *syntax.AssignStmt:
		switch {
		case n.Op == syntax.PLUS_EQ && !isLiteral(n.RHS):
			n.RHS = guarded(n.RHS, n.OpPos, sumGuard)
		case n.Op == syntax.STAR_EQ:
			n.RHS, _ = factors(n.RHS, n.OpPos, nil)
		case n.Op == syntax.PERCENT_EQ && !isNumber(n.RHS):
			if x := simpleCopy(n.LHS); x != nil { // x %= y is x = x % y
				n.RHS = &syntax.BinaryExpr{X: guarded(x, n.OpPos, formatGuard), OpPos: n.OpPos, Op: syntax.PERCENT, Y: n.RHS}
				n.Op = syntax.EQ
			}
		}
	case *syntax.LoadStmt:
		r.imports = append(r.imports, n)
	case *syntax.CallExpr:
		if id, ok := n.Fn.(*syntax.Ident); ok && id.Name == "package" {
			r.imports = append(r.imports, n)
		}
	case *syntax.DotExpr:
		if r.methods[n.Name.Name] != nil {
			n.X = guarded(n.X, n.Dot, methodGuard)
		}
	}
	return true
}

// guarded is x ^ guard, at the place of the operation that is checked.
func guarded(x syntax.Expr, at syntax.Position, guard string) syntax.Expr {
	return &syntax.BinaryExpr{X: x, OpPos: at, Op: syntax.CIRCUMFLEX, Y: &syntax.Ident{NamePos: at, Name: guard}}
}

// Literal factors between these have guards of their own. With smaller ones nothing grows.
const smallest, largest = 2, 64

func factorName(n int64) string { return fmt.Sprintf("\x00*%d", n) }

// factors puts a guard on one of two factors, unless one is a literal that makes nothing larger. y may be nil.
func factors(x syntax.Expr, at syntax.Position, y syntax.Expr) (syntax.Expr, syntax.Expr) {
	for _, e := range []*syntax.Expr{&x, &y} {
		if *e == nil {
			continue
		}
		n, ok := literalFactor(*e)
		if ok && n >= smallest && n <= largest {
			start, _ := (*e).Span()
			*e = &syntax.Ident{NamePos: start, Name: factorName(n)}
			return x, y
		}
		if ok && n < smallest {
			return x, y
		}
	}
	return guarded(x, at, factorGuard), y
}

// literalFactor reads a number. Those that are not whole count as 1: nothing can be repeated that often.
func literalFactor(e syntax.Expr) (int64, bool) {
	lit, ok := e.(*syntax.Literal)
	if !ok {
		return 0, false
	}
	n, isInt := lit.Value.(int64)
	if lit.Token == syntax.FLOAT {
		return 1, true
	}
	return n, isInt
}

// formatted puts a guard on the left operand of %.
func (r *rewriter) formatted(x syntax.Expr, at syntax.Position, y syntax.Expr) syntax.Expr {
	lit, isLit := x.(*syntax.Literal)
	switch {
	case isNumber(y), isLit && lit.Token != syntax.STRING:
		return x
	case isLit:
		return r.literalFormat(lit)
	}
	return guarded(x, at, formatGuard)
}

// simpleCopy copies an expression that can be evaluated twice: names, attributes, and literal keys. Others have no copy.
func simpleCopy(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: e.NamePos, Name: e.Name}
	case *syntax.Literal:
		return e
	case *syntax.DotExpr:
		if x := simpleCopy(e.X); x != nil {
			return &syntax.DotExpr{X: x, Dot: e.Dot, NamePos: e.NamePos, Name: e.Name}
		}
	case *syntax.IndexExpr:
		if x, y := simpleCopy(e.X), simpleCopy(e.Y); x != nil && y != nil {
			return &syntax.IndexExpr{X: x, Lbrack: e.Lbrack, Y: y, Rbrack: e.Rbrack}
		}
	}
	return nil
}

// scalar reports whether an expression is obviously neither a list nor a dict nor holds any.
func scalar(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.Literal:
		return true
	case *syntax.Ident:
		return e.Name == "None" || e.Name == "True" || e.Name == "False"
	case *syntax.UnaryExpr:
		return e.Op == syntax.NOT || e.X != nil && scalar(e.X)
	}
	return false
}

// isLiteral reports whether an expression is as long as its text.
func isLiteral(e syntax.Expr) bool {
	switch e.(type) {
	case *syntax.Literal, *syntax.ListExpr, *syntax.TupleExpr:
		return true
	}
	return false
}

func isNumber(e syntax.Expr) bool {
	lit, ok := e.(*syntax.Literal)
	return ok && (lit.Token == syntax.INT || lit.Token == syntax.FLOAT)
}

// literalFormat replaces a literal by the name of a format.
func (r *rewriter) literalFormat(lit *syntax.Literal) syntax.Expr {
	text := lit.Value.(string)
	name, ok := r.texts[text]
	if !ok {
		if r.texts == nil {
			r.texts, r.formats = map[string]string{}, starlark.StringDict{}
		}
		name = "\x00" + strconv.Itoa(len(r.texts))
		r.texts[text] = name
		r.formats[name] = newFormat(r.guards, text)
	}
	return &syntax.Ident{NamePos: lit.TokenPos, Name: name}
}

// guard is the right operand of the operator that rewriting puts into the tree.
type guard struct {
	name string
	wrap func(starlark.Value) (starlark.Value, error)
}

var _ starlark.HasBinary = (*guard)(nil)

func (g *guard) String() string        { return "guard " + g.name }
func (g *guard) Type() string          { return "guard" }
func (g *guard) Freeze()               {}
func (g *guard) Truth() starlark.Bool  { return true }
func (g *guard) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: guard") }

// Binary is called for x ^ g.
func (g *guard) Binary(_ syntax.Token, x starlark.Value, _ starlark.Side) (starlark.Value, error) {
	return g.wrap(x)
}
