package envoycmd

import (
	"bytes"
	"strings"
	"testing"
)

// The lines of a message are those of the file, however a bootstrap is written in it.
func TestLines(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata:\n"
	for _, c := range []struct{ name, text, want string }{
		{"alone", "admin:\n  addres: {}\n", "stdin:2:3: admin.addres:"},
		{"second document", "{}\n---\nadmin:\n  addres: {}\n", "stdin:4:3: admin.addres:"},
		{"JSON", `{"admin": {"addres": {}}}`, "stdin:1:1: admin.addres:"},
		{"literal", head + "  envoy.yaml: |\n    admin:\n      addres: {}\n", "stdin:7:7: ConfigMap b/a: admin.addres:"},
		{"one line", head + `  envoy.yaml: "admin:\n  addres: {}\n"` + "\n", "stdin:5:3: ConfigMap b/a: admin.addres:"},
		{"behind others", "apiVersion: v1\nkind: Service\n---\n" + head + "  envoy.yaml: |-\n    admin:\n      addres: {}\n", "stdin:10:7: ConfigMap b/a: admin.addres:"},
		{"not YAML", "admin: [\n", "stdin:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			code := Main([]string{"validate", "-"}, strings.NewReader(c.text), nil, &out)
			if code != found || !strings.HasPrefix(out.String(), c.want) {
				t.Errorf("exit code %d\n%swant %s", code, &out, c.want)
			}
		})
	}
}

// What holds no bootstrap is bad input.
func TestNothing(t *testing.T) {
	for _, text := range []string{"", "---\n", "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n", "apiVersion: v1\nkind: Service\n"} {
		var out bytes.Buffer
		if code := Main([]string{"validate", "-"}, strings.NewReader(text), nil, &out); code != bad || !strings.HasPrefix(out.String(), "starctl: stdin: ") {
			t.Errorf("%q: exit code %d, %s", text, code, &out)
		}
	}
}
