package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/cluster"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

type applyFlags struct {
	deployer
	approval
	planFile  string
	keepGoing bool
	json      bool
}

func applyCommand(u *ui) *cobra.Command {
	f := applyFlags{deployer: deployer{u: u}}
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
	runFlags(c, &f.json, &f.keepGoing)
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, &f.connection)
	return c
}

// runFlags are those of all commands that change a cluster.
func runFlags(c *cobra.Command, asJSON, keepGoing *bool) {
	group(c.Flags(), "Run", func(fs *pflagSet) {
		fs.BoolVar(asJSON, "json", false, "all that happens as JSON, an event a line")
		fs.BoolVar(keepGoing, "keep-going", false, "go on with the next set or target after a failure")
	})
}

func (f *applyFlags) run(ctx context.Context, args []string) error {
	if f.json {
		f.u.logEvents()
	}
	f.yes = f.yes || f.planFile != "" // whoever gives a plan has read it
	if err := f.approval.possible(f.u, "apply"); err != nil {
		return err
	}
	saved, err := f.savedPlans()
	if err != nil {
		return err
	}
	list, err := f.deployments(ctx, args, f.approval.check)
	if err != nil {
		return err
	}
	f.warnUnpinned(list)
	err = f.plans(ctx, list, func(ctx context.Context, x *deployment) (*plan.Plan, error) { return x.engine.Plan(ctx) })
	if err != nil {
		return err
	}
	if err := f.present(list); err != nil {
		return err
	}
	if f.planFile != "" {
		if err := f.matches(saved, list); err != nil {
			return err
		}
	}
	if err := f.approval.of(ctx, f.u, question{ask: "Apply to " + places(list) + "?", list: list}); err != nil {
		return err
	}
	return f.carryOut(ctx, list, act{"apply", "applying", f.keepGoing, func(ctx context.Context, x *deployment) (*cluster.Report, error) {
		return x.engine.Apply(ctx, x.plan)
	}})
}

// savedPlans reads --plan, before any cluster is asked.
func (f *applyFlags) savedPlans() ([]*plan.Saved, error) {
	if f.planFile == "" {
		return nil, nil
	}
	file, err := os.Open(f.u.at(f.planFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	saved, err := plan.Load(file)
	if err != nil {
		return nil, &cluster.Failure{Verdict: cluster.BadInput, Err: fmt.Errorf("%s: %w", f.planFile, err), Help: []string{f.makeAnew()}}
	}
	return saved, nil
}

func (f *applyFlags) makeAnew() string {
	return "make the plan anew, and review it: starctl diff --save " + shellQuote(f.planFile)
}

// matches refuses to go on if what the saved plans say is not exactly what would be done now.
func (f *applyFlags) matches(saved []*plan.Saved, list []*deployment) error {
	differs := func(what string, err error) error {
		return &cluster.Failure{
			Verdict: cluster.Refused, Err: fmt.Errorf("%s: %s: %w: nothing was written", f.planFile, what, err), Help: []string{f.makeAnew()},
		}
	}
	if len(saved) != len(list) {
		return diag.Diagnostic{Message: fmt.Sprintf("%s holds %s, and the command line means %d", f.planFile, count(len(saved), "plan"), len(list))}
	}
	for i, x := range list {
		if err := saved[i].Matches(x.plan); err != nil {
			return differs(title(x, list), err)
		}
	}
	return nil
}

// present shows the plans, or why they cannot be carried out.
func (d *deployer) present(list []*deployment) error {
	if err := d.show(list); err != nil {
		return err
	}
	return d.obstacles(list, "nothing was written")
}

// warnUnpinned says once that a cluster is only known by the name of a context.
func (d *deployer) warnUnpinned(list []*deployment) {
	for _, x := range list {
		if t := x.Target; t != nil && t.Cluster == "" {
			d.u.report(&located{diag.List{{
				Severity: diag.Warning,
				Pos:      t.Pos,
				Message:  fmt.Sprintf("target %s: the cluster is not pinned: whatever the context points at is taken for it", t.Name),
				Help:     []string{"pin it: starctl targets --pin"},
			}}, x.project, x.root})
			return
		}
	}
}
