// Command docgen collects the documentation of the builtins, which is the comments above their Go functions, into two
// files: builtins/docs.txt, which the binary holds for `starctl doc`, and docs/reference.md. The names of the checks and what
// they find make docs/checks.md.
//
// A comment documents a builtin if its first paragraph is the signature that a user types, name(parameters) -> result, or
// name -> module; functions of package envoy leave out the module's name. Order and headings are those of the table in
// builtins.go. Run it as `go generate ./builtins`; a test fails where the files are not up to date.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("../"); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// run writes the files below the root of the repo.
func run(root string) error {
	sections, err := collect(root)
	if err != nil {
		return err
	}
	for name, text := range files(sections) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files returns what is generated, by its name below the root.
func files(sections []section) map[string]string {
	return map[string]string{
		"builtins/docs.txt": docs(sections),
		"docs/reference.md": reference(sections),
		"docs/checks.md":    checks(),
	}
}
