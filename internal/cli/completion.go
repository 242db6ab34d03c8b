package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/starctl/starctl/starlark/diag"
)

// plainUsage takes the marks of values off the texts of all flags: a shell shows the texts as they are.
func plainUsage(c *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.Flags().VisitAll(plain)
	c.PersistentFlags().VisitAll(plain)
	for _, sub := range c.Commands() {
		plainUsage(sub)
	}
}

func completionCommand(u *ui) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "a script that completes commands, flags and targets in a shell",
		Example: `source <(starctl completion bash)
starctl completion zsh > "${fpath[1]}/_starctl"
starctl completion fish | source`,
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return diag.Diagnostic{Message: "completion wants one shell: bash, zsh, fish or powershell"}
			}
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(u.out, true)
			case "zsh":
				return root.GenZshCompletion(u.out)
			case "fish":
				return root.GenFishCompletion(u.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(u.out)
			}
			return diag.Diagnostic{
				Message: fmt.Sprintf("no completion for shell %q", args[0]), Suggest: diag.Nearest(args[0], shells),
				Help: []string{"there are bash, zsh, fish and powershell"},
			}
		},
	}
}
