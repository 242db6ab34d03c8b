package builtins

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// What was read is written, and read again, as the same value.
func again(t *testing.T, v starlark.Value, appendTo func([]byte, kube.Node) []byte, decode func(string) (starlark.Value, error)) {
	t.Helper()
	text, err := new(writer).write(v, false, appendTo)
	if err != nil {
		return // nested too deep
	}
	got, err := decode(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if same, err := starlark.EqualDepth(got, v, 2*maxDepth); err != nil || !same {
		t.Errorf("%v: got %v, want %v\n%s", err, got, v, text)
	}
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, 'y', \"z\\n\"]\n", "&a [*a]", "a: &x {b: 1}\nc: {<<: *x}\n", "--- |\n a\n--- >+\n b\n\n", "? a\n: - b\n  - c: ~\n", "!!str 1", "%YAML 1.2\n---\n1e3", "a: .5\n0x1F: 1", "\"\\u00e9\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		docs, err := decodeYAML(s)
		if err != nil {
			return
		}
		for _, v := range docs {
			again(t, v, encode.AppendYAML, func(text string) (starlark.Value, error) {
				docs, err := decodeYAML(text)
				if err != nil || len(docs) != 1 {
					return starlark.None, err
				}
				return docs[0], nil
			})
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2.5e3, null, true, "\u00e9\ud83d\ude00"]}`, `[]`, `"`, `{"a":1,"a":2}`, "[[[[", "1e999", "-", "nul", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := decodeJSON(s)
		if err != nil {
			return
		}
		again(t, v, func(b []byte, n kube.Node) []byte { return encode.AppendJSON(b, n, 2) }, decodeJSON)
	})
}
