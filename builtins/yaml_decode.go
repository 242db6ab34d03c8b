package builtins

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.yaml.in/yaml/v3"
)

// maxAliased bounds how many values aliases may stand for: a few lines of them can stand for any number.
const maxAliased = 100_000

// decodeYAML reads the documents of a YAML text that hold something.
func decodeYAML(text string) ([]starlark.Value, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("got text of %d MiB, want at most %d", len(text)>>20, maxText>>20)
	}
	var docs []starlark.Value
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
		}
		v, err := new(yamlReader).value(&n)
		if err != nil {
			return nil, err
		}
		if v != starlark.None {
			docs = append(docs, v)
		}
	}
}

// yamlReader makes a value of one document's nodes.
type yamlReader struct {
	depth   int
	aliases int // around the value at work
	aliased int
}

func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", n.Line, fmt.Sprintf(format, args...))
}

func (r *yamlReader) value(n *yaml.Node) (starlark.Value, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, at(n, "nested more than %d deep, or an alias contains itself", maxDepth)
	}
	defer func() { r.depth-- }()
	if r.aliases > 0 {
		if r.aliased++; r.aliased > maxAliased {
			return nil, at(n, "aliases stand for more than %d values", maxAliased)
		}
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0])
	case yaml.AliasNode:
		r.aliases++
		defer func() { r.aliases-- }()
		return r.value(n.Alias)
	case yaml.SequenceNode:
		return r.list(n)
	case yaml.MappingNode:
		return r.dict(n)
	case yaml.ScalarNode:
		return yamlScalar(n)
	}
	return starlark.None, nil // a text of comments only
}

func (r *yamlReader) list(n *yaml.Node) (starlark.Value, error) {
	if n.ShortTag() != "!!seq" {
		return nil, at(n, "got tag %s, which Kubernetes does not read", n.Tag)
	}
	list := make([]starlark.Value, len(n.Content))
	for i, c := range n.Content {
		v, err := r.value(c)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return starlark.NewList(list), nil
}

func (r *yamlReader) dict(n *yaml.Node) (starlark.Value, error) {
	if n.ShortTag() != "!!map" {
		return nil, at(n, "got tag %s, which Kubernetes does not read", n.Tag)
	}
	d := starlark.NewDict(len(n.Content) / 2)
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			continue
		}
		key, err := yamlKey(k)
		if err != nil {
			return nil, err
		}
		if first, twice := lines[key]; twice {
			return nil, at(k, "key %q is given twice, first on line %d", key, first)
		}
		lines[key] = k.Line
		v, err := r.value(c)
		if err != nil {
			return nil, err
		}
		if err := d.SetKey(starlark.String(key), v); err != nil {
			return nil, err
		}
	}
	return d, r.mergeAll(d, n)
}

func isMerge(k *yaml.Node) bool { return k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" }

// mergeAll adds what the merge keys (<<) of a mapping name; the mapping's own keys stay as they are.
func (r *yamlReader) mergeAll(d *starlark.Dict, n *yaml.Node) error {
	for i := 0; i < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			continue
		}
		if err := r.merge(d, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *yamlReader) merge(d *starlark.Dict, n *yaml.Node) error {
	v, err := r.value(n)
	if err != nil {
		return err
	}
	sources := []starlark.Value{v}
	if l, ok := v.(*starlark.List); ok {
		sources = sources[:0]
		for x := range l.Elements() {
			sources = append(sources, x)
		}
	}
	for _, s := range sources {
		from, ok := s.(*starlark.Dict)
		if !ok {
			return at(n, "<< takes a mapping or a list of mappings, got %s", s.Type())
		}
		for k, v := range from.Entries() {
			if _, own, _ := d.Get(k); own {
				continue
			}
			if err := d.SetKey(k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func yamlKey(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", at(n, "got a collection as a key, want a string")
	}
	v, err := yamlScalar(n)
	if err != nil {
		return "", err
	}
	if s, ok := v.(starlark.String); ok {
		return string(s), nil
	}
	return "", at(n, "key %s is read as %s: write %q in quotes", n.Value, yamlType(v), n.Value)
}

func yamlType(v starlark.Value) string {
	switch v := v.(type) {
	case starlark.Bool:
		return strings.ToLower(v.String())
	case starlark.NoneType:
		return "null"
	}
	return "a number"
}

// yamlScalar reads a scalar as sigs.k8s.io/yaml does, but for integers beyond 64 bits, which stay exact.
func yamlScalar(n *yaml.Node) (starlark.Value, error) {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!merge":
		if n.Style == 0 && n.Tag == "!!str" {
			if b, ok := yaml11Bool(n.Value); ok {
				return b, nil
			}
		}
		return starlark.String(n.Value), nil
	case "!!timestamp":
		return starlark.String(n.Value), nil
	case "!!null":
		return starlark.None, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return starlark.Bool(b), yamlError(n, err)
	case "!!int":
		return yamlInt(n)
	case "!!float":
		return yamlFloat(n)
	default:
		return nil, at(n, "got tag %s, which Kubernetes does not read", n.Tag)
	}
}

// yaml11Bool reads the words that are truth values in YAML 1.1 only.
func yaml11Bool(s string) (starlark.Bool, bool) {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}

func yamlInt(n *yaml.Node) (starlark.Value, error) {
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, yamlError(n, err)
	}
	switch v := v.(type) {
	case int:
		return starlark.MakeInt(v), nil
	case int64:
		return starlark.MakeInt64(v), nil
	case uint64:
		return starlark.MakeUint64(v), nil
	}
	return nil, at(n, "got %.60q, want an integer", n.Value)
}

// yamlFloat reads a number with a point or an exponent, or one that 64 bits cannot hold.
func yamlFloat(n *yaml.Node) (starlark.Value, error) {
	digits := strings.TrimLeft(strings.ReplaceAll(n.Value, "_", ""), "+")
	if strings.Trim(digits, "-0123456789") == "" && len(digits) <= maxDigits {
		if i, ok := new(big.Int).SetString(digits, 10); ok {
			return starlark.MakeBigInt(i), nil
		}
	}
	var f float64
	if err := n.Decode(&f); err != nil {
		return nil, yamlError(n, err)
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, at(n, "got %s, want a finite number", strconv.Quote(n.Value))
	}
	return starlark.Float(f), nil
}

// yamlError shortens an error about one value.
func yamlError(n *yaml.Node, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*yaml.TypeError](err); ok && len(e.Errors) > 0 {
		return errors.New(e.Errors[0])
	}
	return at(n, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
}
