package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// changed looks at an object that is not the one of the plan any more. If an answer was lost it may be our own write; if what
// the plan shows is still what would happen, the write goes on; else it stops.
func (w *writer) changed(ctx context.Context, res Resource, cause error) (kube.Node, bool, error) {
	live, err := w.d.get(ctx, w.step.ID)
	w.resent = w.resent || statusOf(cause).Resent
	mine := w.resent && marked(live, w.owner) && applied(live, w.owner.Manager())
	switch {
	case IsNotFound(err):
		return kube.Node{}, false, errors.New("it was deleted since the plan was made, and is not brought back")
	case err != nil:
		return kube.Node{}, false, err
	case dying(live):
		return kube.Node{}, false, errors.New("it is being deleted since the plan was made")
	case w.uid == "" && newborn(live):
		w.uid, w.version = uidOf(live), versionOf(live)
		return kube.Node{}, true, nil
	case w.uid == "" && !mine:
		return kube.Node{}, false, fmt.Errorf("it was made by somebody else since the plan was made%s", managersOf(live))
	case w.uid != "" && w.uid != uidOf(live):
		return kube.Node{}, false, fmt.Errorf("it was deleted and made again by somebody else since the plan was made%s", managersOf(live))
	case mine && plan.Proven(w.step.Desired, live, w.owner.Manager()):
		return live, false, nil
	}
	return w.drifted(ctx, res, live, mine)
}

// drifted makes the dry run once more, and compares what it changes with what was approved. An object that may be mine needs no
// write if there is nothing to change.
func (w *writer) drifted(ctx context.Context, res Resource, live kube.Node, mine bool) (kube.Node, bool, error) {
	w.uid, w.version = uidOf(live), versionOf(live)
	result, err := w.try(ctx, res)
	switch {
	case IsStale(err):
		return kube.Node{}, true, nil
	case IsFieldConflict(err):
		return kube.Node{}, false, w.owned(ctx, res, live, err)
	case err != nil:
		return kube.Node{}, false, err
	}
	changes := w.d.comparer.Compare(live, result)
	switch {
	case mine && len(changes) == 0 && plan.SameOwner(live, result, w.owner.Manager()):
		return live, false, nil
	case !plan.SameChanges(w.shown, changes):
		return kube.Node{}, false, &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
	}
	return kube.Node{}, true, nil
}

// owned is a Drift where somebody else has come to own fields: what would be taken from them.
func (w *writer) owned(ctx context.Context, res Resource, live kube.Node, cause error) error {
	d := &Drift{ID: w.step.ID, By: managersOf(live)}
	var names []string
	for _, c := range Conflicts(cause) {
		if !slices.Contains(names, c.Manager) {
			names = append(names, c.Manager)
		}
	}
	if len(names) > 0 {
		d.By = " by " + strings.Join(names, ", ")
	}
	if a, err := w.send(ctx, res, ApplyOptions{DryRun: true, Force: true}); err == nil {
		if result, err := decode.JSON(a.Object); err == nil {
			d.Changes = w.d.comparer.Compare(live, result)
		}
	}
	return d
}

// Drift says that an object was changed since the plan was shown, so that applying would do something else.
type Drift struct {
	ID      kube.ID
	Changes []plan.Change // that would be made now
	By      string
}

func (e *Drift) Error() string {
	s := "it was changed since the plan was shown" + e.By
	if len(e.Changes) == 0 {
		return s + ": now nothing would change"
	}
	s += ": now this would change: "
	const most = 5
	for i, c := range e.Changes {
		switch {
		case i == most:
			return s + fmt.Sprintf(", and %d more", len(e.Changes)-most)
		case i > 0:
			s += ", "
		}
		s += described(c)
	}
	return s
}

// described is a change in a line. Of a Secret the values are digests already.
func described(c plan.Change) string {
	s := c.Path.String()
	if c.Order {
		return s + " (its order)"
	}
	if (scalar(c.Old) || !c.Old.Exists()) && (scalar(c.New) || !c.New.Exists()) {
		return s + " (" + orNothing(c.Old) + " -> " + orNothing(c.New) + ")"
	}
	return s
}

func orNothing(n kube.Node) string {
	if !n.Exists() {
		return "nothing"
	}
	return brief(n)
}
