package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// changed looks at an object that is not the one of the plan any more. If an answer was lost it may be our own write; if what
// the plan shows is still what would happen, the write goes on; else it stops.
func (w *writer) changed(ctx context.Context, res Resource, cause error) (kube.Node, bool, error) {
	live, err := w.d.get(ctx, w.step.ID)
	if IsNotFound(err) {
		return kube.Node{}, false, errors.New("it was deleted since the plan was made, and is not brought back")
	}
	if err != nil {
		return kube.Node{}, false, err
	}
	mine := applied(live, w.owner.Manager()) && marked(live, w.owner)
	if statusOf(cause) != nil && statusOf(cause).Resent && mine && !dying(live) && (w.uid == "" || w.uid == uidOf(live)) &&
		plan.Proven(w.step.Desired, live, w.owner.Manager()) {
		return live, false, nil
	}
	switch {
	case w.uid == "":
		return kube.Node{}, false, fmt.Errorf("it was made by somebody else since the plan was made%s", managersOf(live))
	case w.uid != uidOf(live):
		return kube.Node{}, false, fmt.Errorf("it was deleted and made again by somebody else since the plan was made%s", managersOf(live))
	case dying(live):
		return kube.Node{}, false, errors.New("it is being deleted since the plan was made")
	}
	return w.drifted(ctx, res, live)
}

// drifted makes the dry run once more, and compares what it changes with what was approved.
func (w *writer) drifted(ctx context.Context, res Resource, live kube.Node) (kube.Node, bool, error) {
	id := w.step.ID
	a, err := w.d.Client.Apply(ctx, res, id.Namespace, id.Name, pinsOf(w.step.Desired, uidOf(live), versionOf(live)), ApplyOptions{
		Manager: w.owner.Manager(), DryRun: true, Force: w.forces(w.i),
	})
	if IsStale(err) {
		return kube.Node{}, true, nil
	}
	if IsFieldConflict(err) {
		return kube.Node{}, false, fmt.Errorf("it was changed since the plan was made: %w", err)
	}
	if err != nil {
		return kube.Node{}, false, err
	}
	result, err := decode.JSON(a.Object)
	if err != nil {
		return kube.Node{}, false, err
	}
	changes := w.d.comparer.Compare(live, result)
	if !plan.SameChanges(w.step.Changes, changes) {
		return kube.Node{}, false, &Drift{ID: id, Changes: changes, By: managersOf(live)}
	}
	w.version = versionOf(live)
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
