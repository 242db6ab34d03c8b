package cluster

import (
	"context"
	"slices"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// makers are the managers of programs that make or replace an object when a person calls them, and leave no record of what they were given:
// they own that and the server's defaults. What is a default is found by a dry run of what is declared as a new object: all that the
// makers own, nobody declares, and the new object has as well, stays as it is; the rest was given, and goes.
var makers = []string{"helm", "kubectl-create", "kubectl-replace", "kubectl-run", "kubectl-expose", "kubectl-autoscale"}

// byMaker reports whether an entry of managedFields is of a maker.
func byMaker(entry kube.Node) bool {
	return entry.Get("operation").Str() == "Update" && slices.Contains(makers, entry.Get("manager").Str()) && entry.Get("subresource").Str() == ""
}

// onlyMakes reports whether a manager is of a program that makes objects, and cannot change one that is there: what it owns of an object of
// the set are defaults from before that was adopted, and may be declared later.
func onlyMakes(manager string) bool {
	return slices.Contains([]string{"kubectl-create", "kubectl-run", "kubectl-expose", "kubectl-autoscale"}, manager)
}

// makersOf lists the makers that have written an object.
func makersOf(live kube.Node) []string {
	var list []string
	for _, m := range live.Get("metadata", "managedFields").Items() {
		if name := m.Get("manager").Str(); byMaker(m) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// bare is what the server makes of what a step declares alone. It is Absent where no maker has written the object, or the server refuses to
// make another one like it.
func (d *Deployment) bare(ctx context.Context, res Resource, s *plan.Step, live kube.Node) (kube.Node, error) {
	if len(makersOf(live)) == 0 {
		return kube.Node{}, nil
	}
	return d.alone(ctx, res, s)
}

// alone is what the server makes of what a step declares, as a new object; Absent if it refuses that.
func (d *Deployment) alone(ctx context.Context, res Resource, s *plan.Step) (kube.Node, error) {
	n, err := d.substitute(ctx, res, s.ID, s.Desired)
	if statusOf(err) != nil && !IsForbidden(err) {
		return kube.Node{}, nil
	}
	return n, err
}

// foresee says what an adoption makes of a live object where a dry run of the apply is refused, since what is there does not go with what is
// declared: it is about to go. What becomes of the object is put together here, and completed by a dry run of that; Absent if the server
// refuses that too, or does not let us update objects.
func (d *Deployment) foresee(ctx context.Context, res Resource, s *plan.Step, live kube.Node) (kube.Node, error) {
	bare, err := d.alone(ctx, res, s)
	if err != nil || !bare.Exists() {
		return kube.Node{}, err
	}
	n := plan.Merged(withoutLeftovers(live, withFields(live, bare), bare), s.Desired)
	n = managedBy(n, nil) // the server knows them
	b, err := d.Client.TryUpdate(ctx, res, s.ID.Namespace, s.ID.Name, encode.AppendJSON(nil, n, 0))
	switch {
	case IsInvalid(err), IsForbidden(err):
		return kube.Node{}, nil
	case err != nil:
		return kube.Node{}, err
	}
	return decode.JSON(b)
}

// withFields is a live object with the managedFields that it has when the set has applied it, as it has applied the bare one.
func withFields(live, bare kube.Node) kube.Node {
	var list kube.Elems
	for _, from := range []kube.Node{live, bare} {
		for _, m := range from.Get("metadata", "managedFields").Items() {
			list = append(list, m)
		}
	}
	return managedBy(live, list)
}

// managedBy is an object with other managedFields.
func managedBy(n kube.Node, list kube.Elems) kube.Node {
	return edit(n, "metadata", func(meta kube.Node) kube.Node {
		out := kube.Pairs{}
		for k, v := range meta.All() {
			if k != "managedFields" {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		if len(list) > 0 {
			out = append(out, kube.Pair{Key: "managedFields", Value: kube.OfList(list)})
		}
		return kube.OfMap(out)
	})
}

// moved are the fields that become the set's when an object that b holds is adopted, for each entry of its managedFields that is of a maker: what
// goes, and what is declared. If the maker kept that, nobody could change it later without a conflict.
func (w *writer) moved(ctx context.Context, res Resource, b []byte) ([]kube.Node, error) {
	live, err := decode.JSON(b)
	if err != nil || len(makersOf(live)) == 0 {
		return nil, err
	}
	bare, err := w.d.bare(ctx, res, w.step, live)
	if err != nil {
		return nil, err
	}
	result := withFields(live, bare)
	if !bare.Exists() {
		if result, err = w.try(ctx, res); err != nil {
			return nil, err
		}
	}
	gone := made(live, result, bare)
	ours := fieldsOf(result, w.owner.Manager())
	var list []kube.Node
	for i, m := range live.Get("metadata", "managedFields").Items() {
		var fields kube.Node
		if byMaker(m) {
			fields = common(ownedBy(m, result), ours)
			if i < len(gone) {
				fields = union(fields, gone[i])
			}
		}
		list = append(list, fields)
	}
	return list, nil
}

// fieldsOf are the fields that a manager has applied.
func fieldsOf(n kube.Node, manager string) kube.Node {
	var fields kube.Node
	for _, m := range n.Get("metadata", "managedFields").Items() {
		if m.Get("manager").Str() == manager && m.Get("operation").Str() == "Apply" && m.Get("subresource").Str() == "" {
			fields = m.Get("fieldsV1") // the last one, see withFields
		}
	}
	return fields
}

// ownedBy are the fields of an entry of an object's managedFields.
func ownedBy(entry, n kube.Node) kube.Node {
	if n.Get("kind").Str() == "Secret" {
		return merged(entry.Get("fieldsV1"), "f:stringData", "f:data")
	}
	return entry.Get("fieldsV1")
}

// made are the fields of makers, for each entry of the managedFields of a live object, that nobody else owns in what a dry run answered and
// that the bare object does not have, or otherwise.
func made(live, result, bare kube.Node) []kube.Node {
	if !bare.Exists() {
		return nil
	}
	others := othersOf(result, bare)
	var list []kube.Node
	for _, m := range live.Get("metadata", "managedFields").Items() {
		var fields kube.Node
		if byMaker(m) {
			fields = given(result, bare, ownedBy(m, result), others)
		}
		list = append(list, fields)
	}
	return list
}

// othersOf are the fields of all that stay owners when an object is adopted: the set itself, controllers, and makers where nobody knows
// what they were given.
func othersOf(result, bare kube.Node) []kube.Node {
	var others []kube.Node
	for _, m := range result.Get("metadata", "managedFields").Items() {
		if !byCommand(m) && !(byMaker(m) && bare.Exists()) {
			others = append(others, m.Get("fieldsV1"))
		}
	}
	return others
}

// given is the part of what is owned, in the notation of managedFields, that is not as in the bare object, and that others do not own.
func given(n, bare, owned kube.Node, others []kube.Node) kube.Node {
	out := kube.Pairs{}
	for key, mine := range owned.All() {
		v, b := partOf(n, key), partOf(bare, key)
		if key == "." || !v.Exists() || kube.Equal(v, b) {
			continue
		}
		inside := below(others, key)
		switch {
		case len(inside) == 0 && (mine.Len() == 0 || !b.Exists()):
			out = append(out, kube.Pair{Key: key, Value: asWhole(mine)})
		case mine.Len() > 0:
			if part := given(v, b, mine, inside); part.Len() > 0 {
				out = append(out, kube.Pair{Key: key, Value: part})
			}
		}
	}
	return kube.OfMap(out)
}

// asWhole are fields together with what holds them: the server removes what nobody owns anything of any more with all that it has.
func asWhole(fields kube.Node) kube.Node {
	if fields.Len() == 0 || fields.Get(".").Exists() {
		return fields
	}
	out := kube.Pairs{{Key: ".", Value: kube.OfMap(kube.Pairs{})}}
	for k, v := range fields.All() {
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}

// below are the parts of fields that a key leads to.
func below(fields []kube.Node, key string) []kube.Node {
	var list []kube.Node
	for _, f := range fields {
		if f = f.Get(key); f.Exists() {
			list = append(list, f)
		}
	}
	return list
}

// partOf is the part of a value that a key of managedFields leads to.
func partOf(n kube.Node, key string) kube.Node {
	switch {
	case len(key) < 2:
		return kube.Node{}
	case key[:2] == "f:":
		return n.Get(key[2:])
	}
	return itemOf(n, key)
}

// reset is n with what the bare object has, which may be nothing, where fields lead.
func reset(n, bare, fields kube.Node) kube.Node {
	switch {
	case n.IsMapping():
		out := kube.Pairs{}
		for k, v := range n.All() {
			if v = resetPart(v, bare.Get(k), fields.Get("f:"+k)); v.Exists() {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		return kube.OfMap(out)
	case n.Kind() == kube.List:
		out := kube.Elems{}
		for _, v := range n.Items() {
			key := itemKeyIn(fields, v)
			if v = resetPart(v, partOf(bare, key), fields.Get(key)); v.Exists() {
				out = append(out, v)
			}
		}
		return kube.OfList(out)
	}
	return n
}

func resetPart(v, bare, fields kube.Node) kube.Node {
	switch {
	case !fields.Exists():
		return v
	case fields.Len() == 0 || !bare.Exists() && fields.Get(".").Exists():
		return bare
	}
	return reset(v, bare, fields)
}

// common is the part of what is owned that is owned by others too, all in the notation of managedFields.
func common(owned, others kube.Node) kube.Node {
	out := kube.Pairs{}
	for k, v := range owned.All() {
		o := others.Get(k)
		switch {
		case !o.Exists():
			continue
		case v.Len() > 0 && o.Len() > 0:
			if v = common(v, o); v.Len() == 0 {
				continue
			}
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}

// union is what is owned here or there, in the notation of managedFields.
func union(a, b kube.Node) kube.Node {
	out := kube.Pairs{}
	for k, v := range a.All() {
		if o := b.Get(k); o.Len() > 0 {
			v = union(v, o)
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	for k, v := range b.All() {
		if !a.Get(k).Exists() {
			out = append(out, kube.Pair{Key: k, Value: v})
		}
	}
	return kube.OfMap(out)
}

// less is what is owned without some fields, both in the notation of managedFields.
func less(owned, fields kube.Node) kube.Node {
	out := kube.Pairs{}
	for k, v := range owned.All() {
		f := fields.Get(k)
		switch {
		case !f.Exists():
		case f.Len() == 0:
			continue
		default:
			if v = less(v, f); v.Len() == 0 {
				continue
			}
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}
