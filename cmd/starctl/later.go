package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/starlark/diag"
)

// laterCommands are specified and not there yet. They are not listed; typed by hand they say so.
func laterCommands() []*cobra.Command {
	instead := map[string]string{
		"diff":  "what is rendered can be compared by kubectl: starctl render | kubectl diff -f -",
		"apply": "what is rendered can be applied by kubectl: starctl render | kubectl apply -f -",
	}
	var list []*cobra.Command
	for _, name := range []string{"diff", "apply", "delete", "status", "history", "rollback", "graph", "explain", "import", "repl", "lsp", "mod", "lint"} {
		d := notYet(name)
		if h := instead[name]; h != "" {
			d.Help = []string{h}
		}
		list = append(list, &cobra.Command{
			Use:                name,
			Hidden:             true,
			DisableFlagParsing: true,
			RunE:               func(*cobra.Command, []string) error { return d },
		})
	}
	return list
}

func notYet(what string) diag.Diagnostic {
	return diag.Diagnostic{Message: fmt.Sprintf("%s: not in this version", what)}
}
