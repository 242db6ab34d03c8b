package builtins

import (
	_ "embed"
	"strings"
)

//go:generate go run ../internal/docgen

// docs is what docgen collects of the comments in this package: each entry below a line "=== NAME".
//
//go:embed docs.txt
var docs string

// Doc returns the documentation of a predeclared name, or of a member of one such as json.encode: its signature, an empty
// line, and what it does with each argument.
func Doc(name string) (string, bool) {
	_, rest, found := strings.Cut("\n"+docs, "\n=== "+name+"\n")
	if !found {
		return "", false
	}
	text, _, _ := strings.Cut(rest, "\n=== ")
	return strings.TrimSuffix(text, "\n") + "\n", true
}

// DocNames lists the names that have documentation: those of the Table in its order, each module before its members.
func DocNames() []string {
	var names []string
	for line := range strings.Lines(docs) {
		if name, ok := strings.CutPrefix(line, "=== "); ok {
			names = append(names, strings.TrimSuffix(name, "\n"))
		}
	}
	return names
}
