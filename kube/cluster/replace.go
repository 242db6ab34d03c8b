package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// immutable makes a replacement of an object with a field that cannot change, if the file allows that; else an Obstacle. A
// replacement is tried under another name first: if that is refused, so would the new object be, after the old one is gone.
func (t *trial) immutable(ctx context.Context, err error) error {
	e := statusOf(err)
	var path kube.Path
	message := e.Message
	for _, c := range e.Causes {
		if immutableText().MatchString(c.Message) {
			path, message = resolve(c.Field, t.desired), c.Message
			break
		}
	}
	id := t.step.ID
	if protected(id) {
		t.object(t.i, "immutable", path, []string{"a " + id.Kind + " is never replaced: give the new one another name"}, "%s", message)
		return nil
	}
	if !t.prepared[t.i].Wishes.Replace {
		t.object(t.i, "immutable", path, []string{"allow that it is deleted and made again: apply.replace(object)", "or give the new one another name"}, "%s", message)
		return nil
	}
	result, rerr := t.d.substitute(ctx, t.resource[t.i], id, t.desired)
	if rerr != nil {
		switch {
		case statusOf(rerr) == nil:
			return rerr
		case IsInvalid(rerr) && !IsImmutable(err):
			t.invalid(rerr) // it is a mistake, whoever makes the object
			return nil
		}
		t.object(t.i, "immutable", path, nil, "it cannot be replaced either: %s", statusOf(rerr).Message)
		return nil
	}
	s := t.step
	s.Action, s.Desired = plan.Replace, t.desired
	s.UID, s.ResourceVersion = uidOf(t.live), versionOf(t.live)
	s.Changes = t.comparer.Compare(t.live, result)
	s.Live, s.Result = plan.Clean(t.live), plan.Clean(result)
	s.Rolls = podsOf(t.live)
	return nil
}

// mayReplace reports whether a replacement is worth a try: the file allows it, and the server refuses the change, in whatever words. Many
// rules about what an object may become do not say "immutable": a Service that had no address of its own and is to be of type
// LoadBalancer, or the validation rules of a custom resource.
func (t *trial) mayReplace(err error) bool {
	return t.live.Exists() && t.prepared[t.i].Wishes.Replace && !protected(t.step.ID) && IsInvalid(err) && statusOf(err).Reason == reasonInvalid
}

// podsOf is how many Pods an object runs.
func podsOf(live kube.Node) int {
	for _, path := range [][]string{{"status", "replicas"}, {"status", "currentNumberScheduled"}, {"status", "active"}} {
		if n, ok := live.Get(path...).Int(); ok {
			return int(n)
		}
	}
	return 0
}

// substitute is the dry run of a new object in place of the live one, under a name that is free.
func (d *Deployment) substitute(ctx context.Context, res Resource, id kube.ID, desired kube.Node) (kube.Node, error) {
	name := id.Name[:min(len(id.Name), 50)] + "-" + newID()[:8]
	renamed := edit(desired, "metadata", func(meta kube.Node) kube.Node {
		return edit(meta, "name", func(kube.Node) kube.Node { return kube.OfString(name) })
	})
	a, err := d.Client.Apply(ctx, res, id.Namespace, name, pinsOf(renamed, "", ""), ApplyOptions{Manager: d.owner().Manager(), DryRun: true})
	if err != nil {
		return kube.Node{}, err
	}
	n, err := decode.JSON(a.Object)
	if err != nil {
		return kube.Node{}, err
	}
	return edit(n, "metadata", func(meta kube.Node) kube.Node {
		return edit(meta, "name", func(kube.Node) kube.Node { return kube.OfString(id.Name) })
	}), nil
}

// clear deletes the object that is replaced, and waits until it is gone. An interrupt does not leave it at that: there is a
// while to make the object again.
func (w *writer) clear(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := outlive(ctx)
	defer cancel()
	if err := w.delete(ctx, w.step, ""); errors.Is(err, errGone) {
		return errors.New("it was deleted since the plan was made, and is not brought back")
	} else if err != nil {
		return fmt.Errorf("it was not replaced: %w", err)
	}
	deadline := time.Now().Add(w.patience())
	for pause := 20 * time.Millisecond; ; pause = min(pause*3/2, time.Second) {
		live, err := w.d.get(ctx, w.step.ID)
		switch {
		case IsNotFound(err):
			w.uid, w.version = "", ""
			return nil
		case err == nil && uidOf(live) != w.step.UID:
			return fmt.Errorf("it was made again by somebody else before it was replaced%s", managersOf(live))
		case time.Now().After(deadline):
			return fmt.Errorf("it was deleted to be made again, and is still there%s", finalizers(live))
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("it was deleted to be made again, and was not waited for: %w", err)
		}
	}
}
