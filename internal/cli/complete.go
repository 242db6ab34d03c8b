package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// completeTargets lets a shell complete --target, and --confirm, with the names that the project here has.
func completeTargets(c *cobra.Command, u *ui) {
	names := func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		p, err := projectAt(u, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list []string
		for _, t := range p.Targets {
			list = append(list, t.Name)
		}
		return beginning(list, prefix), cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range []string{"target", "confirm"} {
		if c.Flags().Lookup(flag) != nil {
			u.keep(c.RegisterFlagCompletionFunc(flag, names))
		}
	}
}

func beginning(list []string, prefix string) []string {
	var out []string
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}

// completeContexts lets a shell complete --context with what the kubeconfig has.
func completeContexts(c *cobra.Command, u *ui, f *connection) {
	_ = c.RegisterFlagCompletionFunc("context", func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		return beginning(u.clusters.Contexts(f.kubeconfig), prefix), cobra.ShellCompDirectiveNoFileComp
	}) // the flag is there
}

// completeRevisions lets a shell complete the number of a revision, if the cluster answers soon. Files are completed as well.
func completeRevisions(c *cobra.Command, d *deployer) {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if prefix != "" && strings.Trim(prefix, "0123456789") != "" {
			return nil, cobra.ShellCompDirectiveDefault
		}
		ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
		defer cancel()
		quiet := *d
		quiet.u = newUI(io.Discard, io.Discard, os.Getenv)
		quiet.u.clusters = d.u.clusters
		list, err := quiet.deployments(ctx, args)
		if err != nil || len(list) != 1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		revisions, err := list[0].engine.History(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var out []string
		for _, r := range revisions {
			out = append(out, fmt.Sprintf("%d\t%s", r.Number, when(r.Time)))
		}
		return beginning(out, prefix), cobra.ShellCompDirectiveDefault
	}
}
