package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// Protected kinds hold what cannot be made again, or everything below them.
func protected(id kube.ID) bool {
	switch id.Group + "/" + id.Kind {
	case "/Namespace", "/PersistentVolume", "/PersistentVolumeClaim", "apiextensions.k8s.io/CustomResourceDefinition":
		return true
	}
	return false
}

// deletions are the steps of what is no longer declared, in the order in which they are done.
func (b *planner) deletions() []plan.Step {
	var steps []plan.Step
	for id, e := range b.entries {
		if _, declared := b.byID[id]; declared {
			continue
		}
		if s, ok := b.deletion(e); ok {
			steps = append(steps, s)
		}
	}
	slices.SortFunc(steps, func(x, y plan.Step) int { return strings.Compare(x.ID.String()+x.ID.Group, y.ID.String()+y.ID.Group) })
	ids := make([]kube.ID, len(steps))
	for i := range steps {
		ids[i] = steps[i].ID
	}
	for i, stage := range plan.DeletionStages(ids) {
		steps[i].Stage = stage
	}
	slices.SortStableFunc(steps, func(x, y plan.Step) int { return x.Stage - y.Stage })
	b.mass(len(steps))
	return steps
}

// deletion is the step of an entry that is not declared; none if the object is gone, or not ours to delete.
func (b *planner) deletion(e *Entry) (plan.Step, bool) {
	id := e.ID()
	if err := b.unread[id.Identity()]; err != nil {
		b.about(id, "kept", []string{"it is tried again by the next apply"}, "no longer declared, and kept: "+err.Error())
		return plan.Step{}, false
	}
	live, ok := b.others[id.Identity()]
	if !ok {
		live, ok = b.lost[id.Identity()]
	}
	if !ok {
		return plan.Step{}, false
	}
	switch c, set := whose(live, e, b.owner); {
	case b.keeps(id):
		b.about(id, "kept", nil, "left as it is: what Secrets hold is not kept in the history")
		return plan.Step{}, false
	case c == anothers:
		b.about(id, "moved", nil, "no longer declared here, and not deleted: it belongs to the set "+set)
		return plan.Step{}, false
	case c != ours || !marked(live, b.owner):
		b.about(id, "released", nil, "no longer declared, and not deleted: it is not the object that the set applied, or its marks were removed"+managersOf(live))
		return plan.Step{}, false
	case b.rebuilt:
		return plan.Step{}, false
	case isHome(id, b.owner) && b.d.phase != "delete":
		b.about(id, "protected", nil, "no longer declared, and kept: the inventory of the set lives in it")
		return plan.Step{}, false
	case protected(id) && !b.d.PruneProtected:
		why := "no longer declared, and kept: a " + id.Kind + " is not deleted unasked"
		if b.d.phase == "delete" {
			why = "kept: a " + id.Kind + " is not deleted unasked"
		}
		b.about(id, "protected", []string{"delete it, with all that it holds: --prune-protected"}, why)
		return plan.Step{}, false
	}
	return plan.Step{
		ID: id, Action: plan.Delete, Live: plan.Clean(live), UID: uidOf(live), ResourceVersion: versionOf(live), Since: e.Since,
	}, true
}

// keeps reports whether an object is left as it is although it is not declared: a rollback knows no Secret of the past, and
// does not touch those of now.
func (b *planner) keeps(id kube.ID) bool {
	return b.d.keep != nil && id.Kind == "Secret" && id.Group == ""
}

// about says something about an object that is not declared.
func (b *planner) about(id kube.ID, kind string, help []string, message string) {
	b.notes = append(b.notes, plan.Obstacle{Kind: kind, ID: id, Message: message, Help: help})
}

// A render that yields nothing, or much less than before, is more often a mistake than meant.
const (
	massOf      = 10 // objects from which on a share says something
	massPercent = 30
)

func (b *planner) mass(deletions int) {
	owned := len(b.entries)
	if b.d.AllowMassPrune || deletions == 0 {
		return
	}
	help := []string{"if that is meant: --allow-mass-prune", "to remove the whole set: starctl delete"}
	switch {
	case len(b.prepared) == 0:
		b.obstacle(plan.Obstacle{Kind: "mass-prune", Message: fmt.Sprintf("the set is empty now: all its %s would be deleted", objects(deletions)), Help: help})
	case owned >= massOf && deletions*100 > owned*massPercent:
		b.obstacle(plan.Obstacle{Kind: "mass-prune", Message: fmt.Sprintf("%d of %s would be deleted", deletions, objects(owned)), Help: help})
	}
}

func objects(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

// prune does the deletions of a plan, one stage after the other. Each is looked at once more before it is deleted. What cannot
// be deleted keeps its entry, and stops nothing.
func (r *run) prune(ctx context.Context, steps []*plan.Step) error {
	for _, stage := range stagesOf(steps) {
		if err := inParallel(ctx, len(stage), func(i int) error { return r.remove(ctx, stage[i]) }); err != nil {
			return err
		}
		if err := r.awaitGone(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// remove asks for a deletion. An error is one that stops everything: the lock is lost, or the person interrupts.
func (r *run) remove(ctx context.Context, s *plan.Step) error {
	if err := r.lease.held(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	work, cancel := outlive(ctx)
	defer cancel()
	err := r.delete(work, s, propagation(s.ID))
	switch {
	case err == nil:
		r.deleting(s)
		return nil
	case errors.Is(err, errGone):
		r.gone(s)
		return nil
	}
	r.keep(s, err.Error())
	return nil
}

// errGone says that the object is not there any more, or is another one.
var errGone = errors.New("it is gone")

// propagation is how what an object has made goes with it. Workloads stay until their Pods are gone: only then are the accounts,
// the configuration and the Services deleted that the Pods need to end well, and "deleted" means that nothing runs any more.
// Everything else has nothing that is worth waiting for. A replacement does not wait either, since that would be time in which
// nothing runs.
func propagation(id kube.ID) string {
	if id.Group == "apps" || id.Group == "batch" {
		return "Foreground"
	}
	return "Background"
}

// delete deletes the object that was planned, if it still is that one and still ours.
func (r *run) delete(ctx context.Context, s *plan.Step, propagation string) error {
	pin := Preconditions{UID: s.UID, ResourceVersion: s.ResourceVersion, Propagation: propagation}
	res, err := r.d.resource(ctx, s.ID)
	if err != nil {
		return err
	}
	for try := range mostTries {
		err = r.d.Client.Delete(ctx, res, s.ID.Namespace, s.ID.Name, pin)
		if IsNotFound(err) && statusOf(err).Resent {
			return nil // the answer was lost: this is what it was
		}
		if IsNotFound(err) {
			return errGone
		}
		if !IsStale(err) {
			return err
		}
		if try > 0 {
			if err := sleep(ctx, pauseAfter(try)); err != nil {
				return err
			}
		}
		live, gerr := r.d.get(ctx, s.ID)
		switch {
		case IsNotFound(gerr):
			return errGone
		case gerr != nil:
			return gerr
		case uidOf(live) != s.UID:
			return errGone
		case !marked(live, r.owner):
			return errors.New("it was given to somebody else meanwhile")
		case dying(live):
			return nil
		}
		pin.ResourceVersion = versionOf(live)
	}
	return err
}

// awaitGone waits until what was deleted is gone. Finalizers may take their time: what is still there at the end keeps its
// entry.
func (r *run) awaitGone(ctx context.Context, steps []*plan.Step) error {
	deadline := time.Now().Add(r.patience())
	return inParallel(ctx, len(steps), func(i int) error {
		s := steps[i]
		if !r.isDeleting(s) {
			return nil
		}
		for pause := 50 * time.Millisecond; ; pause = min(pause*3/2, 2*time.Second) {
			live, err := r.d.get(ctx, s.ID)
			switch {
			case ctx.Err() != nil:
				r.keep(s, "its deletion was asked for, and was not waited for")
				return ctx.Err()
			case (IsNotFound(err) || IsNoMatch(err) || err == nil && uidOf(live) != s.UID) && !r.podsRemain(ctx, s):
				r.gone(s)
				return nil
			case time.Now().After(deadline):
				why := "it is still there"
				switch {
				case err == nil:
					why = "it is being deleted" + finalizers(live)
				case IsNotFound(err):
					why = "it is gone, and its Pods are still there"
				}
				r.keep(s, why)
				return nil
			}
			if err := sleep(ctx, pause); err != nil {
				r.keep(s, "its deletion was asked for, and was not waited for")
				return err
			}
		}
	})
}

// podsRemain reports whether Pods of a workload that is gone are still there: the server's garbage collector goes by what it has seen,
// and where it had not seen a ReplicaSet yet, or its Pods, it lets the Deployment go before them. Who may not list Pods is not kept
// waiting.
func (r *run) podsRemain(ctx context.Context, s *plan.Step) bool {
	if propagation(s.ID) != "Foreground" {
		return false
	}
	var labels []string
	for k, v := range s.Live.Get("spec", "selector", "matchLabels").All() {
		labels = append(labels, k+"="+v.Str())
	}
	if len(labels) == 0 {
		return false
	}
	remain := false
	pods := Resource{Version: "v1", Kind: "Pod", Name: "pods", Namespaced: true}
	_, err := r.d.Client.List(ctx, pods, s.ID.Namespace, ListOptions{Labels: strings.Join(labels, ","), MetadataOnly: true}, func(item []byte) error {
		n, err := decode.JSON(item)
		remain = remain || err == nil && madeBy(n.Get("metadata", "ownerReferences"), s)
		return err
	})
	return err == nil && remain
}

// madeBy reports whether the owners of a Pod are a workload, or a ReplicaSet that a Deployment has made.
func madeBy(owners kube.Node, s *plan.Step) bool {
	for _, o := range owners.Items() {
		name, ofSet := strings.CutPrefix(o.Get("name").Str(), s.ID.Name+"-")
		if o.Get("uid").Str() == s.UID || s.ID.Kind == "Deployment" && ofSet && o.Get("kind").Str() == "ReplicaSet" && !strings.Contains(name, "-") {
			return true
		}
	}
	return false
}

// patience is how long deletions are waited for.
func (r *run) patience() time.Duration { return r.d.timeout() }

// deletions are the plan's, without that of the namespace that the inventory lives in, which comes after all others.
func (r *run) deletions() []*plan.Step {
	var list []*plan.Step
	for i := range r.plan.Steps {
		if s := &r.plan.Steps[i]; s.Action == plan.Delete && !isHome(s.ID, r.owner) {
			list = append(list, s)
		}
	}
	return list
}

func stagesOf(steps []*plan.Step) [][]*plan.Step {
	var out [][]*plan.Step
	for _, s := range steps {
		if n := len(out); n > 0 && out[n-1][0].Stage == s.Stage {
			out[n-1] = append(out[n-1], s)
		} else {
			out = append(out, []*plan.Step{s})
		}
	}
	return out
}

func (r *run) deleting(s *plan.Step) {
	r.mu.Lock()
	r.asked[s] = true
	r.wrote++
	r.mu.Unlock()
	r.d.observe(Event{Kind: Deleting, ID: s.ID})
}

func (r *run) isDeleting(s *plan.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[s]
}

func (r *run) gone(s *plan.Step) {
	r.mu.Lock()
	r.done[s] = true
	delete(r.asked, s)
	r.mu.Unlock()
	r.lease.change(s.ID, func(*Entry) bool { return false })
	r.d.observe(Event{Kind: Deleted, ID: s.ID})
}

func (r *run) keep(s *plan.Step, why string) {
	r.mu.Lock()
	r.kept = append(r.kept, s.ID)
	delete(r.asked, s)
	r.mu.Unlock()
	r.lease.change(s.ID, func(e *Entry) bool {
		e.State = Unresolved
		return true
	})
	r.d.observe(Event{Kind: Kept, ID: s.ID, Text: why})
}
