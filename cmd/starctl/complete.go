package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// completeTargets lets a shell complete --target with the names that the project here has.
func completeTargets(c *cobra.Command, u *ui) {
	err := c.RegisterFlagCompletionFunc("target", func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		p, err := projectAt(u, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list []string
		for _, t := range p.Targets {
			if strings.HasPrefix(t.Name, prefix) {
				list = append(list, t.Name)
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	})
	u.keep(err)
}
