package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

func rollbackCommand(u *ui) *cobra.Command {
	f := change{deployer: deployer{u: u, aside: true}, name: "rollback", doing: "rolling back"}
	c := &cobra.Command{
		Use:     "rollback [FILE|DIR|./...] [REVISION] [flags]",
		Short:   "apply an earlier revision again, by default the last one that went well",
		GroupID: "cluster",
		Example: `starctl rollback --target prod-us       to the revision before this one
starctl rollback checkout 12            to revision 12 of the set in checkout
starctl history                         lists the revisions`,
		RunE: func(c *cobra.Command, args []string) error { return runRollback(c.Context(), &f, args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	f.approval.flags(c.Flags())
	f.allowances.flags(c.Flags())
	f.patience.flags(c.Flags())
	f.runFlags(c)
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	completeRevisions(c, &f.deployer)
	return c
}

func runRollback(ctx context.Context, f *change, args []string) error {
	if err := f.begin(); err != nil {
		return err
	}
	args, revision, err := f.revision(args)
	if err != nil {
		return err
	}
	f.plan = func(ctx context.Context, x *deployment) (*plan.Plan, error) {
		return x.engine.PlanRollback(ctx, revision)
	}
	f.ask = func(list []*deployment) string { return "Roll back " + revisions(list) + "?" }
	f.do = func(ctx context.Context, x *deployment) (*deploy.Report, error) { return x.engine.Apply(ctx, x.plan) }
	return f.run(ctx, args, oneSet(revision))
}

// revisions name where deployments go back to, and on which targets: "dev to revision 3, prod-us to revision 2".
func revisions(list []*deployment) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, fmt.Sprintf("%s to revision %d", title(x, list), x.plan.Revision))
	}
	return strings.Join(parts, ", ")
}

// oneSet refuses the number of a revision where several sets are meant.
func oneSet(revision int) func([]task) error {
	return func(tasks []task) error {
		if revision == 0 || len(tasks) == 1 {
			return nil
		}
		return diag.Diagnostic{
			Message: fmt.Sprintf("revision %d of which set? the command line means %d", revision, len(tasks)),
			Help:    []string{"each set counts its own revisions: choose one file and one target"},
		}
	}
}

// revision takes the number of a revision out of the arguments; 0 if there is none. A file of that name is a file.
func (d *deployer) revision(args []string) (rest []string, revision int, err error) {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if _, missing := os.Stat(d.u.at(a)); err != nil || !errors.Is(missing, fs.ErrNotExist) {
			rest = append(rest, a)
			continue
		}
		if n < 1 || revision != 0 {
			return nil, 0, diag.Diagnostic{Message: fmt.Sprintf("got revision %s, want one number from 1 up", a)}
		}
		revision = n
	}
	return rest, revision, nil
}
