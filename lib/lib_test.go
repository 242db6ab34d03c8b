package lib

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// Every file of the library is embedded, and has its tests and an example; "starctl test" in this directory runs them, and
// the tests of the command do so.
func TestComplete(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".star")
		if !ok || name == "starctl" || strings.HasSuffix(name, "_test") || strings.HasSuffix(name, "_example") {
			continue
		}
		if _, err := fs.Stat(Files, name+".star"); err != nil {
			t.Errorf("%s.star is not embedded", name)
		}
		for _, other := range []string{name + "_test.star", name + "_example.star", "golden/" + name + "_example.default.yaml"} {
			if _, err := os.Stat(other); err != nil {
				t.Errorf("%s.star has no %s", name, other)
			}
		}
	}
}
