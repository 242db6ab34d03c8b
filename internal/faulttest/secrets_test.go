package faulttest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/internal/clustertest"
)

// The values that must not be seen anywhere, in clear or as base64.
const (
	hidden  = "correct-horse-battery"
	hidden2 = "staple-rhubarb-anvil"
)

func forms(value string) []string {
	return []string{value, base64.StdEncoding.EncodeToString([]byte(value))}
}

// secretless checks that a text holds no value of a Secret.
func secretless(t *testing.T, where, text string) {
	t.Helper()
	for _, v := range []string{hidden, hidden2} {
		for _, f := range forms(v) {
			if strings.Contains(text, strings.TrimRight(f, "=")) {
				t.Errorf("%s shows a value of a Secret:\n%s", where, text)
			}
		}
	}
}

// secretOf declares a Secret whose values come from files, not from the deploy file
// itself, where everybody could read them.
func (s *site) secretOf(values map[string]string) string {
	s.t.Helper()
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		if err := os.WriteFile(filepath.Join(s.prog.Dir, k+".txt"), []byte(values[k]), 0o600); err != nil {
			s.t.Fatal(err)
		}
		pairs = append(pairs, fmt.Sprintf("%q: read_file(%q)", k, "./"+k+".txt"))
	}
	return `secret("key", data = {` + strings.Join(pairs, ", ") + `})`
}

// TestFault24SecretsStaySecret: whatever happens to a Secret, no value of it is in any output, in the inventory or in a plan file.
func TestFault24SecretsStaySecret(t *testing.T) {
	s := newSite(t)
	look := func(command string, args ...string) clustertest.Result {
		t.Helper()
		r := s.run(command, args...)
		secretless(t, "stdout of "+command+" "+strings.Join(args, " "), r.Stdout)
		secretless(t, "stderr of "+command+" "+strings.Join(args, " "), r.Stderr)
		return r
	}
	s.deploy(s.secretOf(map[string]string{"a": hidden, "b": hidden}), settings("c", "1"))
	s.want(look("diff"), 1)
	s.want(look("diff", "--whole"), 1, "kind: Secret")
	s.want(look("diff", "-o", "json"), 1)
	s.want(look("apply", "--json"), done)

	// A key is removed, another changes.
	s.deploy(s.secretOf(map[string]string{"a": hidden2}), settings("c", "1"))
	plan := filepath.Join(t.TempDir(), "plan")
	s.want(look("diff", "--save", plan), 1, `data["a"]`)
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	secretless(t, "the plan file", string(text))
	s.want(look("apply", "--plan", plan), done)
	if o := s.Get(t, "Secret", s.ns, "key"); o.Text("data", "a") != forms(hidden2)[1] || o.At("data", "b") != nil {
		t.Errorf("the Secret is not as declared: it has the keys %v", keys(o))
	}

	// The type cannot change.
	s.deploy(strings.TrimSuffix(s.secretOf(map[string]string{"a": hidden2}), ")")+`, type = "example.com/other")`, settings("c", "1"))
	s.want(look("apply"), refused, "Secret")

	// The server's own message repeats what it was sent.
	s.deploy(s.secretOf(map[string]string{"a": hidden}), settings("c", "1"))
	bad := s.proxy.On(clustertest.Both(clustertest.DryRuns, clustertest.Named("key")),
		clustertest.Status(500, "", `failed to create typed patch object: .data.a: `+hidden+` is bad, and so is `+forms(hidden)[1]))
	s.want(look("apply"), refused, "Secret")
	s.want(look("apply", "--json"), refused)
	s.want(look("diff"), refused)
	s.hit(bad)
	s.proxy.Forget()

	// Somebody else owns a key.
	s.Merge(t, "Secret", s.ns, "key", map[string]any{"data": map[string]any{"a": forms("theirs")[1]}})
	s.want(look("apply"), refused, `data["a"]`)
	look("status")
	look("history")
	look("rollback", "1")

	for _, o := range s.List(t, "ConfigMap", s.ns, "") {
		secretless(t, "ConfigMap "+o.Name(), dump(o))
	}
	for _, o := range s.List(t, "Secret", s.ns, "") {
		if o.Name() != "key" {
			for k := range o.At("data").(map[string]any) {
				secretless(t, "Secret "+o.Name(), unpack(t, o.Text("data", k)))
			}
		}
	}

	// Bad base64 is found before anything is sent, and is not repeated.
	s.secretOf(map[string]string{"a": hidden + "!"})
	s.deploy(`k8s.core.v1.Secret(metadata = {"name": "raw"}, data = {"a": read_file("./a.txt")})`)
	s.proxy.Forget()
	s.want(look("apply"), badInput, "Secret", "base64")
	s.want(look("apply", "--json"), badInput, "base64")
	s.wantWrites(0)
}

// TestFault24AdoptedSecretsStaySecret: kubectl apply keeps all that it was given in an annotation, in clear.
func TestFault24AdoptedSecretsStaySecret(t *testing.T) {
	s := newSite(t)
	given := fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"key","namespace":%q},"stringData":{"a":%q,"old":%q}}`, s.ns, hidden, hidden2)
	s.Create(t, clustertest.Object{
		"apiVersion": "v1", "kind": "Secret", "stringData": map[string]any{"a": hidden, "old": hidden2},
		"metadata": map[string]any{"name": "key", "namespace": s.ns, "annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": given}},
	})
	s.deploy(s.secretOf(map[string]string{"a": hidden}))
	plan := filepath.Join(t.TempDir(), "plan")
	for _, args := range [][]string{
		{"diff"},
		{"diff", "--adopt", "--whole", "--save", plan},
		{"diff", "--adopt", "-o", "json"},
		{"apply", "--json"},
		{"apply", "--adopt", "--json"},
		{"status", "--json"},
		{"history", "1"},
		{"diff", "--whole"},
	} {
		r := s.run(args[0], args[1:]...)
		secretless(t, "stdout of "+strings.Join(args, " "), r.Stdout)
		secretless(t, "stderr of "+strings.Join(args, " "), r.Stderr)
	}
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	secretless(t, "the plan file", string(text))
	if o := s.Get(t, "Secret", s.ns, "key"); o.Text("data", "a") != forms(hidden)[1] || o.Text("metadata", "labels", "starctl.dev/set") != "shop" {
		t.Error("the Secret was not adopted")
	}
	for _, o := range append(s.List(t, "ConfigMap", s.ns, ""), s.List(t, "Event", s.ns, "")...) {
		secretless(t, o.Name(), dump(o))
	}
}

func keys(o clustertest.Object) []string {
	var list []string
	data, _ := o.At("data").(map[string]any)
	for k := range data {
		list = append(list, k)
	}
	return list
}
