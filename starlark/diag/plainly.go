package diag

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/syntax"

	"github.com/starctl/starctl/internal/pattern"
)

// plainly says an error of go.starlark.net in the user's words, and what to write instead.
func plainly(d *Diagnostic) {
	msg := strings.ReplaceAll(strings.ReplaceAll(d.Message, "NoneType", "None"), "hash table", "dict")
	switch {
	case strings.HasPrefix(msg, "unknown binary op: "):
		operands := strings.TrimPrefix(msg, "unknown binary op: ")
		msg = operands + " is not defined"
		if len(d.Help) == 0 && textAndNumber(operands) {
			d.Help = []string{`str(...) makes text of a number, and so does "%s" % value`}
		}
		if operands == "dict + dict" {
			d.Help = []string{"a | b unites two dicts"}
		}
	case strings.HasPrefix(msg, "list has no ."), strings.HasPrefix(msg, "dict has no ."):
		d.Help = append(d.Help, otherMethod(msg)...)
	case msg == "string value is not iterable":
		d.Help = append(d.Help, "s.elems() are its characters")
	case strings.Contains(msg, " during iteration"):
		d.Help = append(d.Help, "loop over a copy: list(...)")
	case frozen().MatchString(msg):
		msg = strings.Replace(msg, " frozen ", " a frozen ", 1) + ": it belongs to a file that has been loaded; copy(...) makes one that can be changed"
	case unhandledIndex().MatchString(msg):
		kind := unhandledIndex().FindStringSubmatch(msg)[1]
		msg = kind + " takes no [...]"
		d.Help = append(d.Help, "its fields are attributes: value.field")
	case strings.HasPrefix(msg, "invalid call of non-function ("):
		msg = strings.TrimSuffix(strings.TrimPrefix(msg, "invalid call of non-function ("), ")") + " is no function, and cannot be called"
	default:
		msg = outOfRange().ReplaceAllStringFunc(msg, saidRange)
	}
	d.Message = msg
}

var (
	frozen         = pattern.Lazy(`^(\w+: )?cannot [a-z ]+ frozen \w+$`)
	unhandledIndex = pattern.Lazy(`^unhandled index operation (.+)\[.*\]$`)
	outOfRange     = pattern.Lazy(`^(.+) index (-?\d+) out of range(?:: empty .+| \[(-\d+):\d+\])$`)
)

// saidRange says how long a list or string is whose index is out of range.
func saidRange(msg string) string {
	m := outOfRange().FindStringSubmatch(msg)
	items := 0
	if m[3] != "" {
		n, _ := strconv.Atoi(m[3]) // matched as a number
		items = -n
	}
	return fmt.Sprintf("index %s is out of range: the %s has a length of %d", m[2], m[1], items)
}

// otherMethod helps who knows a list or dict by another language's methods.
func otherMethod(msg string) []string {
	kind, rest, _ := strings.Cut(msg, " has no .")
	name, _, _ := strings.Cut(rest, " ")
	switch name {
	case "add", "push", "push_back", "append_all":
		if kind == "list" {
			return []string{"append(x) adds one value, extend(list) several"}
		}
	case "length", "size", "count", "len":
		return []string{"len(x) is how many there are"}
	case "has_key", "contains", "includes", "has":
		return []string{"write value in x"}
	case "sort", "reverse":
		return []string{map[string]string{"sort": "sorted(x)", "reverse": "reversed(x)"}[name] + " returns another list"}
	case "concat":
		return []string{"a + b joins two lists"}
	case "copy":
		return []string{kind + "(x) is a copy"}
	case "merge":
		return []string{"a | b unites two dicts"}
	}
	if kind == "dict" {
		return []string{fmt.Sprintf("x[%q] is the value of a key, x.get(%q) that or None", name, name)}
	}
	return nil
}

// textAndNumber reports whether one of two operands is a string, and the other a number.
func textAndNumber(operands string) bool {
	words := strings.Fields(operands)
	if len(words) != 3 || words[1] != "+" {
		return false
	}
	number := func(s string) bool { return s == "int" || s == "float" || s == "bool" }
	return words[0] == "string" && number(words[2]) || number(words[0]) && words[2] == "string"
}

// global reports whether a file gives a value to a name outside of functions.
func (c converter) global(file, name string) bool {
	tree := c.tree(file)
	if tree == nil {
		return false
	}
	for _, s := range tree.Stmts {
		if a, ok := s.(*syntax.AssignStmt); ok {
			if id, ok := a.LHS.(*syntax.Ident); ok && id.Name == name {
				return true
			}
		}
	}
	return false
}
