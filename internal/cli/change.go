package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

// change is a command that changes clusters: it makes plans, shows them, asks, and carries them out. Nothing is written unless
// there is a plan without an obstacle for everything that the command line means.
type change struct {
	deployer
	approval
	keepGoing bool
	json      bool

	name, doing string // of the command: "apply", "applying"
	plan        func(context.Context, *deployment) (*plan.Plan, error)
	planned     func([]*deployment) error // looks at the plans once they were shown, and may order them; nil for nothing
	ask         func([]*deployment) string
	byName      bool // see question
	do          func(context.Context, *deployment) (*deploy.Report, error)
}

// runFlags are those of all commands that change a cluster.
func (c *change) runFlags(cmd *cobra.Command) {
	group(cmd.Flags(), "Run", func(fs *pflagSet) {
		fs.BoolVar(&c.json, "json", false, "all that happens as JSON, an event a line")
		fs.BoolVar(&c.keepGoing, "keep-going", false, "go on with the next set or target after a failure")
	})
}

// begin is what comes before any file is read.
func (c *change) begin() error {
	c.writes = true
	if c.json && c.u.events == nil {
		c.u.logEvents()
	}
	return c.possible(c.u, c.name)
}

func (c *change) run(ctx context.Context, args []string, checks ...func([]task) error) error {
	list, err := c.deployments(ctx, args, append(checks, c.approval.check)...)
	if err != nil {
		return err
	}
	c.warnUnpinned(list)
	if err := c.plans(ctx, list, c.plan); err != nil {
		return err
	}
	if err := c.show(list); err != nil {
		return err
	}
	if err := c.obstacles(list, "nothing was written"); err != nil {
		return err
	}
	if c.planned != nil {
		if err := c.planned(list); err != nil {
			return err
		}
	}
	if err := c.of(ctx, c.u, question{ask: c.ask(list), list: list, byName: c.byName}); err != nil {
		return err
	}
	return c.carryOut(ctx, list, act{c.name, c.doing, c.keepGoing, c.do})
}

// warnUnpinned says once which clusters are only known by the names of contexts.
func (d *deployer) warnUnpinned(list []*deployment) {
	var first *deployment
	var names []string
	for _, x := range list {
		if t := x.Target; t != nil && t.Cluster == "" && !slices.Contains(names, t.Name) {
			names = append(names, t.Name)
			first = cmp.Or(first, x)
		}
	}
	if first == nil {
		return
	}
	message, pin := "target "+names[0]+": the cluster is not pinned: whatever the context points at is taken for it", "pin it"
	if len(names) > 1 {
		message, pin = "targets "+strings.Join(names, ", ")+": their clusters are not pinned: whatever the contexts point at is taken for them", "pin them"
	}
	d.u.report(&located{diag.List{{
		Severity: diag.Warning, Pos: first.Target.Pos, Message: message, Help: []string{pin + ": starctl targets --pin"},
	}}, first.project, first.root})
}
