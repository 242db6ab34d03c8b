package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
)

type applyFlags struct {
	change
	planFile string
}

func applyCommand(u *ui) *cobra.Command {
	f := applyFlags{change: change{deployer: deployer{u: u}, name: "apply", doing: "applying"}}
	c := &cobra.Command{
		Use:     "apply [FILE|DIR|./...] [flags]",
		Short:   "show the plan, ask, carry it out, wait until healthy, prune",
		GroupID: "cluster",
		Example: `starctl apply                            deploy.star of this directory
starctl apply --target prod-us --set tag=v2
starctl apply ./... --target 'prod-*' --yes --confirm prod-us --confirm prod-eu`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	f.approval.flags(c.Flags())
	group(c.Flags(), "Approval", func(fs *pflagSet) {
		fs.StringVar(&f.planFile, "plan", "", "carry out the plan in `FILE` that diff --save wrote, and nothing else")
	})
	f.allowances.flags(c.Flags())
	f.patience.flags(c.Flags())
	f.runFlags(c)
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	return c
}

func (f *applyFlags) run(ctx context.Context, args []string) error {
	f.yes = f.yes || f.planFile != "" // whoever gives a plan has read it
	if err := f.begin(); err != nil {
		return err
	}
	saved, err := f.savedPlans()
	if err != nil {
		return err
	}
	f.plan = func(ctx context.Context, x *deployment) (*plan.Plan, error) { return x.engine.Plan(ctx) }
	if f.planFile != "" {
		f.planned = func(list []*deployment) error { return f.matches(saved, list) }
	}
	f.ask = func(list []*deployment) string { return "Apply to " + places(list) + "?" }
	f.do = func(ctx context.Context, x *deployment) (*deploy.Report, error) { return x.engine.Apply(ctx, x.plan) }
	return f.change.run(ctx, args)
}

// savedPlans reads --plan, before any cluster is asked.
func (f *applyFlags) savedPlans() ([]*plan.Saved, error) {
	if f.planFile == "" {
		return nil, nil
	}
	file, err := os.Open(f.u.at(f.planFile))
	if err != nil {
		return nil, &deploy.Failure{Verdict: deploy.BadInput, Err: fmt.Errorf("--plan %s: %w", f.planFile, bare(err)), Help: []string{f.makeAnew()}}
	}
	defer file.Close()
	saved, err := plan.Load(file)
	if err != nil {
		return nil, &deploy.Failure{Verdict: deploy.BadInput, Err: fmt.Errorf("%s: %w", f.planFile, bare(err)), Help: []string{f.makeAnew()}}
	}
	return saved, nil
}

func (f *applyFlags) makeAnew() string {
	return "make the plan anew, and review it: " + f.u.again("diff", "--save", shellQuote(f.planFile))
}

// matches refuses to go on if what the saved plans say is not exactly what would be done now.
func (f *applyFlags) matches(saved []*plan.Saved, list []*deployment) error {
	differs := func(what string, err error) error {
		return &deploy.Failure{
			Verdict: deploy.Refused, Err: fmt.Errorf("%s: %s: %w: nothing was written", f.planFile, what, err), Help: []string{f.makeAnew()},
		}
	}
	if len(saved) != len(list) {
		return &deploy.Failure{
			Verdict: deploy.Refused,
			Err:     fmt.Errorf("%s holds %s, and the command line means %d: nothing was written", f.planFile, count(len(saved), "plan"), len(list)),
			Help:    []string{"name the same files and targets as when the plan was made", f.makeAnew()},
		}
	}
	for i, x := range list {
		if err := saved[i].Matches(x.plan); err != nil {
			return differs(title(x, list), err)
		}
	}
	return nil
}
