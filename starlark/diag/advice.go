package diag

import (
	"strings"

	"go.starlark.net/syntax"
)

// advice helps who writes another language's words: what to write here instead of the token that the parser did not expect.
// line is the text around it, and before what stands before it on that line.
func advice(msg, line, before string) []string {
	token, _, _ := strings.Cut(strings.TrimPrefix(msg, "got "), ", want ")
	first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	before = strings.TrimRight(before, " ")
	help := ""
	switch token {
	case "import", "from":
		help = `names of another file are made known by load("//lib/file.star", "name")`
	case "class":
		help = "there are no classes: struct(a = 1) makes a value with attributes"
	case "try", "except", "finally", "raise":
		help = `errors cannot be caught; fail("message") stops evaluation`
	case "with", "yield", "del", "global", "nonlocal", "async", "await", "as":
		help = "Starlark has no " + token
	case "is":
		help = "write == or !="
	case "'**'":
		help = "there is no operator for powers"
		if before == "" || strings.HasSuffix(before, "{") || strings.HasSuffix(before, ",") {
			help = "a | b unites two dicts"
		}
	case "'*'":
		if strings.HasSuffix(before, "[") || strings.HasSuffix(before, ",") {
			help = "a + b joins two lists; a name takes one value"
		}
	case "'&'":
		if strings.HasSuffix(before, "&") {
			help = "write and"
		}
	case "'|'":
		if strings.HasSuffix(before, "|") {
			help = "write or"
		}
	case "'='":
		if strings.HasSuffix(msg, "want ':'") {
			help = "a dict has a colon between key and value"
		}
	case "'{'":
		if strings.HasSuffix(msg, "want ':'") {
			help = "a block begins with a colon, and is indented"
		}
	case "'//'", "'/'":
		if strings.TrimSpace(before) == "" {
			help = "a comment begins with #"
		}
	case "if":
		if strings.HasSuffix(before, "else") {
			help = "write elif"
		}
	case "':'":
		if first == "def" && strings.Contains(line[len(before):], ")") {
			help = "parameters have no types"
		} else if strings.Contains(line, ":=") {
			help = "write = to give a variable its value"
		} else if strings.HasSuffix(msg, "want ','") {
			help = "a keyword has = before its value"
		}
	case "','":
		if strings.HasSuffix(msg, "want ':'") {
			help = "a dict has keys, {key: value}; a set is written set([1, 2])"
		}
	case "string literal":
		switch {
		case strings.HasSuffix(before, "f"):
			help = `there is no f"...": write "%s" % value, or "{}".format(value)`
		case strings.HasSuffix(before, `"`) || strings.HasSuffix(before, "'"):
			help = "join strings with +"
		case strings.TrimSpace(before) == "print":
			help = `print is a function: print("...")`
		}
	case "identifier":
		switch first {
		case "var", "let", "const", "local":
			help = "a variable needs no " + first + ": name = value"
		case "func", "function", "fn":
			help = "a function begins with def"
		}
	case "newline":
		if strings.HasSuffix(before, "++") || strings.HasSuffix(before, "--") {
			help = "write += 1 or -= 1"
		}
	}
	_, want, _ := strings.Cut(msg, ", want ")
	switch {
	case help != "":
	case first == "assert":
		help = `write if not condition: fail("message")`
	case strings.TrimSpace(before) == "" && !strings.HasPrefix(token, "'") && (want == "','" || want == "']'" || want == "'}'"):
		help = "the line before may lack a comma at its end"
	default:
		return characterAdvice(msg)
	}
	return []string{help}
}

// characterAdvice is about characters that begin no token.
func characterAdvice(msg string) []string {
	for _, a := range [...]struct{ in, help string }{
		{"input character '?'", "write x if condition else y"},
		{"input character '!'", "write not"},
		{"input character '@'", "there are no decorators: call it on the function instead"},
		{"input character '“'", `strings are in plain quotes: "`},
		{"input character '”'", `strings are in plain quotes: "`},
		{"input character '‘'", `strings are in plain quotes: "`},
		{"input character '’'", `strings are in plain quotes: "`},
		{"input character '`'", `strings are in plain quotes: ", or in """ over several lines`},
		{"input character '$'", `values are put into text by "%s" % value, or "{}".format(value)`},
		{"does not associate with", "write a < b and b < c"},
		{"invalid int literal", "numbers do not begin with 0; octal ones begin with 0o"},
		{"must import at least 1 symbol", `name what to load: load("//lib/file.star", "name")`},
		{"first operand of load", `name the file in quotes: load("//lib/file.star", "name")`},
	} {
		if strings.Contains(msg, a.in) {
			return []string{a.help}
		}
	}
	return nil
}

// commentAdvice helps who writes a comment as C does: what follows is taken for a division.
func (c converter) commentAdvice(p Pos) []string {
	tree := c.tree(p.File)
	if tree == nil {
		return nil
	}
	var help []string
	syntax.Walk(tree, func(n syntax.Node) bool {
		b, ok := n.(*syntax.BinaryExpr)
		if ok && b.Op == syntax.SLASHSLASH {
			if start, _ := b.Y.Span(); position(start) == (Pos{File: p.File, Line: p.Line, Col: p.Col}) {
				help = []string{"a comment begins with #; // divides"}
			}
		}
		return true
	})
	return help
}
