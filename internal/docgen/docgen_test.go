package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins"
)

const root = "../.."

// The generated files are what the comments say.
func TestFresh(t *testing.T) {
	sections, err := collect(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files(sections) {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not up to date (%v): run go generate ./builtins", name, err)
		}
	}
}

// What is documented is there, and what is there is documented.
func TestComplete(t *testing.T) {
	env := builtins.Predeclared()
	for _, name := range builtins.DocNames() {
		first, member, dotted := strings.Cut(name, ".")
		v := env[first]
		if dotted && v != nil {
			v, _ = v.(starlark.HasAttrs).Attr(member)
		}
		if v == nil {
			t.Errorf("%s is documented but does not exist", name)
		}
		doc, ok := builtins.Doc(name)
		if !ok || !strings.HasPrefix(doc, name) {
			t.Errorf("%s is documented as %q", name, doc)
		}
	}
	for name, v := range env {
		if _, ok := builtins.Doc(name); !ok {
			t.Errorf("%s has no documentation", name)
		}
		m, ok := v.(starlark.HasAttrs)
		if !ok || name == "k8s" || v.Type() != "module" {
			continue
		}
		for _, member := range m.AttrNames() {
			a, err := m.Attr(member)
			if err != nil {
				t.Fatal(err)
			}
			full := name + "." + member
			if _, ok := builtins.Doc(full); ok == later[full] && callable(a) {
				t.Errorf("%s: documented: %v, in this version: %v", full, ok, !later[full])
			}
		}
	}
}

// later are functions that refuse to be called: they are specified and not there yet.
var later = map[string]bool{"envoy.front_proxy": true, "envoy.inbound": true}

func callable(v starlark.Value) bool {
	_, ok := v.(starlark.Callable)
	return ok
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ comment, prefix, name, signature string }{
		{"f(a,\nb = 1) -> T\n\nIt does.\n", "", "f", "f(a,\nb = 1) -> T"},
		{"fail(*args)\n\nIt does.\n", "", "fail", "fail(*args)"},
		{"json.encode(x) -> string\n\nIt does.\n", "", "json.encode", "json.encode(x) -> string"},
		{"json -> module\n\nIt does.\n", "", "json", "json -> module"},
		{"upstream(name) -> upstream\n\nIt does.\n", "envoy.", "envoy.upstream", "envoy.upstream(name) -> upstream"},
		{"envoy -> module\n\nIt does.\n", "envoy.", "envoy", "envoy -> module"},
		{"parse reads a comment.\n\nIt does.\n", "", "", ""},
		{"f(a)\n", "", "", ""},
	} {
		e, ok := parse(c.comment, c.prefix)
		if e.name != c.name || e.signature != c.signature || ok != (c.name != "") {
			t.Errorf("%q: got %+v", c.comment, e)
		}
	}
}

func TestMarkdown(t *testing.T) {
	got := markdown("Makes *one* `a_b` of [x].\n\n\tx = f(1)\n\nArgs:\n\n\ta: what it is,\n\t  with more.\n\tb, c: others.\n")
	want := "Makes \\*one\\* `a_b` of [x].\n\n```python\nx = f(1)\n```\n\n- `a`: what it is,\n  with more.\n- `b, c`: others.\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
