package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube/plan"
)

func (r *run) report() *Report {
	out := &Report{Counts: map[plan.Action]int{}, Kept: r.kept, Unhealthy: r.unhealthy, Revision: r.revision, Back: r.back}
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		switch {
		case r.done[s] || s.Action == plan.Unchanged:
			out.Counts[s.Action]++
		case !slices.Contains(r.kept, s.ID):
			out.Undone = append(out.Undone, s.ID)
		}
	}
	return out
}

// failure gives an error of a run its verdict, and says what was not done.
func (r *run) failure(ctx context.Context, err error) *Failure {
	if ctx.Err() != nil {
		return r.interrupted()
	}
	verdict, touched := Refused, r.wrote > 0 || r.unsure
	if touched {
		verdict = Partly
	}
	f := *AsFailure(err, verdict)
	if touched && (f.Verdict == Refused || f.Verdict == Unreachable) {
		f.Verdict = Partly
	}
	if touched {
		f.Help = slices.Concat(f.Help, r.undone())
	}
	if f.Verdict == Partly {
		f.Help = append(f.Help, "what was done is known: mend what is wrong, and run the same command again")
	}
	return &f
}

func (r *run) interrupted() *Failure {
	if r.wrote == 0 && !r.unsure {
		return &Failure{Verdict: Interrupted, Err: errors.New("interrupted: nothing was written"), Help: []string{"to go on, run the same command again"}}
	}
	return &Failure{Verdict: Interrupted, Err: errors.New("interrupted"), Help: append(r.undone(), "what was done is known: to go on, run the same command again")}
}

// undone lists what was planned and not done, a line for what should exist and one for what should not.
func (r *run) undone() []string {
	var writes, deletions []string
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		switch {
		case r.isDone(s) || s.Action == plan.Unchanged || slices.Contains(r.kept, s.ID):
		case s.Action == plan.Delete:
			deletions = append(deletions, s.ID.String())
		default:
			writes = append(writes, s.ID.String())
		}
	}
	return append(lineOf("not written: ", writes), lineOf("not deleted: ", deletions)...)
}

// lineOf is a line of names, not all of them if there are many; none without names.
func lineOf(head string, names []string) []string {
	const most = 10
	switch {
	case len(names) == 0:
		return nil
	case len(names) > most+1:
		return []string{head + strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)}
	}
	return []string{head + strings.Join(names, ", ")}
}

// verdict is that of a run that came to its end.
func (r *run) verdict(report *Report) error {
	switch {
	case len(report.Unhealthy) > 0:
		return &Failure{Verdict: Unhealthy, Err: fmt.Errorf("%s not healthy", count(len(report.Unhealthy), "object is", "objects are"))}
	case len(report.Kept) > 0:
		return &Failure{Verdict: Partly, Err: fmt.Errorf("%s not deleted", count(len(report.Kept), "object was", "objects were")), Help: []string{"they stay in the inventory: the next run tries again"}}
	}
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
