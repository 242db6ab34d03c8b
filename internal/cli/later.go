package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/starlark/diag"
)

// laterCommands are specified and not there yet. They are not listed; typed by hand they say so.
func laterCommands() []*cobra.Command {
	var list []*cobra.Command
	for _, name := range []string{"graph", "explain", "import", "repl", "lsp", "mod", "lint"} {
		list = append(list, &cobra.Command{
			Use:                name,
			Hidden:             true,
			DisableFlagParsing: true,
			RunE:               func(*cobra.Command, []string) error { return notYet(name) },
		})
	}
	return list
}

func notYet(what string) diag.Diagnostic {
	return diag.Diagnostic{Message: fmt.Sprintf("%s: not in this version", what)}
}
