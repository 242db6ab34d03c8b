package diag

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"go.starlark.net/syntax"
)

// Parse returns the syntax tree of a file, or every independent mistake in its text: a byte that is not UTF-8, a tab in
// the indentation, a bracket that is never closed, and one syntax error in each statement that stands at the left margin.
func Parse(opts *syntax.FileOptions, file string, text []byte) (*syntax.File, List) {
	if d, ok := encoding(file, text); !ok {
		return nil, List{d}
	}
	tree, err := opts.Parse(file, text, 0)
	if err == nil && bytes.IndexByte(text, '\t') < 0 {
		return tree, nil
	}
	s := scan(text)
	list := tabs(file, s)
	if err != nil {
		list = append(list, syntaxErrors(opts, file, text, s, err)...)
	}
	if len(list) > 0 {
		list.Sort()
		return nil, list
	}
	return tree, nil
}

// encoding finds the first byte that is no text.
func encoding(file string, text []byte) (Diagnostic, bool) {
	i := bytes.IndexByte(text, 0)
	if i < 0 && utf8.Valid(text) {
		return Diagnostic{}, true
	}
	msg := "NUL byte: this is not a text file"
	if bad := invalid(text); i < 0 || bad >= 0 && bad < i {
		i = bad
		msg = "byte 0x" + hexByte(text[i]) + " is not UTF-8"
	}
	before := text[:i]
	start := bytes.LastIndexByte(before, '\n') + 1
	col := utf8.RuneCount(before[start:]) + 1
	return Diagnostic{
		Pos:     Pos{File: file, Line: bytes.Count(before, []byte("\n")) + 1, Col: col, End: col + 1},
		Message: msg,
		Help:    []string{"save the file as UTF-8"},
	}, false
}

func hexByte(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// outline is what can be seen of a text without parsing it: line by line, whether brackets or a string are open where the
// line begins, and the brackets that are open at the end.
type outline struct {
	lines []outlineLine
	open  []bracket
}

type outlineLine struct {
	text  string
	depth int  // of brackets
	str   bool // inside a string of several lines
}

type bracket struct {
	char      byte
	line, col int
}

// scan reads brackets, strings and comments. A def at the left margin closes all brackets: that is no place for one.
func scan(text []byte) outline {
	var o outline
	quote := "" // of the string that is open
	for n, line := range strings.Split(string(text), "\n") {
		if quote == "" && strings.HasPrefix(line, "def ") {
			o.open = o.open[:0]
		}
		o.lines = append(o.lines, outlineLine{text: line, depth: len(o.open), str: quote != ""})
		col := 0
		for i := 0; i < len(line); {
			col++
			_, size := utf8.DecodeRuneInString(line[i:])
			c := line[i]
			switch {
			case quote != "" && c == '\\':
				size = min(2, len(line)-i)
				col += size - 1
			case quote != "" && strings.HasPrefix(line[i:], quote):
				size = len(quote)
				col += size - 1
				quote = ""
			case quote != "":
			case c == '#':
				size = len(line) - i
			case c == '"' || c == '\'':
				quote = line[i : i+1]
				if triple := strings.Repeat(quote, 3); strings.HasPrefix(line[i:], triple) {
					quote, size = triple, 3
					col += 2
				}
			case strings.IndexByte("([{", c) >= 0:
				o.open = append(o.open, bracket{c, n + 1, col})
			case strings.IndexByte(")]}", c) >= 0 && len(o.open) > 0:
				o.open = o.open[:len(o.open)-1]
			}
			i += size
		}
		if len(quote) == 1 && !strings.HasSuffix(line, `\`) {
			quote = ""
		}
	}
	return o
}

// tabs finds the first tab that indents a statement. Editors do not agree how wide it is.
func tabs(file string, o outline) List {
	for n, l := range o.lines {
		indent := l.text[:len(l.text)-len(strings.TrimLeft(l.text, " \t"))]
		col := strings.IndexByte(indent, '\t') + 1
		rest := strings.TrimSpace(l.text)
		if col == 0 || l.depth > 0 || l.str || rest == "" || rest[0] == '#' {
			continue
		}
		return List{{
			Pos:     Pos{File: file, Line: n + 1, Col: col, End: col + 1},
			Message: "tab in the indentation: want spaces",
			Help:    []string{"starctl fmt writes them"},
		}}
	}
	return nil
}

// syntaxErrors parses each statement at the left margin on its own, because the parser stops at its first error. Where
// that explains nothing, first is all there is.
func syntaxErrors(opts *syntax.FileOptions, file string, text []byte, o outline, first error) List {
	var list List
	for _, c := range chunks(o) {
		part := syntax.FilePortion{Content: []byte(c.text), FirstLine: int32(c.line), FirstCol: 1}
		_, err := opts.Parse(file, part, 0)
		if err == nil {
			continue
		}
		if b := scan([]byte(c.text)).open; len(b) > 0 && atEnd(err, c) {
			list = append(list, unclosed(file, b[len(b)-1], c.line))
		} else {
			list = append(list, fromSyntax(err, o))
		}
	}
	if len(list) == 0 {
		list = List{fromSyntax(first, o)}
	}
	return list
}

// chunk is a statement at the left margin with its body, and the line it begins at.
type chunk struct {
	line, lines int
	text        string
}

func chunks(o outline) []chunk {
	var list []chunk
	begin := 0
	flush := func(end int) {
		var b strings.Builder
		for _, l := range o.lines[begin:end] {
			b.WriteString(l.text)
			b.WriteByte('\n')
		}
		if strings.TrimSpace(b.String()) != "" {
			list = append(list, chunk{begin + 1, end - begin, b.String()})
		}
		begin = end
	}
	for n, l := range o.lines {
		if n > 0 && l.depth == 0 && !l.str && startsStatement(l.text) {
			flush(n)
		}
	}
	flush(len(o.lines))
	return list
}

// startsStatement reports whether a line begins a statement of its own: not a comment, a closing bracket, the else of an
// if, or a line that goes on with the one before.
func startsStatement(line string) bool {
	if line == "" || strings.IndexByte(" \t#)]}\r", line[0]) >= 0 {
		return false
	}
	word, _, _ := strings.Cut(line, " ")
	word = strings.TrimRight(word, ":\r")
	return word != "else" && word != "elif"
}

func atEnd(err error, c chunk) bool {
	e, ok := errors.AsType[syntax.Error](err)
	return ok && int(e.Pos.Line) >= c.line+c.lines-1
}

func unclosed(file string, b bracket, first int) Diagnostic {
	return Diagnostic{
		Pos:     Pos{File: file, Line: first + b.line - 1, Col: b.col, End: b.col + 1},
		Message: "this " + string(b.char) + " is never closed",
	}
}

// fromSyntax is an error of the scanner or parser, in the words of who writes the file.
func fromSyntax(err error, o outline) Diagnostic {
	e, ok := errors.AsType[syntax.Error](err)
	if !ok {
		return Diagnostic{Message: err.Error()}
	}
	d := Diagnostic{Pos: tokenStart(e, o), Message: e.Msg}
	if i := d.Pos.Line - 1; i >= 0 && i < len(o.lines) {
		line := o.lines[i].text
		d.Pos.End = tokenEnd(line, d.Pos.Col)
		d.Help = advice(e.Msg, line, string([]rune(line)[:min(d.Pos.Col-1, len([]rune(line)))]))
	}
	for _, r := range [...]struct{ from, to string }{
		{"got indent, want primary expression", "this line is indented deeper than the block it belongs to"},
		{"want indent", "the block is empty: want an indented line"},
		{"unindent does not match", "this line is indented like no block around it"},
		{"unexpected newline in string", "this string is not closed on its line"},
		{"unexpected EOF in string", "this string is never closed"},
		{"not an identifier", "want a name"},
	} {
		if strings.Contains(d.Message, r.from) {
			d.Message = r.to
		}
	}
	return d
}

// tokenStart is where the token begins that the parser did not expect: it reports where it had read to, behind the token.
func tokenStart(e syntax.Error, o outline) Pos {
	p := position(e.Pos)
	if e.Msg == "not an identifier" && p.Col == 1 && p.Line > 1 && p.Line <= len(o.lines) {
		p.Line--
		p.Col = utf8.RuneCountInString(strings.TrimRight(o.lines[p.Line-1].text, "\r")) + 1
		return p
	}
	token, isToken := strings.CutPrefix(e.Msg, "got ")
	token, want, _ := strings.Cut(token, ", want ")
	if !isToken || strings.HasPrefix(want, "primary") || p.Line > len(o.lines) {
		return p
	}
	switch token {
	case "newline":
		if p.Col == 1 && p.Line > 1 {
			p.Line--
			p.Col = utf8.RuneCountInString(strings.TrimRight(o.lines[p.Line-1].text, "\r")) + 1
		}
	case "identifier", "int literal", "float literal":
		line := []rune(o.lines[p.Line-1].text)
		for p.Col > 1 && p.Col-2 < len(line) && isWord(line[p.Col-2]) {
			p.Col--
		}
	case "string literal", "bytes literal":
		line := []rune(o.lines[p.Line-1].text)
		if end := p.Col - 2; end > 0 && end < len(line) {
			start := end - 1
			for start > 0 && line[start] != line[end] {
				start--
			}
			p.Col = start + 1
		}
	default:
		if quoted := strings.Trim(token, "'"); quoted != token || isKeyword(token) {
			p.Col = max(1, p.Col-len(quoted))
		}
	}
	return p
}

func isKeyword(s string) bool {
	return s != "indent" && s != "outdent" && strings.IndexByte(s, ' ') < 0
}

func position(p syntax.Position) Pos {
	return Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}

// tokenEnd returns the column behind the word that begins at col, or behind the one character there.
func tokenEnd(line string, col int) int {
	rest := []rune(line)
	if col < 1 || col > len(rest) {
		return 0
	}
	end := col - 1
	for end < len(rest) && isWord(rest[end]) {
		end++
	}
	return max(end, col) + 1
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf
}
