package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

func str(s string) kube.Node        { return kube.OfString(s) }
func list(n ...kube.Node) kube.Node { return kube.OfList(kube.Elems(n)) }
func obj(kv ...any) kube.Node       { return kube.OfRecord(pairs(kv)) }
func pairs(kv []any) (list kube.Pairs) {
	for i := 0; i < len(kv); i += 2 {
		list = append(list, kube.Pair{Key: kv[i].(string), Value: kv[i+1].(kube.Node)})
	}
	return list
}

func deployment(containers ...kube.Node) kube.Node {
	return obj("apiVersion", str("apps/v1"), "kind", str("Deployment"),
		"spec", obj("template", obj("spec", obj("containers", list(containers...)))))
}

func container(name, image string, rest ...any) kube.Node {
	return obj(append([]any{"name", str(name), "image", str(image)}, rest...)...)
}

func TestDiff(t *testing.T) {
	const at = "spec.template.spec.containers"
	app := container("app", "v1")
	tests := []struct {
		name     string
		old, new kube.Node
		want     []string
	}{
		{"equal", deployment(app), deployment(app), nil},
		{"scalar by key", deployment(app, container("b", "v1")), deployment(app, container("b", "v2")), []string{at + `["b"].image: v1 -> v2`}},
		{"added first", deployment(app), deployment(container("new", "x"), app), []string{at + `["new"]:  -> object`}},
		{"removed", deployment(app, container("old", "x")), deployment(app), []string{at + `["old"]: object -> `}},
		{"order", deployment(app, container("b", "x")), deployment(container("b", "x"), app), []string{at + `: app, b -> b, app (order)`}},
		{
			"by index", deployment(container("app", "v1", "args", list(str("a"), str("b")))), deployment(container("app", "v1", "args", list(str("a"), str("c"), str("d")))),
			[]string{at + `["app"].args[1]: b -> c`, at + `["app"].args[2]:  -> d`},
		},
		{
			"field gone and field new", deployment(container("app", "v1", "tty", kube.OfBool(true))), deployment(container("app", "v1", "stdin", kube.OfBool(true))),
			[]string{at + `["app"].tty: true -> `, at + `["app"].stdin:  -> true`},
		},
		{
			"a quantity as number and text", deployment(container("app", "v1", "resources", obj("limits", obj("cpu", str("1"))))),
			deployment(container("app", "v1", "resources", obj("limits", obj("cpu", kube.OfInt(1))))), nil,
		},
		{
			"an annotation's path", obj("apiVersion", str("v1"), "kind", str("ConfigMap"), "data", obj("a.yaml", str("1"))),
			obj("apiVersion", str("v1"), "kind", str("ConfigMap"), "data", obj("a.yaml", str("2"))),
			[]string{`data["a.yaml"]: 1 -> 2`},
		},
		{"another kind", obj("kind", str("A"), "x", kube.OfInt(1)), obj("kind", str("A"), "x", str("1")), []string{`x: 1 -> 1`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range Diff(tt.old, tt.new) {
				s := fmt.Sprintf("%s: %s -> %s", c.Path, show(c.Old), show(c.New))
				if c.Order {
					s += " (order)"
				}
				got = append(got, s)
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func show(n kube.Node) string {
	if n.IsMapping() {
		return "object"
	}
	return n.Text()
}

func TestMask(t *testing.T) {
	secret := obj("apiVersion", str("v1"), "kind", str("Secret"), "data", obj("a", str("cGxhaW4=")), "stringData", obj("b", str("plain")), "type", str("Opaque"))
	m := Mask(secret)
	if got := m.Get("data", "a").Str(); got != "bWFza2Vk" {
		t.Errorf("data: got %q", got)
	}
	if got := m.Get("stringData", "b").Str(); got != "masked" {
		t.Errorf("stringData: got %q", got)
	}
	if got := m.Get("type").Str(); got != "Opaque" {
		t.Errorf("type: got %q", got)
	}
	config := obj("apiVersion", str("v1"), "kind", str("ConfigMap"), "data", obj("a", str("plain")))
	if got := Mask(config).Get("data", "a").Str(); got != "plain" {
		t.Errorf("a ConfigMap was masked: %q", got)
	}
}

func TestLines(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"one line", "a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", "@@ -2,3 +2,3 @@\n b\n-c\n+X\n d\n"},
		{"appended", "a\n", "a\nb\n", "@@ -1 +1,2 @@\n a\n+b\n"},
		{"from nothing", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{"two hunks", "1\n2\n3\n4\n5\n6\n", "X\n2\n3\n4\n5\nY\n", "@@ -1,2 +1,2 @@\n-1\n+X\n 2\n@@ -5,2 +5,2 @@\n 5\n-6\n+Y\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Lines(tt.old, tt.new, 1); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Whatever the texts, applying the edits to the old one gives the new one.
func TestLinesApply(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var b strings.Builder
		for range r.IntN(12) {
			fmt.Fprintf(&b, "%c\n", 'a'+rune(r.IntN(4)))
		}
		return b.String()
	}
	for range 2000 {
		old, new := text(), text()
		var a, b strings.Builder
		for _, e := range script(split(old), split(new)) {
			if e.op != '+' {
				a.WriteString(e.line + "\n")
			}
			if e.op != '-' {
				b.WriteString(e.line + "\n")
			}
		}
		if a.String() != old || b.String() != new {
			t.Fatalf("%q to %q: the edits read %q to %q", old, new, a.String(), b.String())
		}
	}
}
