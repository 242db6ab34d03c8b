package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

type historyFlags struct {
	deployer
	json bool
}

func historyCommand(u *ui) *cobra.Command {
	f := historyFlags{deployer: deployer{u: u, aside: true}}
	c := &cobra.Command{
		Use:     "history [FILE|DIR|./...] [REVISION] [flags]",
		Short:   "list what was applied before, or show a revision",
		GroupID: "cluster",
		Example: `starctl history --target prod-us       the revisions, newest first
starctl history 12                     the objects of revision 12 as YAML, without data of Secrets`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) { fs.BoolVar(&f.json, "json", false, "as JSON") })
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	completeRevisions(c, &f.deployer)
	return c
}

func (f *historyFlags) run(ctx context.Context, args []string) error {
	args, number, err := f.revision(args)
	if err != nil {
		return err
	}
	list, err := f.deployments(ctx, args, oneSet(number))
	if err != nil {
		return err
	}
	if number > 0 {
		return f.show(ctx, list[0], number)
	}
	all := make([][]deploy.Revision, len(list))
	err = f.each(ctx, list, func(i int, x *deployment) (err error) {
		all[i], err = x.engine.History(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if f.json {
		return f.listJSON(list, all)
	}
	return f.tables(list, all)
}

// show writes the objects of a revision, as render writes them, or the revision as data.
func (f *historyFlags) show(ctx context.Context, x *deployment, number int) error {
	defer f.u.waiting("reading " + x.place)()
	r, err := x.engine.Revision(ctx, number)
	if err != nil {
		return f.ofDeployment(x, []*deployment{x}, err)
	}
	objects := make([]*kube.Object, len(r.Objects))
	for i, n := range r.Objects {
		objects[i] = kube.NewObject(n, nil)
	}
	format := encode.YAML
	if f.json {
		format = encode.JSON
	}
	return encode.Write(f.u.out, format, objects)
}

func (f *historyFlags) tables(list []*deployment, all [][]deploy.Revision) error {
	for i, x := range list {
		if len(list) > 1 {
			if i > 0 {
				f.u.printf("\n")
			}
			f.u.printf("%s\n", f.u.paintOut(bold, diag.Escape(title(x, list))))
		}
		if len(all[i]) == 0 {
			f.u.note("%s: nothing was applied yet", title(x, list))
			continue
		}
		rows := [][]string{{"REVISION", "WHEN", "WHO", "CHANGES", "RESULT"}}
		for _, r := range all[i] {
			rows = append(rows, []string{fmt.Sprint(r.Number), when(r.Time), diag.Escape(r.By), changes(r.Counts), verdictWord(int(r.Verdict))})
		}
		if err := f.u.table(rows); err != nil {
			return err
		}
	}
	return nil
}

// when is a time for people.
func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04 MST") }

// changes is "1 created, 2 changed".
func changes(n map[plan.Action]int) string {
	var parts []string
	for _, a := range []struct {
		action plan.Action
		what   string
	}{{plan.Create, "created"}, {plan.Update, "changed"}, {plan.Replace, "replaced"}, {plan.Delete, "deleted"}} {
		if n[a.action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[a.action], a.what))
		}
	}
	return say(strings.Join(parts, ", "), "nothing changed")
}

func (f *historyFlags) listJSON(list []*deployment, all [][]deploy.Revision) error {
	type revision struct {
		Revision int           `json:"revision"`
		Time     string        `json:"time"`
		By       string        `json:"by,omitempty"`
		Counts   *changeCounts `json:"counts"`
		Result   string        `json:"result"`
	}
	type set struct {
		Target    string     `json:"target"`
		Set       string     `json:"set"`
		Revisions []revision `json:"revisions"`
	}
	out := []set{}
	for i, x := range list {
		s := set{x.place, x.result.Set.Name, []revision{}}
		for _, r := range all[i] {
			s.Revisions = append(s.Revisions, revision{r.Number, instant(r.Time), r.By, countsIn(r.Counts), verdictWord(int(r.Verdict))})
		}
		out = append(out, s)
	}
	return f.u.encodeJSON(out)
}
