package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

type statusFlags struct {
	deployer
	json bool
}

func statusCommand(u *ui) *cobra.Command {
	f := statusFlags{deployer: deployer{u: u, aside: true}}
	c := &cobra.Command{
		Use:     "status [FILE|DIR|./...] [flags]",
		Short:   "show how the objects of a set fare on the cluster",
		GroupID: "cluster",
		Example: `starctl status --target prod-us
starctl status ./... --json`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) { fs.BoolVar(&f.json, "json", false, "as JSON") })
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	return c
}

func (f *statusFlags) run(ctx context.Context, args []string) error {
	list, err := f.deployments(ctx, args)
	if err != nil {
		return err
	}
	all := make([]*deploy.Status, len(list))
	err = f.each(ctx, list, func(i int, x *deployment) (err error) {
		all[i], err = x.engine.Status(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if f.json {
		err = f.asJSON(list, all)
	} else {
		err = f.tables(list, all)
	}
	if err == nil && ailing(all) {
		return ended{deploy.Unhealthy}
	}
	return err
}

// ailing reports whether anything is not as it should be.
func ailing(all []*deploy.Status) bool {
	for _, s := range all {
		for i := range s.Objects {
			if markOf(&s.Objects[i]) == failed {
				return true
			}
		}
	}
	return false
}

func (f *statusFlags) tables(list []*deployment, all []*deploy.Status) error {
	for i, x := range list {
		if i > 0 {
			f.u.printf("\n")
		}
		f.u.printf("%s\n", f.u.paintOut(bold, diag.Escape(heading(x, title(x, list)))))
		if err := f.table(x, all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *statusFlags) table(x *deployment, s *deploy.Status) error {
	if r := s.Run; r != nil {
		f.u.printf("under way: %s, by %s, since %s\n", diag.Escape(r.Phase), diag.Escape(r.Holder), when(r.Since))
	}
	if r := s.Last; r != nil {
		f.u.printf("revision %d: %s, by %s, %s, %s\n", r.Number, when(r.Time), diag.Escape(r.By), changes(r.Counts), verdictWord(int(r.Verdict)))
	}
	if len(s.Objects) == 0 {
		f.u.printf("nothing is applied\n")
		return nil
	}
	f.u.printf("\n")
	rows := make([][3]string, len(s.Objects))
	width := [3]int{}
	sub := subject{namespace: x.namespace()}
	for i := range s.Objects {
		o := &s.Objects[i]
		rows[i] = [...]string{sub.name(o.ID), healthOf(o), diag.Escape(o.Text)}
		for col, text := range rows[i] {
			width[col] = max(width[col], diag.Width(text))
		}
	}
	for i, r := range rows {
		o := &s.Objects[i]
		sign, c := f.u.symbol(markOf(o))
		health := fmt.Sprintf("%-*s", width[1], r[1])
		if c != "" && c != green {
			health = f.u.paintOut(c, health)
		}
		line := fmt.Sprintf("%s %-*s  %s  %s", f.u.paintOut(c, sign), width[0], r[0], health, r[2])
		f.u.printf("%s\n", strings.TrimRight(line, " "))
		for _, line := range lines(o) {
			f.u.printf("    %s\n", diag.Escape(line))
		}
	}
	return nil
}

// lines say why an object is not healthy, and what others have changed.
func lines(o *deploy.ObjectState) []string {
	var list []string
	if p := o.Problem; p != nil {
		list = append(list, p.Lines...)
		if p.Serving != "" {
			list = append(list, p.Serving)
		}
	}
	for _, e := range o.Foreign {
		list = append(list, fmt.Sprintf("%s has written since, %s: %s", e.Manager, when(e.Time), strings.Join(e.Fields, ", ")))
	}
	return list
}

// healthOf is one word for how an object is.
func healthOf(o *deploy.ObjectState) string {
	switch {
	case o.Present != deploy.IsPresent:
		return string(o.Present)
	case o.Healthy:
		return "healthy"
	case o.Problem != nil:
		return "unhealthy"
	}
	return "not ready"
}

func markOf(o *deploy.ObjectState) mark {
	switch o.Present {
	case deploy.IsMissing, deploy.IsReplaced:
		return failed
	case deploy.IsUnknown:
		return warned
	case deploy.IsLeaving:
		return open
	}
	switch {
	case o.Healthy:
		return done
	case o.Problem != nil:
		return failed
	}
	return open
}

func (f *statusFlags) asJSON(list []*deployment, all []*deploy.Status) error {
	type problem struct {
		Reason    string   `json:"reason"`
		Pod       string   `json:"pod,omitempty"`
		Container string   `json:"container,omitempty"`
		Lines     []string `json:"lines,omitempty"`
		Serving   string   `json:"serving,omitempty"`
	}
	type object struct {
		*objectRef
		Health   string               `json:"health"`
		Text     string               `json:"text,omitempty"`
		Problem  *problem             `json:"problem,omitempty"`
		Pods     *deploy.PodCount     `json:"pods,omitempty"`
		Foreign  []deploy.ForeignEdit `json:"foreign,omitempty"`
		Since    string               `json:"since"`
		Declared string               `json:"declared,omitempty"`
	}
	type run struct {
		Holder string `json:"holder"`
		Since  string `json:"since"`
		Phase  string `json:"phase,omitempty"`
	}
	type set struct {
		Target    string   `json:"target"`
		Context   string   `json:"context"`
		Namespace string   `json:"namespace"`
		Set       string   `json:"set"`
		Run       *run     `json:"run,omitempty"`
		Revision  int      `json:"revision,omitempty"`
		Result    string   `json:"result,omitempty"`
		Objects   []object `json:"objects"`
	}
	out := []set{}
	for i, x := range list {
		s := set{Target: x.place, Context: x.cluster.Identity().Context, Namespace: x.namespace(), Set: x.result.Set.Name, Objects: []object{}}
		if r := all[i].Run; r != nil {
			s.Run = &run{r.Holder, instant(r.Since), r.Phase}
		}
		if r := all[i].Last; r != nil {
			s.Revision, s.Result = r.Number, verdictWord(int(r.Verdict))
		}
		for _, o := range all[i].Objects {
			one := object{
				objectRef: refer(o.ID), Health: healthOf(&o), Text: o.Text, Pods: o.Pods, Foreign: o.Foreign,
				Since: instant(o.Since), Declared: x.declaration(f.u, o.ID),
			}
			if p := o.Problem; p != nil {
				one.Problem = &problem{p.Reason, p.Pod, p.Container, p.Lines, p.Serving}
			}
			s.Objects = append(s.Objects, one)
		}
		out = append(out, s)
	}
	return f.u.encodeJSON(out)
}
