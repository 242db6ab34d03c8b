package validate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/internal/envoybin"
)

// The configurations that the corpus is made from are taken as they are, by the judge and by the real Envoy.
func TestAccepted(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("got %d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range validate.Bootstrap(text, validate.Options{}) {
			if f.Level == validate.Error {
				t.Errorf("%s: %v", file, f)
			}
		}
	}
	envoybin.Path(t)
	for _, file := range files {
		if err := envoybin.Validate(t, file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
