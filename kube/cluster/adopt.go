package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// An object that is adopted is written by server-side apply as any other, and fields of others that are declared become the
// set's. What kubectl apply has set and nobody declares any more would stay for ever, since nobody applies it again: before the
// write its fields become the set's too, and the write takes away those that are not declared.

// kubectlManagers are those by which kubectl apply has written without server-side apply.
var kubectlManagers = []string{"kubectl-client-side-apply"}

func byKubectl(entry kube.Node) bool {
	return slices.Contains(kubectlManagers, entry.Get("manager").Str()) && entry.Get("operation").Str() == "Update" && entry.Get("subresource").Str() == ""
}

// upgrade makes fields that kubectl apply has set the set's own, by client-go's way of going over to server-side apply. What
// the write changes then must be what was shown, or less.
func (w *writer) upgrade(ctx context.Context, res Resource) error {
	for try := range mostTries {
		if try > 0 {
			if err := sleep(ctx, pauseAfter(try)); err != nil {
				return err
			}
		}
		if again, err := w.upgradeOnce(ctx, res); err != nil || !again {
			return err
		}
	}
	return errors.New("it changes all the time")
}

// upgradeOnce also says whether to try again, since a controller has written meanwhile.
func (w *writer) upgradeOnce(ctx context.Context, res Resource) (again bool, _ error) {
	id := w.step.ID
	b, err := w.d.Client.Get(ctx, res, id.Namespace, id.Name)
	if IsNotFound(err) {
		return false, errors.New("it was deleted since the plan was made, and is not brought back")
	}
	if err != nil {
		return false, err
	}
	var live unstructured.Unstructured
	if err := json.Unmarshal(b, &live.Object); err != nil {
		return false, err
	}
	if string(live.GetUID()) != w.uid {
		return false, errors.New("it was deleted and made again by somebody else since the plan was made")
	}
	if live.GetResourceVersion() != w.version {
		w.version = live.GetResourceVersion()
		if err := w.asShown(ctx, res, b); err != nil {
			return IsStale(err), unlessStale(err)
		}
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(&live, sets.New(kubectlManagers...), w.owner.Manager())
	if err != nil || len(patch) == 0 {
		return false, err
	}
	late, cancel := outlive(ctx)
	defer cancel()
	b, err = w.d.Client.JSONPatch(late, res, id.Namespace, id.Name, patch)
	if IsStale(err) && !statusOf(err).Resent {
		return true, nil
	}
	if IsStale(err) { // an answer was lost: it may be this that has changed the object
		b, err = w.d.Client.Get(ctx, res, id.Namespace, id.Name)
	}
	if err != nil {
		return false, err
	}
	return false, w.upgraded(ctx, res, b)
}

func unlessStale(err error) error {
	if IsStale(err) {
		return nil
	}
	return err
}

// asShown makes sure that adopting an object that has changed since does what was shown.
func (w *writer) asShown(ctx context.Context, res Resource, b []byte) error {
	live, err := decode.JSON(b)
	if err != nil {
		return err
	}
	result, err := w.try(ctx, res)
	if err != nil {
		return err
	}
	changes := w.d.comparer.Compare(live, withoutLeftovers(live, result))
	if !plan.SameChanges(w.step.Changes, changes) {
		return &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
	}
	return nil
}

// upgraded makes sure that the write does what was shown, now that the fields are the set's.
func (w *writer) upgraded(ctx context.Context, res Resource, b []byte) error {
	live, err := decode.JSON(b)
	if err != nil {
		return err
	}
	w.version = versionOf(live)
	result, err := w.try(ctx, res)
	if err != nil {
		return err
	}
	changes := w.d.comparer.Compare(live, result)
	if !within(changes, w.step.Changes) {
		return &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
	}
	return nil
}

// within reports whether all changes were shown. What was to go may have become a default instead.
func within(now, shown []plan.Change) bool {
	for _, c := range now {
		ok := slices.ContainsFunc(shown, func(s plan.Change) bool {
			return s.Path.String() == c.Path.String() && kube.Equal(s.Old, c.Old) && (!s.New.Exists() || kube.Equal(s.New, c.New)) && s.Order == c.Order
		})
		if !ok {
			return false
		}
	}
	return true
}

// withoutLeftovers is what a dry run answered, without what kubectl apply had set and nobody declares.
func withoutLeftovers(live, result kube.Node) kube.Node {
	var others []kube.Node
	for _, m := range result.Get("metadata", "managedFields").Items() {
		if !byKubectl(m) {
			others = append(others, m.Get("fieldsV1"))
		}
	}
	for _, m := range live.Get("metadata", "managedFields").Items() {
		if byKubectl(m) {
			result = strip(result, m.Get("fieldsV1"), others)
		}
	}
	return result
}

// strip removes from n what is owned, in the notation of managedFields, and not owned by others as well.
func strip(n, owned kube.Node, others []kube.Node) kube.Node {
	switch {
	case n.IsMapping():
		out := kube.Pairs{}
		for k, v := range n.All() {
			if v = stripPart(v, "f:"+k, owned, others); v.Exists() {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		return kube.OfMap(out)
	case n.Kind() == kube.List:
		out := kube.Elems{}
		for _, v := range n.Items() {
			if v = stripPart(v, itemKeyIn(owned, v), owned, others); v.Exists() {
				out = append(out, v)
			}
		}
		return kube.OfList(out)
	}
	return n
}

// stripPart strips the part of a value that a key of managedFields leads to. It is Absent if nothing of it stays.
func stripPart(v kube.Node, key string, owned kube.Node, others []kube.Node) kube.Node {
	mine := owned.Get(key)
	if key == "" || !mine.Exists() {
		return v
	}
	var inside []kube.Node
	for _, o := range others {
		if o = o.Get(key); o.Exists() {
			inside = append(inside, o)
		}
	}
	whole := mine.Len() == 0 || mine.Get(".").Exists()
	switch {
	case len(inside) == 0 && whole:
		return kube.Node{}
	case mine.Len() == 0:
		return v
	}
	return strip(v, mine, inside)
}

// itemKeyIn finds the key of managedFields that leads to an item of a list; "" if it is not owned.
func itemKeyIn(owned, item kube.Node) string {
	for k := range owned.All() {
		kind, text, _ := strings.Cut(k, ":")
		if kind != "k" && kind != "v" {
			continue
		}
		n, err := decode.JSON([]byte(text))
		if err != nil {
			continue
		}
		if kind == "v" && kube.Equal(n, item) || kind == "k" && hasAll(item, n) {
			return k
		}
	}
	return ""
}

func hasAll(item, keys kube.Node) bool {
	for k, v := range keys.All() {
		if !kube.Equal(item.Get(k), v) {
			return false
		}
	}
	return keys.Len() > 0
}
