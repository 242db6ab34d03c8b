package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// An object that is adopted is written by server-side apply as any other, and fields of others that are declared become the
// set's. What kubectl apply or helm have set and nobody declares any more would stay for ever, since nobody applies it again:
// before the write their fields become the set's too, and the write takes away those that are not declared. Of kubectl create and of helm
// before version 4, which come to own the server's defaults as well, the defaults that nobody declares stay theirs (made.go).

// commands are the managers of programs that apply when a person calls them, and by how they write. Controllers, which apply
// again by themselves, are none.
var commands = map[string][]string{
	"Update": {"kubectl-client-side-apply"},
	"Apply":  {"kubectl", "helm"},
}

// byCommand reports whether an entry of managedFields is of a command.
func byCommand(entry kube.Node) bool {
	return slices.Contains(commands[entry.Get("operation").Str()], entry.Get("manager").Str()) && entry.Get("subresource").Str() == ""
}

// setByCommand reports whether a manager of an object is a command, and nobody will call it again.
func setByCommand(live kube.Node, manager string) bool {
	for _, m := range live.Get("metadata", "managedFields").Items() {
		if m.Get("manager").Str() == manager && (byCommand(m) || byMaker(m) && manager != "helm") {
			return true
		}
	}
	return false
}

// asUpdates gives the entries of commands names and the form that client-go goes over from, and lists the names. Of a maker's entry
// it is the part that moves which gets a name.
func asUpdates(live *unstructured.Unstructured, moved []kube.Node) sets.Set[string] {
	names := sets.New[string]()
	list := live.GetManagedFields()
	for i := range list {
		e := &list[i]
		if e.Subresource == "" && slices.Contains(commands[string(e.Operation)], e.Manager) {
			e.Manager, e.Operation = "by "+e.Manager, metav1.ManagedFieldsOperationUpdate
			names.Insert(e.Manager)
			if live.GetKind() != "Secret" || e.FieldsV1 == nil {
				continue
			}
			if n, err := decode.JSON(e.FieldsV1.GetRawBytes()); err == nil {
				e.FieldsV1 = fieldsV1(merged(n, "f:stringData", "f:data"))
			}
		}
	}
	for i, fields := range moved {
		if fields.Len() == 0 || list[i].FieldsV1 == nil {
			continue
		}
		n, err := decode.JSON(list[i].FieldsV1.GetRawBytes())
		if err != nil {
			continue
		}
		if live.GetKind() == "Secret" {
			n = merged(n, "f:stringData", "f:data")
		}
		part := list[i]
		part.Manager, part.FieldsV1 = "by "+part.Manager, fieldsV1(fields)
		list[i].FieldsV1 = fieldsV1(less(n, fields))
		names.Insert(part.Manager)
		list = append(list, part)
	}
	live.SetManagedFields(list)
	return names
}

func fieldsV1(n kube.Node) *metav1.FieldsV1 {
	return metav1.NewFieldsV1(string(encode.AppendJSON(nil, n, 0)))
}

// upgrade makes fields that commands have set the set's own, by client-go's way of going over to server-side apply. What the
// write changes then must be what was shown, or less.
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
	moved, err := w.moved(ctx, res, b)
	if err != nil {
		return IsStale(err), unlessStale(err)
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(&live, asUpdates(&live, moved), w.owner.Manager())
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
	result, err := w.foreseen(ctx, res, live)
	if err != nil {
		return err
	}
	changes := w.d.comparer.Compare(live, result)
	if !plan.SameChanges(w.shown, changes) {
		return &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
	}
	return nil
}

// foreseen is what an adoption makes of a live object.
func (w *writer) foreseen(ctx context.Context, res Resource, live kube.Node) (kube.Node, error) {
	result, err := w.try(ctx, res)
	if IsInvalid(err) {
		if n, ferr := w.d.foresee(ctx, res, w.step, live); ferr != nil || n.Exists() {
			return n, ferr
		}
	}
	if err != nil {
		return kube.Node{}, err
	}
	bare, err := w.d.bare(ctx, res, w.step, live)
	return withoutLeftovers(live, result, bare), err
}

// upgraded makes sure that the write does what was shown, or less, now that the fields are the set's. Controllers may write meanwhile.
func (w *writer) upgraded(ctx context.Context, res Resource, b []byte) error {
	live, err := decode.JSON(b)
	for try := 0; err == nil; try++ {
		w.version = versionOf(live)
		var result kube.Node
		if result, err = w.try(ctx, res); err == nil {
			changes := w.d.comparer.Compare(live, result)
			if !within(changes, w.shown) {
				return &Drift{ID: w.step.ID, Changes: changes, By: managersOf(live)}
			}
			w.shown = changes
			return nil
		}
		if !IsStale(err) || try == mostTries {
			return err
		}
		if err = sleep(ctx, pauseAfter(try)); err == nil {
			live, err = w.d.get(ctx, w.step.ID)
		}
	}
	return err
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

// lastApplied is the annotation in which kubectl keeps what it was given.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// withoutLeftovers is what a dry run answered, without what commands had set and nobody declares. Without server-side apply
// kubectl comes to own defaults too, which the server sets again: only what it was given counts. bare is what the server makes of what
// is declared alone, and is Absent where that is not known: then what makers had set stays.
func withoutLeftovers(live, result, bare kube.Node) kube.Node {
	for _, fields := range made(live, result, bare) {
		result = reset(result, bare, fields)
	}
	others := othersOf(result, bare)
	for _, m := range live.Get("metadata", "managedFields").Items() {
		if !byCommand(m) {
			continue
		}
		given := result // everything
		if text := live.Get("metadata", "annotations", lastApplied).Str(); m.Get("operation").Str() == "Update" && text != "" {
			if n, err := decode.JSON([]byte(text)); err == nil {
				given = n
			}
		}
		owned := m.Get("fieldsV1")
		if result.Get("kind").Str() == "Secret" {
			owned, given = merged(owned, "f:stringData", "f:data"), merged(given, "stringData", "data")
		}
		result = strip(result, owned, given, others)
	}
	return result
}

// merged is n with the fields of one of its maps in another. What was given to a Secret as stringData is in its data, and who
// gave it owns stringData, which no Secret has.
func merged(n kube.Node, from, to string) kube.Node {
	if !n.Get(from).Exists() {
		return n
	}
	both := kube.Pairs{}
	for k, v := range n.Get(to).All() {
		if !n.Get(from, k).Exists() {
			both = append(both, kube.Pair{Key: k, Value: v})
		}
	}
	for k, v := range n.Get(from).All() {
		both = append(both, kube.Pair{Key: k, Value: v})
	}
	out := kube.Pairs{}
	for k, v := range n.All() {
		if k != from && k != to {
			out = append(out, kube.Pair{Key: k, Value: v})
		}
	}
	return kube.OfMap(append(out, kube.Pair{Key: to, Value: kube.OfMap(both)}))
}

// strip removes from n what is owned, in the notation of managedFields, was given, and is not owned by others as well.
func strip(n, owned, given kube.Node, others []kube.Node) kube.Node {
	switch {
	case n.IsMapping():
		out := kube.Pairs{}
		for k, v := range n.All() {
			if v = stripPart(v, "f:"+k, owned, given.Get(k), others); v.Exists() {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		return kube.OfMap(out)
	case n.Kind() == kube.List:
		out := kube.Elems{}
		for _, v := range n.Items() {
			key := itemKeyIn(owned, v)
			if v = stripPart(v, key, owned, itemOf(given, key), others); v.Exists() {
				out = append(out, v)
			}
		}
		return kube.OfList(out)
	}
	return n
}

// stripPart strips the part of a value that a key of managedFields leads to. It is Absent if nothing of it stays.
func stripPart(v kube.Node, key string, owned, given kube.Node, others []kube.Node) kube.Node {
	mine := owned.Get(key)
	if key == "" || !mine.Exists() || !given.Exists() {
		return v
	}
	var inside []kube.Node
	for _, o := range others {
		if o = o.Get(key); o.Exists() {
			inside = append(inside, o)
		}
	}
	switch {
	case len(inside) == 0: // what nobody owns anything of any more goes with all that it has
		return kube.Node{}
	case mine.Len() == 0:
		return v
	}
	return strip(v, mine, given, inside)
}

// itemOf finds the item of a list that a key of managedFields leads to. Fields of the key that it does not have are defaults.
func itemOf(list kube.Node, key string) kube.Node {
	kind, text, _ := strings.Cut(key, ":")
	want, err := decode.JSON([]byte(text))
	if err != nil {
		return kube.Node{}
	}
	for _, item := range list.Items() {
		if kind == "v" && kube.Equal(want, item) || kind == "k" && item.IsMapping() && !contradicts(item, want) {
			return item
		}
	}
	return kube.Node{}
}

func contradicts(item, keys kube.Node) bool {
	for k, v := range keys.All() {
		if has := item.Get(k); has.Exists() && !kube.Equal(has, v) {
			return true
		}
	}
	return false
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
