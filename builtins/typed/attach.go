package typed

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

// Attach names the objects of mistakes that were found in parts of them: what is known as `prots` of a Container when that
// is made is spec.template.spec.containers["app"].prots of the Deployment that holds it in the end.
func (r *Run) Attach(objects []*Record) {
	holders := map[starlark.Value][]*Mistake{}
	for i := range r.mistakes {
		if m := &r.mistakes[i]; m.holder != nil {
			holders[m.holder] = append(holders[m.holder], m)
		}
	}
	for _, o := range objects {
		if len(holders) == 0 {
			return
		}
		attach(holders, o.title(), o, nil, map[starlark.Value]bool{})
	}
}

// AttachMade is Attach with every object that was made: evaluation stopped before main returned any.
func (r *Run) AttachMade() {
	if len(r.mistakes) == 0 {
		return
	}
	var objects []*Record
	parts := map[starlark.Value]bool{}
	for _, chunk := range r.made {
		for i := range chunk {
			if x := &chunk[i]; x.typ != nil && x.ID().Kind != "" {
				objects = append(objects, x)
				for _, s := range x.slots {
					attach(nil, "", s.val, nil, parts)
				}
			}
		}
	}
	r.Attach(slices.DeleteFunc(objects, func(o *Record) bool { return parts[o] }))
}

func attach(holders map[starlark.Value][]*Mistake, title string, v starlark.Value, path kube.Path, seen map[starlark.Value]bool) {
	if !composite(v) || seen[v] {
		return
	}
	seen[v] = true
	for _, m := range holders[v] {
		m.Object, m.Err, m.holder = title, Split(Within(path, m.Err))[0], nil
	}
	delete(holders, v)
	switch v := v.(type) {
	case *Record:
		for _, s := range v.slots {
			attach(holders, title, s.val, path.With(kube.Field(v.typ.Fields[s.field].Name())), seen)
		}
	case *List:
		for i, x := range v.vals {
			attach(holders, title, x, path.With(v.Step(i)), seen)
		}
	case *Map:
		for _, e := range v.entries {
			attach(holders, title, e.val, path.With(kube.Key(e.key)), seen)
		}
	}
}
