package kube_test

import (
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

func TestParsePath(t *testing.T) {
	for _, s := range []string{
		"spec", "spec.replicas", `spec.template.spec.containers["app"].args[2]`, `metadata.labels["a.b/c"]`, `data["x]y"].z`,
	} {
		p, err := kube.ParsePath(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := p.String(); got != s {
			t.Errorf("%s reads as %s", s, got)
		}
	}
	p, err := kube.ParsePath("a['b'][1]")
	if want := (kube.Path{kube.Field("a"), kube.Key("b"), kube.Item(1, "")}); err != nil || p.String() != want.String() {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestParsePathMistakes(t *testing.T) {
	for s, want := range map[string]string{
		"":         "got an empty path",
		".a":       "a field's name is missing",
		"a..b":     "a field's name is missing",
		"a.":       "a field's name is missing",
		"a[":       "does not end with ]",
		"a[x]":     "want an index or a quoted key",
		"a[-1]":    "want an index or a quoted key",
		`a["b]`:    `does not end with "]`,
		`a["b"`:    `does not end with "]`,
		`a["b"]c`:  "want . or [",
		`a["b"x].`: `does not end with "]`,
	} {
		if _, err := kube.ParsePath(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", s, err, want)
		}
	}
}
