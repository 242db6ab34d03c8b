package project

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"

	"github.com/starctl/starctl/starlark/diag"
)

// Value is what somebody gives for an input: a value, or text that is still to be read as the input's type.
type Value struct {
	Name  string
	Value starlark.Value // nil for Text
	Text  string
	Pos   diag.Pos // where it is given; a File alone, such as "--set", has no line
}

// Values are given in this order; later ones win.
type Values []Value

// ParseSet reads the argument of --set: "tag=v2".
func ParseSet(arg string) (Value, error) {
	name, text, ok := strings.Cut(arg, "=")
	if !ok || name == "" {
		return Value{}, fmt.Errorf("--set %s: want NAME=VALUE, such as tag=v2", arg)
	}
	return Value{Name: name, Text: text, Pos: diag.Pos{File: "--set"}}, nil
}

// ParseFile reads a YAML or JSON file whose keys are inputs.
func ParseFile(name string, text []byte) (Values, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want a mapping from inputs to values", name, top.Line)
	}
	var list Values
	for i := 0; i+1 < len(top.Content); i += 2 {
		k, v := top.Content[i], top.Content[i+1]
		if _, twice := list.last(k.Value); twice {
			return nil, fmt.Errorf("%s:%d: input %s stands twice", name, k.Line, k.Value)
		}
		val, err := fromYAML(v, 0)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", name, v.Line, k.Value, err)
		}
		list = append(list, Value{Name: k.Value, Value: val, Pos: diag.Pos{File: name, Line: k.Line, Col: k.Column}})
	}
	return list, nil
}

// maxDepth bounds nesting in files of inputs.
const maxDepth = 50

func fromYAML(n *yaml.Node, depth int) (starlark.Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return nil, fmt.Errorf("aliases are not supported in inputs")
	case yaml.SequenceNode:
		var elems []starlark.Value
		for _, c := range n.Content {
			v, err := fromYAML(c, depth+1)
			if err != nil {
				return nil, err
			}
			elems = append(elems, v)
		}
		return starlark.NewList(elems), nil
	case yaml.MappingNode:
		return mappingFromYAML(n, depth)
	}
	return scalarFromYAML(n)
}

func mappingFromYAML(n *yaml.Node, depth int) (starlark.Value, error) {
	d := starlark.NewDict(len(n.Content) / 2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := fromYAML(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		key := starlark.String(n.Content[i].Value)
		if _, found, _ := d.Get(key); found {
			return nil, fmt.Errorf("key %s stands twice", key)
		}
		if err := d.SetKey(key, v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func scalarFromYAML(n *yaml.Node) (starlark.Value, error) {
	switch n.Tag {
	case "!!null":
		return starlark.None, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return starlark.Bool(b), err
	case "!!int":
		if i, ok := new(big.Int).SetString(strings.ReplaceAll(n.Value, "_", ""), 0); ok {
			return starlark.MakeBigInt(i), nil
		}
	case "!!float":
		var f float64
		err := n.Decode(&f)
		return starlark.Float(f), err
	}
	return starlark.String(n.Value), nil
}

// For returns the keyword arguments for a main that declares inputs, and the mistakes in them: a value of the wrong type,
// a required input that nobody gave. Values for inputs that it does not declare are left to Unclaimed.
func (vs Values) For(inputs []Input) ([]starlark.Tuple, diag.List) {
	var kwargs []starlark.Tuple
	var list diag.List
	for _, in := range inputs {
		v, ok := vs.last(in.Name)
		if !ok {
			if in.Required {
				list = append(list, missing(in))
			}
			continue
		}
		val, err := v.as(in)
		if err != nil {
			list = append(list, diag.Diagnostic{Pos: v.Pos, Message: err.Error(), Related: []diag.Related{{Pos: in.Pos, Text: "declared here"}}})
			continue
		}
		kwargs = append(kwargs, starlark.Tuple{starlark.String(in.Name), val})
	}
	return kwargs, list
}

func missing(in Input) diag.Diagnostic {
	return diag.Diagnostic{
		Pos:     in.Pos,
		Message: fmt.Sprintf("input %q is required and not given", in.Name),
		Help:    []string{fmt.Sprintf("give it with --set %s=VALUE, in the target's inputs, or a default here", in.Name)},
	}
}

func (vs Values) last(name string) (Value, bool) {
	for i := len(vs) - 1; i >= 0; i-- {
		if vs[i].Name == name {
			return vs[i], true
		}
	}
	return Value{}, false
}

// Unclaimed reports the values for inputs that none of the selected files declares.
func (vs Values) Unclaimed(files ...[]Input) diag.List {
	var names []string
	for _, inputs := range files {
		for _, in := range inputs {
			if !slices.Contains(names, in.Name) {
				names = append(names, in.Name)
			}
		}
	}
	var list diag.List
	for _, v := range vs {
		if slices.Contains(names, v.Name) {
			continue
		}
		d := diag.Diagnostic{Pos: v.Pos, Message: fmt.Sprintf("no input %q", v.Name), Suggest: diag.Nearest(v.Name, names)}
		if len(names) == 0 {
			d.Message += ": main declares none"
		} else if d.Suggest == "" {
			d.Message += ": there is " + strings.Join(names, ", ")
		}
		list = append(list, d)
	}
	return list
}

// as reads the value as the input's type.
func (v Value) as(in Input) (starlark.Value, error) {
	if v.Value != nil {
		return in.Accepts(v.Value)
	}
	bad := fmt.Errorf("input %s: got %q, want %s", in.Name, v.Text, in.Type)
	switch in.Type {
	case "bool":
		switch v.Text {
		case "true", "True":
			return starlark.True, nil
		case "false", "False":
			return starlark.False, nil
		}
		return nil, fmt.Errorf("%w: true or false", bad)
	case "int":
		i, ok := new(big.Int).SetString(v.Text, 10)
		if !ok {
			return nil, bad
		}
		return starlark.MakeBigInt(i), nil
	case "float":
		f, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || f != f || f-f != 0 {
			return nil, bad
		}
		return starlark.Float(f), nil
	case "list", "dict":
		return v.json(in, bad)
	}
	return starlark.String(v.Text), nil
}

func (v Value) json(in Input, bad error) (starlark.Value, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(v.Text), &doc); err != nil || len(doc.Content) == 0 {
		return nil, fmt.Errorf(`%w as JSON, such as '["a", "b"]'`, bad)
	}
	val, err := fromYAML(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	if inputType(val) != in.Type {
		return nil, fmt.Errorf(`%w as JSON, such as %s`, bad, map[string]string{"list": `'["a", "b"]'`, "dict": `'{"a": 1}'`}[in.Type])
	}
	return val, nil
}
