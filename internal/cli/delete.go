package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
)

func deleteCommand(u *ui) *cobra.Command {
	f := change{deployer: deployer{u: u, aside: true}, name: "delete", doing: "deleting", byName: true}
	c := &cobra.Command{
		Use:     "delete [FILE|DIR|./...] [flags]",
		Short:   "delete everything that a set owns on the cluster",
		GroupID: "cluster",
		Example: `starctl delete --target dev
starctl delete --target prod-us --yes --confirm prod-us`,
		RunE: func(c *cobra.Command, args []string) error { return runDelete(c.Context(), &f, args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	f.approval.flags(c.Flags())
	group(c.Flags(), "Allow", func(fs *pflagSet) { f.protectedFlag(fs) })
	group(c.Flags(), "Waiting", func(fs *pflagSet) { f.timeFlags(fs, "deleted") })
	f.runFlags(c)
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	return c
}

func runDelete(ctx context.Context, f *change, args []string) error {
	if err := f.begin(); err != nil {
		return err
	}
	f.deletes, f.massPrune = true, true // that is what is asked for
	f.plan = func(ctx context.Context, x *deployment) (*plan.Plan, error) { return x.engine.PlanDelete(ctx) }
	f.planned = func(list []*deployment) error {
		slices.SortStableFunc(list, func(a, b *deployment) int { return cmp.Compare(holders(a.plan), holders(b.plan)) })
		return nil
	}
	f.ask = func(list []*deployment) string { return fmt.Sprintf("Delete %s from %s?", sets(list), places(list)) }
	f.do = func(ctx context.Context, x *deployment) (*deploy.Report, error) { return x.engine.Delete(ctx, x.plan) }
	return f.run(ctx, args)
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
	return "the set " + name
}
