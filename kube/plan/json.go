package plan

import (
	"io"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// JSON writes plans for machines, as a list. What is written here stays; more may come. A plan is
//
//	target, set, namespace, cluster
//	                           as in Plan
//	summary                    how many objects there are of each action: create, update, replace, delete, unchanged; refused are
//	                           those that have an obstacle
//	objects                    what is not unchanged, in the order of the plan, each with
//	    action                 create, update, replace or delete
//	    apiVersion, kind, namespace, name
//	    declared               where: "deploy.star:14"; not of a deletion
//	    stage                  the lower are done before
//	    adopted, rolls, since  as in Step, where they say something
//	    changes                each with path, old, new (either may be missing), and order: true if only the order of items is
//	                           another; values of Secrets are digests that mean nothing in another run
//	obstacles, notes           each with kind, message, and where they are known object, declared, path and help
//
// place tells where an object is declared; it may be nil.
func JSON(w io.Writer, plans []*Plan, place func(*kube.Object) string) error {
	j := machine{place}
	list := make(kube.Elems, len(plans))
	for i, p := range plans {
		list[i] = j.plan(p)
	}
	b := append(encode.AppendJSON(nil, kube.OfList(list), 2), '\n')
	_, err := w.Write(b)
	return err
}

type machine struct{ place func(*kube.Object) string }

// record builds an object of JSON, without the fields that say nothing.
type record kube.Pairs

func (r *record) put(key string, n kube.Node) {
	if n.Exists() {
		*r = append(*r, kube.Pair{Key: key, Value: n})
	}
}

func (r *record) text(key, s string) {
	if s != "" {
		r.put(key, kube.OfString(s))
	}
}

func (r *record) number(key string, n int) {
	if n != 0 {
		r.put(key, kube.OfInt(int64(n)))
	}
}

func (r *record) yes(key string, v bool) {
	if v {
		r.put(key, kube.OfBool(true))
	}
}

func (r record) node() kube.Node { return kube.OfMap(kube.Pairs(r)) }

func (j machine) plan(p *Plan) kube.Node {
	var r, sum record
	r.text("target", p.Target)
	r.text("set", p.Set)
	r.text("namespace", p.Namespace)
	r.text("cluster", p.Cluster)
	for a := Create; a <= Delete; a++ {
		sum.put(a.String(), kube.OfInt(int64(p.Count(a))))
	}
	sum.put(Unchanged.String(), kube.OfInt(int64(p.Count(Unchanged))))
	sum.put("refused", kube.OfInt(int64(p.Obstructed())))
	r.put("summary", sum.node())
	objects := kube.Elems{}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action != Unchanged {
			objects = append(objects, j.step(s))
		}
	}
	r.put("objects", kube.OfList(objects))
	r.put("obstacles", j.obstacles(p.Obstacles))
	r.put("notes", j.obstacles(p.Notes))
	return r.node()
}

func (r *record) id(id kube.ID) {
	r.text("apiVersion", id.APIVersion())
	r.text("kind", id.Kind)
	r.text("namespace", id.Namespace)
	r.text("name", id.Name)
}

func (j machine) declared(r *record, o *kube.Object) {
	if j.place != nil && o != nil {
		r.text("declared", j.place(o))
	}
}

func (j machine) step(s *Step) kube.Node {
	var r record
	r.text("action", s.Action.String())
	r.id(s.ID)
	j.declared(&r, s.Declared)
	r.put("stage", kube.OfInt(int64(s.Stage)))
	r.yes("adopted", s.Adopted)
	r.number("rolls", s.Rolls)
	if !s.Since.IsZero() {
		r.text("since", s.Since.UTC().Format(time.RFC3339))
	}
	if len(s.Changes) > 0 {
		list := make(kube.Elems, len(s.Changes))
		for i, c := range s.Changes {
			list[i] = c.node()
		}
		r.put("changes", kube.OfList(list))
	}
	return r.node()
}

func (c Change) node() kube.Node {
	var r record
	r.text("path", c.Path.String())
	r.put("old", c.Old)
	r.put("new", c.New)
	r.yes("order", c.Order)
	return r.node()
}

func (j machine) obstacles(list []Obstacle) kube.Node {
	out := make(kube.Elems, len(list))
	for i, o := range list {
		var r, about record
		r.text("kind", o.Kind)
		r.text("message", o.Message)
		if o.ID != (kube.ID{}) {
			about.id(o.ID)
			r.put("object", about.node())
		}
		j.declared(&r, o.Object)
		r.text("path", o.Path.String())
		if len(o.Help) > 0 {
			r.put("help", texts(o.Help))
		}
		out[i] = r.node()
	}
	return kube.OfList(out)
}

func texts(list []string) kube.Node {
	out := make(kube.Elems, len(list))
	for i, s := range list {
		out[i] = kube.OfString(s)
	}
	return kube.OfList(out)
}
