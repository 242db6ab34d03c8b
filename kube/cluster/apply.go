package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Apply does what a plan says that Plan made, and nothing else: what changed meanwhile stops it. It takes the lock and stores
// what it is about to do, writes stage by stage, waits until all is healthy, deletes what is no longer declared, and stores
// what was done. The error is a *Failure; the Report comes with it if anything was begun.
func (d *Deployment) Apply(ctx context.Context, p *plan.Plan) (*Report, error) {
	return d.perform(ctx, p, "apply")
}

func (d *Deployment) perform(ctx context.Context, p *plan.Plan, phase string) (*Report, error) {
	if len(p.Obstacles) > 0 {
		return nil, &Failure{Verdict: Refused, Err: fmt.Errorf("the plan has %s", count(len(p.Obstacles), "obstacle", "obstacles"))}
	}
	begun := time.Now()
	r, err := d.begin(ctx, p, phase)
	if err != nil && r.wrote == 0 && !r.unsure {
		return nil, r.failure(ctx, err)
	}
	if err == nil {
		err = r.all(ctx)
	}
	if err == nil && phase == "delete" {
		err = r.forget(context.WithoutCancel(ctx))
	}
	report := r.report()
	report.Duration = time.Since(begun)
	if err != nil {
		return report, r.failure(ctx, err)
	}
	return report, r.verdict(report)
}

// run is one run of a plan.
type run struct {
	d       *Deployment
	owner   plan.Owner
	plan    *plan.Plan
	reading *reading
	phase   string
	lease   *lease // nil if nothing has to be stored

	mu        sync.Mutex
	wrote     int  // objects
	unsure    bool // nobody knows whether an object was written, since the answer never came
	resumes   bool // a run before this one was not brought to its end
	done      map[*plan.Step]bool
	asked     map[*plan.Step]bool // deletions that the server has taken
	kept      []kube.ID
	unhealthy []Problem
	revision  int
	back      int // the last revision before that went well; 0 if there is none

	generation map[*plan.Step]int64 // of what was written
}

// all does the whole plan, and stores how far it came whatever happens.
func (r *run) all(ctx context.Context) error {
	err := r.forward(ctx)
	if err == nil && !r.d.NoWait {
		err = r.wait(ctx)
	}
	if err == nil && len(r.unhealthy) == 0 {
		err = r.prune(ctx, r.deletions())
	}
	if r.lease == nil {
		return err
	}
	r.keepFound()
	return r.store(ctx, err)
}

// store stores how far the run has come, and gives the lock back. Where the server has been away for long, or a person waits for
// the end, it is tried only for a moment: the next run finds out what was done.
func (r *run) store(ctx context.Context, err error) error {
	limit := time.Minute
	if ctx.Err() != nil || isNetwork(err) {
		limit = grace
	}
	work, stop := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer stop()
	if r.phase != "delete" && !r.lease.isLost() && !isNetwork(err) {
		r.record(work, r.outcome(ctx, err))
	}
	r.lease.settle(r.settle)
	if err == nil {
		var over bool
		if over, err = r.leave(ctx); over {
			return err
		}
	}
	if ferr := r.lease.free(work); err == nil {
		err = ferr
	}
	return err
}

// outcome is the verdict that the history keeps.
func (r *run) outcome(ctx context.Context, err error) Verdict {
	switch {
	case err != nil:
		return r.failure(ctx, err).Verdict
	case len(r.unhealthy) > 0:
		return Unhealthy
	case len(r.kept) > 0:
		return Partly
	}
	return Done
}
