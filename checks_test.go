package starctl

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/starctl/starctl/link"
)

// Every name under which linking warns is in the table, and nothing else is.
func TestOwnChecks(t *testing.T) {
	for _, name := range link.Checks() {
		if !slices.Contains(checkNames(), name) {
			t.Errorf("%s is a check of linking, and not in the table", name)
		}
	}
	var used []string
	files, err := filepath.Glob("link/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, "flatten.go") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:warn\(|Check: +)"([a-z]+-[a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
			used = append(used, m[1])
			if !slices.ContainsFunc(ownChecks[:], func(c Check) bool { return c.Name == m[1] }) {
				t.Errorf("%s: %s is not in the table", f, m[1])
			}
		}
	}
	for _, c := range ownChecks {
		if !slices.Contains(used, c.Name) {
			t.Errorf("%s is in the table, and nobody warns under that name", c.Name)
		}
	}
	names := checkNames()
	slices.Sort(names)
	if n := len(names); len(slices.Compact(names)) != n {
		t.Error("a name stands twice")
	}
}
