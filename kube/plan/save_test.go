package plan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

// aPlan is a plan of three objects, of which two change.
func aPlan() *Plan {
	secret := obj("apiVersion", str("v1"), "kind", str("Secret"), "metadata", obj("name", str("s"), "namespace", str("n")), "data", obj("password", str("aHVudGVyMg==")))
	live := with(secret, "data", obj("password", str("aHVudGVyMQ=="), "old", str("aHVudGVyMQ==")))
	config := obj("apiVersion", str("v1"), "kind", str("ConfigMap"), "metadata", obj("name", str("c"), "namespace", str("n")), "data", obj("a", str("1")))
	gone := kube.ID{Version: "v1", Kind: "ConfigMap", Namespace: "n", Name: "gone"}
	return &Plan{Set: "shop", Namespace: "n", Cluster: "uid", Inventory: "5", Steps: []Step{
		{ID: kube.Identify(secret), Action: Update, Desired: secret, Live: live, Result: secret, UID: "u1", ResourceVersion: "1", Changes: NewComparer().Compare(live, secret)},
		{ID: kube.Identify(config), Action: Create, Desired: config, Stage: 1, After: []int{0}},
		{ID: gone, Action: Delete, UID: "u3", ResourceVersion: "3"},
	}}
}

func saved(t *testing.T, plans ...*Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Save(&b, plans...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSave(t *testing.T) {
	b := saved(t, aPlan(), aPlan())
	list, err := Load(bytes.NewReader(b))
	if err != nil || len(list) != 2 || list[0].Set != "shop" || list[0].Cluster != "uid" || list[0].Namespace != "n" {
		t.Fatalf("got %+v, %v", list, err)
	}
	if err := list[1].Matches(aPlan()); err != nil { // its digests of Secrets have another key
		t.Error(err)
	}
	for _, secret := range []string{"hunter", "aHVudGVy", "digest ", NewComparer().digest(kube.ID{}, "", "", false)} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("the file holds %q:\n%s", secret, b)
		}
	}
	if !bytes.Contains(b, []byte("password")) {
		t.Error("the file does not name the keys of Secrets")
	}
	if again := saved(t, aPlan(), aPlan()); !bytes.Equal(again, b) {
		t.Error("the same plan makes another file")
	}
}

// Whatever is done to the file, it is not taken for what it was.
func TestLoadTampered(t *testing.T) {
	b := saved(t, aPlan())
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 1
		list, err := Load(bytes.NewReader(c))
		if err == nil && bytes.ContainsAny(b[i:i+1], " \n") {
			continue // space between tokens
		}
		if err == nil {
			t.Errorf("byte %d, %q, was changed and nothing noticed: %v", i, b[max(0, i-20):i+1], list)
		}
	}
	for n := range len(b) - 2 {
		if _, err := Load(bytes.NewReader(b[:n])); err == nil {
			t.Errorf("the first %d bytes are taken for the file", n)
		}
	}
	for in, want := range map[string]string{
		"":                                    "this is no plan file, or only part of one: the JSON ends after 0 bytes, want a value",
		"{}":                                  "this is no plan file of starctl",
		`{"kind":"starctl plan","version":2}`: "got a plan file of version 2, want 1: another starctl made it",
		`{"kind":"starctl plan","version":1}`: "the plan file was changed after it was made",
	} {
		if _, err := Load(strings.NewReader(in)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	list, err := Load(bytes.NewReader(saved(t, aPlan())))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Plan)
		want   string
	}{
		{"nothing", func(p *Plan) {}, ""},
		{"a newer status", func(p *Plan) { p.Steps[0].ResourceVersion = "9"; p.Inventory = "7" }, ""},
		{"the set", func(p *Plan) { p.Set = "cart" }, "the plan is for the set shop, not cart"},
		{"the cluster", func(p *Plan) { p.Cluster = "" }, "the plan is for the cluster uid, not (unknown)"},
		{"the namespace", func(p *Plan) { p.Namespace = "m" }, "the plan is for the namespace n, not m"},
		{"a byte", func(p *Plan) { p.Steps[1].Desired = with(p.Steps[1].Desired, "data", obj("a", str("2"))) }, "ConfigMap n/c is declared otherwise now"},
		{"a Secret's key", func(p *Plan) { p.Steps[0].Desired = with(p.Steps[0].Desired, "data", obj("passwort", str("x"))) }, "Secret n/s is declared otherwise now"},
		{"a Secret's type", func(p *Plan) { p.Steps[0].Desired = with(p.Steps[0].Desired, "type", str("x")) }, "Secret n/s is declared otherwise now"},
		{"a Secret's changes", func(p *Plan) { p.Steps[0].Changes = p.Steps[0].Changes[:1] }, "Secret n/s would be changed in other fields, or from other values"},
		{"an action", func(p *Plan) { p.Steps[0].Action = Unchanged }, "Secret n/s was to be updated, and now would be left unchanged"},
		{"made in the meantime", func(p *Plan) { p.Steps[1].Action, p.Steps[1].UID = Update, "u2" }, "ConfigMap n/c was to be created, and now would be updated"},
		{"another object of the name", func(p *Plan) { p.Steps[2].UID = "u4" }, "ConfigMap n/gone was deleted and made again since"},
		{"one less", func(p *Plan) { p.Steps = p.Steps[:2] }, "ConfigMap n/gone is in the plan, and is neither declared nor there any more"},
		{"one more", func(p *Plan) { p.Steps = append(p.Steps, Step{ID: kube.ID{Version: "v1", Kind: "Pod", Name: "x"}}) }, "Pod x is not in the plan"},
		{"order", func(p *Plan) { p.Steps[1].After = nil }, "ConfigMap n/c would be applied at another time among the others"},
		{"much", func(p *Plan) {
			for _, n := range []string{"1", "2", "3", "4", "5", "6", "7"} {
				p.Steps = append(p.Steps, Step{ID: kube.ID{Version: "v1", Kind: "Pod", Name: n}})
			}
		}, "Pod 1 is not in the plan; Pod 2 is not in the plan; Pod 3 is not in the plan; Pod 4 is not in the plan; Pod 5 is not in the plan; and 2 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := aPlan()
			c.change(p)
			got := ""
			if err := list[0].Matches(p); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
