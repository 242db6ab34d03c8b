package check

import (
	"os"
	"testing"
)

// TestManifests checks the YAML file that the environment variable MANIFESTS names, as it would be applied: what a cluster runs
// must give no errors. Warnings are printed.
func TestManifests(t *testing.T) {
	file := os.Getenv("MANIFESTS")
	if file == "" {
		t.Skip("MANIFESTS names no file")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := load(t, string(text))
	for _, f := range All(set, Options{}) {
		if f.Severity == Error {
			t.Error(f)
		} else {
			t.Log(f)
		}
	}
	t.Logf("%d objects", len(set.Objects))
}
