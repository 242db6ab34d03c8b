package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/cluster"
	"github.com/starctl/starctl/kube/plan"
)

type deleteFlags struct {
	deployer
	approval
	keepGoing bool
	json      bool
}

func deleteCommand(u *ui) *cobra.Command {
	f := deleteFlags{deployer: deployer{u: u}}
	c := &cobra.Command{
		Use:     "delete [FILE|DIR|./...] [flags]",
		Short:   "delete everything that a set owns on the cluster",
		GroupID: "cluster",
		Example: `starctl delete --target dev
starctl delete --target prod-us --yes --confirm prod-us`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	f.approval.flags(c.Flags())
	group(c.Flags(), "Allow", func(fs *pflagSet) { f.protectedFlag(fs) })
	group(c.Flags(), "Waiting", func(fs *pflagSet) { f.timeFlags(fs, "deleted") })
	runFlags(c, &f.json, &f.keepGoing)
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, &f.connection)
	return c
}

func (f *deleteFlags) run(ctx context.Context, args []string) error {
	if f.json {
		f.u.logEvents()
	}
	if err := f.approval.possible(f.u, "delete"); err != nil {
		return err
	}
	f.deletes, f.massPrune = true, true // that is what is asked for
	list, err := f.deployments(ctx, args, f.approval.check)
	if err != nil {
		return err
	}
	f.warnUnpinned(list)
	err = f.plans(ctx, list, func(ctx context.Context, x *deployment) (*plan.Plan, error) { return x.engine.PlanDelete(ctx) })
	if err != nil {
		return err
	}
	if err := f.present(list); err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b *deployment) int { return cmp.Compare(holders(a.plan), holders(b.plan)) })
	q := question{ask: fmt.Sprintf("Delete %s from %s?", sets(list), places(list)), list: list, byName: true}
	if err := f.approval.of(ctx, f.u, q); err != nil {
		return err
	}
	return f.carryOut(ctx, list, act{"delete", "deleting", f.keepGoing, func(ctx context.Context, x *deployment) (*cluster.Report, error) {
		return x.engine.Delete(ctx, x.plan)
	}})
}

// holders counts what holds the objects of other sets, and takes them along when it goes: that is deleted last.
func holders(p *plan.Plan) int {
	n := 0
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action == plan.Delete && (s.ID.Kind == "Namespace" || s.ID.Kind == "CustomResourceDefinition") {
			n++
		}
	}
	return n
}

// sets names what is deleted: the set if it is one, else how many.
func sets(list []*deployment) string {
	name := list[0].result.Set.Name
	for _, x := range list {
		if x.result.Set.Name != name {
			return count(len(list), "set")
		}
	}
	return name
}
