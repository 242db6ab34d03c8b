package cluster

import (
	"context"
	"slices"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
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
	n, err := d.substitute(ctx, res, s.ID, s.Desired)
	if statusOf(err) != nil && !IsForbidden(err) {
		return kube.Node{}, nil
	}
	return n, err
}

// made are the fields that go with the adoption of an object that b holds, for each entry of its managedFields.
func (w *writer) made(ctx context.Context, res Resource, b []byte) ([]kube.Node, error) {
	live, err := decode.JSON(b)
	if err != nil {
		return nil, err
	}
	bare, err := w.d.bare(ctx, res, w.step, live)
	if err != nil || !bare.Exists() {
		return nil, err
	}
	result, err := w.try(ctx, res)
	if err != nil {
		return nil, err
	}
	return made(live, result, bare), nil
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
			owned := m.Get("fieldsV1")
			if result.Get("kind").Str() == "Secret" {
				owned = merged(owned, "f:stringData", "f:data")
			}
			fields = given(result, bare, owned, others)
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
		whole := mine.Len() == 0 || mine.Get(".").Exists() && !b.Exists()
		switch {
		case whole && len(inside) == 0:
		case mine.Len() == 0:
			continue
		default:
			mine = given(v, b, mine, inside)
		}
		if whole && len(inside) == 0 || mine.Len() > 0 {
			out = append(out, kube.Pair{Key: key, Value: mine})
		}
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
