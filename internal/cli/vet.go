package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/starlark/diag"
)

type vetFlags struct {
	selection
	limits
	strict bool
	list   bool
}

func vetCommand(u *ui) *cobra.Command {
	var f vetFlags
	c := &cobra.Command{
		Use:     "vet [FILE|DIR|./...] [flags]",
		Short:   "check without rendering",
		GroupID: "use",
		Example: `starctl vet ./...                 everything below
starctl vet --list                the names of all checks`,
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), u, args) },
	}
	f.selection.flags(c.Flags())
	group(c.Flags(), "Output", func(fs *pflagSet) {
		fs.BoolVar(&f.strict, "strict", false, "warnings count as mistakes")
		fs.BoolVar(&f.list, "list", false, "list all checks")
		fs.BoolVar(&u.json, "json", false, "mistakes and warnings as JSON")
	})
	f.limits.flags(c.Flags())
	completeTargets(c, u)
	return c
}

// run evaluates as render does, on every target unless some are named, and prints what was found.
func (f *vetFlags) run(ctx context.Context, u *ui, args []string) error {
	if f.list {
		return listChecks(u)
	}
	u.results = u.json
	units, err := u.deployFiles(args)
	if err != nil {
		return err
	}
	w, err := u.workspace(f.limits)
	if err != nil {
		return err
	}
	if len(f.targets) == 0 {
		f.everyTarget = true
	}
	tasks, err := w.tasks(ctx, units, f.selection)
	if err != nil {
		return err
	}
	lists := make([]diag.List, len(tasks))
	accepted := make([][]starctl.Accepted, len(tasks))
	err = parallel(ctx, len(tasks), func(i int) error {
		t := &tasks[i]
		t.Job.Vet = true
		res, err := t.project.Render(ctx, t.Job)
		if err == nil {
			lists[i], accepted[i] = res.Warnings, res.Accepted
			return nil
		}
		if !errors.As(err, &lists[i]) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	failed := u.reportAll(tasks, lists)
	u.showAccepted(tasks, accepted)
	if failed != nil {
		return errFound
	}
	if f.strict && slices.ContainsFunc(lists, func(l diag.List) bool { return len(l) > 0 }) {
		u.note("starctl: warnings count as mistakes with --strict")
		return errFound
	}
	return nil
}

// showAccepted says what the files silenced and why, each once whatever the targets.
func (u *ui) showAccepted(tasks []task, accepted [][]starctl.Accepted) {
	if u.json {
		return
	}
	said := map[string]bool{}
	for i, list := range accepted {
		for _, a := range list {
			a.Pos.File = u.file(tasks[i].root, a.Pos.File)
			about := ""
			if a.Object != "" {
				about = withoutNamespace(a.Object) + ": "
			}
			line := fmt.Sprintf("%s: %saccepted: %s [%s]", a.Pos, about, a.Reason, a.Check)
			if !said[line] {
				said[line] = true
				u.note("%s", line)
			}
		}
	}
}

func listChecks(u *ui) error {
	for _, c := range starctl.Checks() {
		level := "error"
		if c.Warning {
			level = "warning"
		}
		if _, err := fmt.Fprintf(u.out, "%-24s %-8s %s\n", c.Name, level, c.Doc); err != nil {
			return err
		}
	}
	return nil
}
