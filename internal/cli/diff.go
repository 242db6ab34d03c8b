package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

type diffFlags struct {
	deployer
	format string
	save   string
}

func diffCommand(u *ui) *cobra.Command {
	f := diffFlags{deployer: deployer{u: u}}
	c := &cobra.Command{
		Use:     "diff [FILE|DIR|./...] [flags]",
		Short:   "show what apply would change on the cluster",
		GroupID: "cluster",
		Example: `starctl diff                             deploy.star of this directory
starctl diff ./... --target 'prod-*'     everything below, on several targets
starctl diff --save plan.json            keep the plan for: starctl apply --plan plan.json`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args) },
	}
	c.Flags().SortFlags = false
	f.selection.flags(c.Flags())
	f.connection.flags(c.Flags())
	f.allowances.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.StringVarP(&f.format, "output", "o", "text", "`FORMAT`: text or json")
		fs.StringVar(&f.save, "save", "", "keep the plan in `FILE`, for apply --plan; values of Secrets are not in it")
		fs.BoolVar(&f.whole, "whole", false, "show long values in full")
		fs.BoolVar(&u.json, "json", false, "mistakes and warnings as JSON")
	})
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	completeContexts(c, u, &f.connection)
	return c
}

// run prints the plans. The exit code says whether something would change.
func (f *diffFlags) run(ctx context.Context, args []string) error {
	if f.format != "text" && f.format != "json" {
		formats := []string{"text", "json"}
		return diag.Diagnostic{
			Message: fmt.Sprintf("-o %s: no such format; there are text and json", f.format), Suggest: diag.Nearest(f.format, formats),
		}
	}
	list, err := f.deployments(ctx, args)
	if err == nil {
		err = f.plans(ctx, list, func(ctx context.Context, x *deployment) (*plan.Plan, error) { return x.engine.Plan(ctx) })
	}
	if err != nil {
		return asError(err)
	}
	if err := f.print(list); err != nil {
		return err
	}
	if err := f.u.out.Flush(); err != nil {
		return err
	}
	if err := f.obstacles(list, "apply would be refused"); err != nil {
		return err
	}
	if f.save != "" {
		if err := savePlans(f.u.at(f.save), list); err != nil {
			return &deploy.Failure{Verdict: deploy.BadInput, Err: fmt.Errorf("--save %s: the plan could not be kept: %w", f.save, bare(err))}
		}
	}
	if slices.ContainsFunc(list, func(x *deployment) bool { return !x.plan.Empty() }) {
		return errFound
	}
	return nil
}

// asError makes of an internal error, whose code is 1 elsewhere, one that diff's own 1 is not mistaken for.
func asError(err error) error {
	if verdictOf(err) != deploy.Internal {
		return err
	}
	if _, said := errors.AsType[ended](err); said {
		return ended{deploy.BadInput}
	}
	return &deploy.Failure{Verdict: deploy.BadInput, Err: err, Help: helpOf(err)}
}

func (f *diffFlags) print(list []*deployment) error {
	if f.format == "json" {
		return plan.JSON(f.u.out, plansOf(list), f.places(list))
	}
	// Of what could not be compared only the obstacles are worth reading.
	some := slices.DeleteFunc(slices.Clone(list), func(x *deployment) bool { return x.plan.Empty() && len(x.plan.Obstacles) > 0 })
	return f.writePlans(f.u.out, some, list, f.u.colorOut)
}

func plansOf(list []*deployment) []*plan.Plan {
	plans := make([]*plan.Plan, len(list))
	for i, x := range list {
		plans[i] = x.plan
	}
	return plans
}

// places names the declarations of the objects of all deployments.
func (d *deployer) places(list []*deployment) func(*kube.Object) string {
	of := map[*kube.Object]*deployment{}
	for _, x := range list {
		for _, o := range x.result.Set.Objects {
			of[o] = x
		}
	}
	return func(o *kube.Object) string {
		if x := of[o]; x != nil {
			return x.declaredAt(d.u, o)
		}
		return ""
	}
}

// writePlans writes plans for people, each below where it goes; among several, one that changes nothing is a line. list are all
// that the command line means.
func (d *deployer) writePlans(w io.Writer, shown, list []*deployment, colored bool) error {
	s := plan.Style{ASCII: !d.u.utf8, All: d.whole, Delete: d.deletes, More: "starctl diff --whole", Place: d.places(list), Width: d.u.columns()}
	if colored {
		s.Created, s.Changed, s.Deleted, s.Dim, s.Reset = string(green), string(yellow), string(red), string(dim), reset
	}
	var b bytes.Buffer
	block := true // the last one was more than a line
	for i, x := range shown {
		line := len(shown) > 1 && x.plan.Empty()
		if i > 0 && (block || !line) {
			b.WriteByte('\n')
		}
		if block = !line; line {
			fmt.Fprintf(&b, "%s: %s\n", diag.Escape(title(x, list)), x.plan.Summary())
			continue
		}
		fmt.Fprintf(&b, "%s\n\n", tint(colored, bold, diag.Escape(heading(x, title(x, list)))))
		if err := plan.Write(&b, x.plan, s); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// heading is "prod-us: gke_acme_us-east1, namespace shop".
func heading(x *deployment, title string) string {
	id := x.cluster.Identity()
	where := id.Context
	if where == x.place {
		where = id.Server
	}
	return fmt.Sprintf("%s: %s, namespace %s", title, where, x.namespace())
}

// savePlans keeps plans in a file.
func savePlans(file string, list []*deployment) error {
	var b bytes.Buffer
	if err := plan.Save(&b, plansOf(list)...); err != nil {
		return err
	}
	return replaceFile(file, b.Bytes())
}

// replaceFile writes a file of which there is never a part: beside it first, then by a new name. What a link leads to is replaced, not
// the link; what is no file, such as a pipe or /dev/null, is written to.
func replaceFile(file string, content []byte) error {
	if at, err := filepath.EvalSymlinks(file); err == nil {
		file = at
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeThrough(file, content)
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".starctl-plan-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

func writeThrough(file string, content []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// bare is an error of the file system without the names of files.
func bare(err error) error {
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
