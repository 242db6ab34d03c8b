package project

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/starlark/diag"
)

// Input is a parameter of main.
type Input struct {
	Name     string
	Type     string         // bool, int, float, string, list or dict; "string or None" for a default of None
	Required bool           // there is no default
	Default  starlark.Value // nil if required
	Doc      string         // from the Args of main's docstring
	Pos      diag.Pos
}

// Inputs returns what main declares, in its order, or says what is wrong with how main is declared.
func Inputs(main *starlark.Function) ([]Input, error) {
	if main.NumParams() == 0 || main.NumKwonlyParams() == main.NumParams() {
		return nil, fmt.Errorf("main takes no ctx: write def main(ctx%s)", rest(main))
	}
	if main.HasVarargs() || main.HasKwargs() {
		return nil, fmt.Errorf("main takes *args or **kwargs: inputs are declared by name, def main(ctx, *, tag, replicas = 2)")
	}
	docs := argDocs(main.Doc())
	var list []Input
	for i := 1; i < main.NumParams(); i++ {
		name, pos := main.Param(i)
		in := Input{Name: name, Default: main.ParamDefault(i), Doc: docs[name]}
		in.Pos = diag.Pos{File: pos.Filename(), Line: int(pos.Line), Col: int(pos.Col), End: int(pos.Col) + len(name)}
		in.Required = in.Default == nil
		in.Type = inputType(in.Default)
		list = append(list, in)
	}
	return list, nil
}

func rest(main *starlark.Function) string {
	if main.NumParams() == 0 {
		return ""
	}
	return ", *, ..."
}

func inputType(v starlark.Value) string {
	switch v := v.(type) {
	case nil:
		return "string"
	case starlark.NoneType:
		return "string or None"
	case *starlark.List, starlark.Tuple:
		return "list"
	default:
		return v.Type()
	}
}

var argLine = pattern.Lazy(`^(\*{0,2}\w+)(?:\s*\([^)]*\))?:\s*(.*)$`)

// argDocs reads the Args of a docstring: "name: text", and lines indented further that go on.
func argDocs(doc string) map[string]string {
	docs, name, margin := map[string]string{}, "", -1
	in := false
	for line := range strings.Lines(doc) {
		text := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		switch {
		case text == "Args:":
			in, margin, name = true, -1, ""
		case !in || text == "":
		case margin >= 0 && indent < margin:
			in = false
		default:
			m := argLine().FindStringSubmatch(text)
			if m != nil && (margin < 0 || indent == margin) {
				name, margin = m[1], indent
				docs[name] = m[2]
			} else if name != "" {
				docs[name] = strings.TrimSpace(docs[name] + " " + text)
			}
		}
	}
	return docs
}

// Accepts checks a value that did not come as text.
func (in Input) Accepts(v starlark.Value) (starlark.Value, error) {
	got := inputType(v)
	if v == starlark.None {
		got = "None"
	}
	switch {
	case got == in.Type:
		return v, nil
	case in.Type == "string or None" && (got == "string" || got == "None"):
		return v, nil
	case in.Type == "float" && got == "int":
		f, _ := starlark.AsFloat(v)
		return starlark.Float(f), nil
	}
	return nil, fmt.Errorf("input %s: got %s, want %s", in.Name, got, in.Type)
}
