package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// writer writes one object, however often it takes.
type writer struct {
	*run
	i            int
	step         *plan.Step
	uid, version string // of what is there, as far as the plan knows, or what was seen since
	force        bool   // fields of others are taken: those that the plan shows
	resent       bool   // an answer was lost: what is there may be of this writer
	shown        []plan.Change
}

func (r *run) writer(i int) *writer {
	s := &r.plan.Steps[i]
	return &writer{run: r, i: i, step: s, uid: s.UID, version: s.ResourceVersion, force: r.reading.forced[i], shown: s.Changes}
}

func (w *writer) write(ctx context.Context) (kube.Node, error) {
	res, err := w.d.Client.ResourceWithin(ctx, w.step.ID, w.kindsWithin())
	if err != nil {
		return kube.Node{}, err
	}
	if w.step.Action == plan.Replace {
		if err := w.clear(ctx); err != nil {
			return kube.Node{}, err
		}
	}
	if w.step.Adopted {
		if err := w.upgrade(ctx, res); err != nil {
			return kube.Node{}, err
		}
	}
	deadline := time.Now().Add(w.kindsWithin())
	for try := 0; try < mostTries; {
		live, again, err := w.once(ctx, res, try)
		switch {
		case IsNoMatch(err) && time.Now().Before(deadline): // this one of several servers does not have the kind yet
			if err := sleep(ctx, 200*time.Millisecond); err != nil {
				return kube.Node{}, err
			}
		case err != nil || !again:
			return live, err
		default:
			try++
		}
	}
	return kube.Node{}, errors.New("it changes all the time")
}

// once sends the object, and says whether to send it again since it had changed meanwhile in a way that changes nothing.
func (w *writer) once(ctx context.Context, res Resource, try int) (_ kube.Node, again bool, _ error) {
	a, err := w.send(ctx, res, ApplyOptions{Force: w.force})
	if err != nil {
		if IsStale(err) || IsExists(err) || IsFieldConflict(err) {
			if try > 0 {
				_ = sleep(ctx, pauseAfter(try)) // an interrupt is noticed by what follows
			}
			return w.changed(ctx, res, err)
		}
		return kube.Node{}, false, err
	}
	live, err := decode.JSON(a.Object)
	switch {
	case err != nil:
		return kube.Node{}, false, err
	case dying(live):
		return kube.Node{}, false, errors.New("it is being deleted since the plan was made")
	case a.Created && w.uid != "" && !a.Resent:
		return kube.Node{}, false, errors.New("it was deleted since the plan was made, and is there again now")
	}
	for _, text := range a.Warnings {
		w.d.observe(Event{Kind: Warned, ID: w.step.ID, Text: text})
	}
	return live, false, nil
}

// send applies the object, pinned to what is known to be there. A write that is under way outlives an interrupt.
func (w *writer) send(ctx context.Context, res Resource, o ApplyOptions) (Applied, error) {
	if !o.DryRun {
		late, cancel := outlive(ctx)
		defer cancel()
		ctx = late
	}
	id := w.step.ID
	o.Manager = w.owner.Manager()
	return w.d.Client.Apply(ctx, res, id.Namespace, id.Name, pinsOf(w.step.Desired, w.uid, w.version), o)
}

// try is a dry run of the write on what is there now. It takes fields of others where the object is adopted or the file says
// so of all that conflict, and the write will too.
func (w *writer) try(ctx context.Context, res Resource) (kube.Node, error) {
	force := w.step.Adopted
	a, err := w.send(ctx, res, ApplyOptions{DryRun: true, Force: force})
	if !force && IsFieldConflict(err) && w.takesAll(err) {
		force = true
		a, err = w.send(ctx, res, ApplyOptions{DryRun: true, Force: force})
	}
	if err != nil {
		return kube.Node{}, err
	}
	w.force = force
	return decode.JSON(a.Object)
}

// takesAll reports whether the file takes all fields that conflict, or nobody would miss them.
func (w *writer) takesAll(err error) bool {
	take := w.reading.prepared[w.i].Wishes.Take
	for _, c := range Conflicts(err) {
		if !onlyMakes(c.Manager) && !takes(take, resolve(c.Field, w.step.Desired)) {
			return false
		}
	}
	return true
}

// grace is for how long what is under way goes on after an interrupt: a request ends by then, unless its server is away.
const grace = 10 * time.Second

// outlive returns a context that ends a while after ctx does.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return late, func() { stop(); cancel() }
}
