// Package format lays Starlark files out in one way, buildifier's: `starctl fmt` is this package and a loop over files.
// Comments stay, and so does what the file does: loads are moved to the top, merged and sorted; quotes, spaces, line
// breaks and trailing commas become uniform.
package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

// Source returns the text of a file as it should be laid out. The error is a [diag.List] with every mistake that keeps the
// text from being Starlark; file is the name that its positions have.
func Source(file string, text []byte) ([]byte, error) {
	opts := &syntax.FileOptions{Set: true, TopLevelControl: true}
	text = unixLines(text)
	tree, list := diag.Parse(opts, file, text)
	if len(list) > 0 {
		return nil, list
	}
	m := mask(tree, string(text))
	f, err := build.ParseDefault(file, []byte(m.text))
	if err != nil {
		return nil, beyond(file, err)
	}
	build.Walk(f, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok {
			doubleQuotes(s)
		}
	})
	out := []byte(m.restore(string(build.Format(f))))
	if _, err := opts.Parse(file, out, 0); err != nil {
		return nil, beyond(file, fmt.Errorf("the formatted text would not be Starlark: %w", err))
	}
	return out, nil
}

// beyond is the error of text that is Starlark, but more than the formatter knows: its grammar is Bazel's.
func beyond(file string, err error) diag.List {
	d := diag.Diagnostic{Pos: diag.Pos{File: file}, Message: err.Error()}
	if e, ok := errors.AsType[build.ParseError](err); ok {
		d.Pos.Line, d.Pos.Col = e.Pos.Line, e.Pos.LineRune
		d.Message = e.Message
	}
	d.Help = []string{"the file is valid; only the formatter, which is Bazel's, cannot read this"}
	return diag.List{d}
}

// doubleQuotes replaces single quotes around a string that holds no double ones. The formatter does so as well, but it
// writes what is not ASCII as octal escapes, which Starlark refuses.
func doubleQuotes(s *build.StringExpr) {
	quote := "'"
	if s.TripleQuote {
		quote = "'''"
	}
	inner, single := strings.CutPrefix(s.Token, quote)
	if !single || strings.Contains(inner, `"`) {
		return
	}
	inner = strings.TrimSuffix(inner, quote)
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) {
			i++
			if inner[i] != '\'' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(inner[i])
	}
	token := strings.ReplaceAll(quote, "'", `"`) + b.String() + strings.ReplaceAll(quote, "'", `"`)
	if value, _, err := build.Unquote(token); err == nil {
		s.Token, s.Value = token, value
	}
}

// unixLines ends lines as Starlark sees them end, also in strings.
func unixLines(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

// masked is text without what the formatter cannot read: names stand for literals of bytes, and conditions and lambdas
// that are items of a tuple without parentheses have parentheses of their own.
type masked struct {
	text     string
	name     string   // what the names begin with
	literals []string // what they stand for
}

// edit replaces the bytes of a text from one offset to another.
type edit struct {
	from, to int
	text     string
}

func mask(tree *syntax.File, text string) masked {
	m := masked{name: "bytes_"}
	for strings.Contains(text, m.name) {
		m.name += "_"
	}
	lines := lineStarts(text)
	at := func(p syntax.Position) int { return offset(text, lines, p) }
	var edits []edit
	syntax.Walk(tree, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Literal:
			if n.Token == syntax.BYTES {
				start := at(n.TokenPos)
				edits = append(edits, edit{start, start + len(n.Raw), m.placeholder(len(m.literals))})
				m.literals = append(m.literals, n.Raw)
			}
		case *syntax.TupleExpr:
			for _, x := range bare(n) {
				start, end := x.Span()
				edits = append(edits, edit{at(start), at(start), "("}, edit{at(end), at(end), ")"})
			}
		}
		return true
	})
	m.text = apply(text, edits)
	return m
}

// bare returns the items of a tuple without parentheses that the formatter wants in parentheses.
func bare(t *syntax.TupleExpr) []syntax.Expr {
	var list []syntax.Expr
	for _, x := range t.List {
		switch x.(type) {
		case *syntax.CondExpr, *syntax.LambdaExpr:
			if !t.Lparen.IsValid() {
				list = append(list, x)
			}
		}
	}
	return list
}

func apply(text string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, e := range edits {
		b.WriteString(text[done:e.from])
		b.WriteString(e.text)
		done = e.to
	}
	return b.String() + text[done:]
}

func (m masked) placeholder(i int) string { return fmt.Sprintf("%s%d_", m.name, i) }

func (m masked) restore(text string) string {
	for i, l := range m.literals {
		text = strings.Replace(text, m.placeholder(i), l, 1)
	}
	return text
}

func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// offset is where a position is in the text, in bytes.
func offset(text string, lines []int, p syntax.Position) int {
	at := lines[p.Line-1]
	col := int32(1)
	for i := range text[at:] {
		if col == p.Col {
			return at + i
		}
		col++
	}
	return len(text)
}
