package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/starctl/starctl/kube/plan"
)

func (r *run) report() *Report {
	out := &Report{Counts: map[plan.Action]int{}, Kept: r.kept, Unhealthy: r.unhealthy, Revision: r.revision}
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

// failure gives an error of a run its verdict.
func (r *run) failure(ctx context.Context, err error) *Failure {
	if ctx.Err() != nil {
		return &Failure{Interrupted, errors.New("interrupted"), r.again()}
	}
	verdict := Refused
	if r.wrote > 0 {
		verdict = Partly
	}
	f := AsFailure(err, verdict)
	if r.wrote > 0 && (f.Verdict == Refused || f.Verdict == Unreachable) {
		f = &Failure{Partly, f.Err, f.Help}
	}
	if f.Verdict == Partly {
		f.Help = append(slices.Clone(f.Help), r.again()...)
	}
	return f
}

func (r *run) again() []string {
	return []string{"what was done is known: mend what is wrong, and run the same command again"}
}

// verdict is that of a run that came to its end.
func (r *run) verdict(report *Report) error {
	switch {
	case len(report.Unhealthy) > 0:
		return &Failure{Verdict: Unhealthy, Err: fmt.Errorf("%s not healthy", count(len(report.Unhealthy), "object is", "objects are"))}
	case len(report.Kept) > 0:
		return &Failure{Partly, fmt.Errorf("%s not deleted", count(len(report.Kept), "object was", "objects were")), []string{"they stay in the inventory: the next apply tries again"}}
	}
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
