package cluster

import (
	"context"
	"errors"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// writer writes one object, however often it takes.
type writer struct {
	*run
	i            int
	step         *plan.Step
	uid, version string
}

func (w *writer) write(ctx context.Context) (kube.Node, error) {
	if w.step.Action == plan.Replace {
		if err := w.clear(ctx); err != nil {
			return kube.Node{}, err
		}
	}
	if w.step.Adopted {
		if err := w.upgrade(ctx); err != nil {
			return kube.Node{}, err
		}
	}
	res, err := w.d.Client.ResourceWithin(ctx, w.step.ID, w.kindsWithin())
	if err != nil {
		return kube.Node{}, err
	}
	for range mostTries {
		live, again, err := w.once(ctx, res)
		if err != nil || !again {
			return live, err
		}
	}
	return kube.Node{}, errors.New("it changes all the time")
}

// once sends the object, and says whether to send it again since it had changed meanwhile in a way that changes nothing.
func (w *writer) once(ctx context.Context, res Resource) (_ kube.Node, again bool, _ error) {
	id := w.step.ID
	a, err := w.d.Client.Apply(ctx, res, id.Namespace, id.Name, pinsOf(w.step.Desired, w.uid, w.version), ApplyOptions{Manager: w.owner.Manager(), Force: w.forces(w.i)})
	if err != nil {
		if IsStale(err) || IsExists(err) || IsFieldConflict(err) {
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
		w.d.observe(Event{Kind: Warned, ID: id, Text: text})
	}
	return live, false, nil
}
