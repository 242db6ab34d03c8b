package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFresh generates the files anew and compares. Without the modules in the cache it skips; CI sets
// GENERATE_REQUIRED=1, which fetches them.
func TestFresh(t *testing.T) {
	required := os.Getenv("GENERATE_REQUIRED") != ""
	env := []string{"GOFLAGS=-mod=mod"}
	if !required {
		env = append(env, "GOPROXY=off")
	}
	mods, err := download(env...)
	if err != nil {
		if required {
			t.Fatal(err)
		}
		t.Skipf("the modules of Kubernetes are not in the module cache: %v", err)
	}
	files, err := generate(mods)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../kube/schema", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("kube/schema/%s is not what internal/schemagen writes: run go generate ./kube/schema", name)
		}
	}
}

func TestLocate(t *testing.T) {
	for _, c := range []struct{ openapi, path, name string }{
		{"io.k8s.api.core.v1.Container", "k8s.io/api/core/v1", "Container"},
		{"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "k8s.io/apimachinery/pkg/apis/meta/v1", "ObjectMeta"},
	} {
		if path, name, err := locate(c.openapi); path != c.path || name != c.name || err != nil {
			t.Errorf("%s: got %s %s %v", c.openapi, path, name, err)
		}
	}
	if _, _, err := locate("com.example.v1.Foo"); err == nil {
		t.Error("a package that is not Kubernetes' was found")
	}
}
