package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/starctl/starctl/kube"
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
		return kube.Node{}, false, fmt.Errorf("it was changed since the plan was made: %w", err)
	case err != nil:
		return kube.Node{}, false, err
	}
	changes := w.d.comparer.Compare(live, result)
	switch {
	case mine && len(changes) == 0 && plan.SameOwner(live, result, w.owner.Manager()):
		return live, false, nil
	case !plan.SameChanges(w.step.Changes, changes):
		return kube.Node{}, false, &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
	}
	return kube.Node{}, true, nil
}

// Drift says that an object was changed since the plan was shown, so that applying would do something else.
type Drift struct {
	ID      kube.ID
	Changes []plan.Change // that would be made now
	By      string
}

func (e *Drift) Error() string {
	s := "it was changed since the plan was shown" + e.By + ": now these would change:"
	if len(e.Changes) == 0 {
		return "it was changed since the plan was shown" + e.By + ": now nothing would change"
	}
	for i, c := range e.Changes {
		if i > 0 {
			s += ","
		}
		s += " " + c.Path.String()
	}
	return s
}
