package builtins

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// What decodeYAML reads is what sigs.k8s.io/yaml reads.
func TestYAMLAsKubernetes(t *testing.T) {
	for _, s := range []string{
		"a", "1", "-1", "+1", "1.5", "-0", "1e3", "1E3", "1.e3", "0.1e-5", "012", "0o7", "0b11", "-0b11", "0x1F", "-0x1F", "1_000", "0x_1", "12:30", "190:20:30", "true", "True", "TRUE", "false",
		"y", "Y", "n", "yes", "Yes", "YES", "no", "on", "On", "off", "yEs", "~", "null", "Null", "", "nULL", "=", "2001-01-01", "2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43.10-05:00",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "1.0", "100.", ".5", "+.5", "-.5", ".", "5.", "1e400x", "\"yes\"", "'1'", "!!str yes", "!!str 1", "!!int 12", "!!float 1", "!!bool true", "!!null ~",
		"[1, a, {b: c}]", "{a: 1, \"b\": [2]}", "|\n  a\n  b\n", ">-\n  a\n  b\n", "!!timestamp 2001-01-01", "0777", "08", "0_7", "1__0", "0x", "0b", "+0x1", "1e", "1e+3", "0.", "00", "0e0", "<<",
	} {
		text := "a: &a " + s + "\nb: *a\n"
		var want any
		if err := sigsyaml.Unmarshal([]byte(text), &want); err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		docs, err := decodeYAML(text)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		got := encode.ToMap(typed.Node(docs[0]))
		if d := cmp.Diff(numbers(want), numbers(got)); d != "" {
			t.Errorf("%q (-want +got):\n%s", s, d)
		}
	}
}

// numbers makes a float of every number, as JSON has no others.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			m[k] = numbers(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = numbers(x)
		}
		return l
	case int64:
		return float64(v)
	}
	return v
}

func TestYAMLDocuments(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"# only a comment\n", ""},
		{"---\n---\n", ""},
		{"a: 1\n---\nb: 2\n", "a: 1\n---\nb: 2\n"},
		{"--- 1\n...\n--- [x]\n", "1\n---\n- x\n"},
		{"a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", "a:\n  b: 1\n  c: 2\nd:\n  c: 3\n  b: 1\n"},
		{"a: &x {b: 1}\nd:\n  <<: [*x, {b: 2, c: 3}]\n", "a:\n  b: 1\nd:\n  b: 1\n  c: 3\n"},
		{"z: 1\na: 2\nb: 99999999999999999999\n", "z: 1\na: 2\nb: 99999999999999999999\n"},
		{"\"y\": 1\n", "\"y\": 1\n"},
	} {
		docs, err := decodeYAML(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		var objects []*kube.Object
		for _, d := range docs {
			objects = append(objects, kube.NewObject(typed.Node(d), nil))
		}
		var b strings.Builder
		if err := encode.Write(&b, encode.YAML, objects); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("%q reads as\n%s\nwant\n%s", c.text, &b, c.want)
		}
	}
}

func TestYAMLErrors(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 8 {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", 'b'+i, 'b'+i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", 'a'+i), 10), ","))
	}
	for _, c := range []struct{ text, want string }{
		{"a: 1\nb: 2\na: 3\n", `line 3: key "a" is given twice, first on line 1`},
		{"a:\n  1: x\n", `line 2: key 1 is read as a number: write "1" in quotes`},
		{"on: push\n", `line 1: key on is read as true: write "on" in quotes`},
		{"~: x\n", `line 1: key ~ is read as null: write "~" in quotes`},
		{"[a]: x\n", `line 1: got a collection as a key, want a string`},
		{"a: .inf\n", `line 1: got ".inf", want a finite number`},
		{"a: !mine b\n", `line 1: got tag !mine, which Kubernetes does not read`},
		{"a: !!binary YQ==\n", `line 1: got tag !!binary, which Kubernetes does not read`},
		{"a: !mine {b: 1}\n", `line 1: got tag !mine, which Kubernetes does not read`},
		{"a: !!set [b]\n", `line 1: got tag !!set, which Kubernetes does not read`},
		{"a: b\n\tc: d\n", `line 2: found a tab character that violates indentation`},
		{"a: [\n", `line 1: did not find expected node content`},
		{"a: b: c\n", `mapping values are not allowed in this context`},
		{"a: *x\n", `unknown anchor 'x' referenced`},
		{"a: &x {<<: 1}\n", `line 1: << takes a mapping or a list of mappings, got int`},
		{"a: &x [*x]\n", `line 1: nested more than 500 deep, or an alias contains itself`},
		{strings.Repeat("[", 600) + strings.Repeat("]", 600), `line 1: nested more than 500 deep, or an alias contains itself`},
		{bomb, `line 1: aliases stand for more than 100000 values`},
		{"a: !!int x\n", "line 1: cannot decode !!str `x` as a !!int"},
		{"a: \xff\n", `invalid leading UTF-8 octet`},
	} {
		_, err := decodeYAML(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: got %v, want %s", c.text, err, c.want)
		}
	}
}
