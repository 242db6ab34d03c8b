package starctl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/builtins/declared"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/check"
	"github.com/starctl/starctl/link"
	"github.com/starctl/starctl/starlark/diag"
)

// result is what a main returned on its way to a Set: linked, complete, checked.
//
// Mistakes that evaluation reported do not stop it, so that independent ones are found in the same run. What is only their
// consequence is not reported: anything about an object that has one of them.
type result struct {
	*evaluation
	run      *typed.Run
	records  []*typed.Record
	declared []any
	wrong    map[string]bool // names of objects with a mistake, before and after linking
	adrift   bool            // there is a mistake that is about none of the objects
	silenced silences
}

func (r *result) finish() {
	var before []string
	if len(r.run.Mistakes()) > 0 {
		before = names(r.records)
		r.mistaken(before)
	}
	objects := r.link(before)
	r.missing(objects)
	r.note(objects)
	r.check(objects)
	for _, o := range objects {
		o.Origin.(*typed.Record).Freeze()
	}
	if r.job.Vet {
		r.accepted = r.silenced.accepted(r.src)
	}
	r.wishes = r.wished(objects)
	r.objects = objects
}

func names(records []*typed.Record) []string {
	list := make([]string, len(records))
	for i, rec := range records {
		list[i] = rec.ID().String()
	}
	return list
}

// mistaken notes which objects have a mistake.
func (r *result) mistaken(objects []string) {
	for _, m := range r.run.Mistakes() {
		if r.wrong == nil {
			r.wrong = map[string]bool{}
		}
		r.wrong[m.Object] = true
		if !slices.Contains(objects, m.Object) {
			r.adrift = true
		}
	}
}

// note adds the objects of which something was found since to those with a mistake, and those of a loaded file that had one.
func (r *result) note(objects []*kube.Object) {
	for i, rec := range r.records {
		if rec.Frozen() && typed.Mistaken(rec) {
			if r.wrong == nil {
				r.wrong = map[string]bool{}
			}
			r.wrong[objects[i].ID.String()] = true
		}
	}
	for _, d := range r.list {
		if d.Severity != diag.Error {
			continue
		}
		if r.wrong == nil {
			r.wrong = map[string]bool{}
		}
		r.wrong[d.Object] = true
		if !slices.ContainsFunc(objects, func(o *kube.Object) bool { return o.ID.String() == d.Object }) {
			r.adrift = true
		}
	}
}

// link joins what was declared apart. From then on objects are known by the names that they have with their namespace.
func (r *result) link(before []string) []*kube.Object {
	o := link.Options{
		Namespace: r.job.Target.For(r.job.Namespace).Namespace,
		Defaults:  r.Config.Defaults,
		Declared:  r.declared,
		Sources:   r.src,
		Vet:       r.job.Vet,
	}
	if t := r.job.Target; t != nil {
		o.Region, o.Kubernetes = t.Region, t.Kubernetes
	}
	objects, list := link.Link(r.records, o)
	mistakes := r.run.Mistakes()
	for i := range before {
		obj := objects[i]
		if after := obj.ID.String(); r.wrong[before[i]] && after != before[i] {
			r.wrong[after] = true
			for j := range mistakes {
				if mistakes[j].Object == before[i] {
					mistakes[j].Object = after
				}
			}
		}
	}
	r.silenced = r.silences(objects)
	for _, d := range list {
		if r.adrift || r.wrong[d.Object] || r.silenced.quiet(d) {
			continue
		}
		r.list = append(r.list, d)
	}
	return objects
}

// missing reports required fields that are not set. Parts with a mistake lack nothing.
func (r *result) missing(objects []*kube.Object) {
	for _, o := range objects {
		rec := o.Origin.(*typed.Record)
		err := typed.Missing(rec, func(path kube.Path) {
			d := r.add(diag.Error, o, path[:len(path)-1], "required, and not set")
			d.Path = path.String()
		})
		if err != nil {
			r.add(diag.Error, o, nil, err.Error())
		}
	}
}

// check looks at the set as a whole.
func (r *result) check(objects []*kube.Object) {
	set := &kube.Set{Name: r.file.setName, Namespace: r.job.Target.For(r.job.Namespace).Namespace, Objects: objects}
	o := check.Options{Silenced: r.silenced.forChecks()}
	if r.job.Target != nil {
		o.Kubernetes = r.job.Target.Kubernetes
	}
	for _, d := range r.declared {
		if e, ok := d.(declared.External); ok {
			o.External = append(o.External, check.External{Kind: e.Kind, Namespace: e.Namespace, Name: e.Name})
		}
	}
	for _, f := range check.All(set, o) {
		if r.consequence(f) {
			continue
		}
		n := len(r.list)
		d := r.add(diag.Severity(f.Severity), f.Object, f.Path, f.Message)
		if r.repeats(n) {
			r.list = r.list[:n]
			continue
		}
		d.Check, d.Suggest, d.Help = f.Check, f.Suggest, f.Help
		for _, rel := range f.Related {
			d.Related = append(d.Related, diag.Related{Pos: r.apart(d, r.where(rel.Object, rel.Path)), Text: rel.Text})
		}
	}
}

// repeats reports whether the nth Diagnostic says again, of a part of an object, what was said of the text that both come
// from: a label of a Deployment is one of its Pods too, and its name that of its container.
func (r *result) repeats(n int) bool {
	d := &r.list[n]
	return d.Pos.IsValid() && slices.ContainsFunc(r.list[:n], func(b diag.Diagnostic) bool {
		if b.Object != d.Object {
			return false
		}
		again := b.Pos == d.Pos && b.Message == d.Message && strings.HasSuffix(d.Path, "."+b.Path)
		return again || b.Path == "metadata.name" && ofName(d)
	})
}

// ofName reports whether a Diagnostic is about a value that is the object's own name, or that is missing as the name is.
func ofName(d *diag.Diagnostic) bool {
	_, name, ok := strings.Cut(d.Object, " ")
	if !ok {
		return strings.HasSuffix(d.Path, ".name")
	}
	return strings.HasPrefix(d.Message, fmt.Sprintf("got %q", name[strings.LastIndex(name, "/")+1:]))
}

// consequence reports whether a Finding may only be there because of a mistake that is reported anyway.
func (r *result) consequence(f check.Finding) bool {
	if r.wrong == nil || ofItself(f) && !r.said(f) {
		return false
	}
	return r.adrift || r.wrong[f.Object.String()] || slices.ContainsFunc(f.Related, func(rel check.Related) bool {
		return r.wrong[rel.Object.String()]
	})
}

// said reports whether a mistake about the same value was reported before.
func (r *result) said(f check.Finding) bool {
	object, path := f.Object.ID.String(), f.Path.String()
	return slices.ContainsFunc(r.run.Mistakes(), func(m typed.Mistake) bool {
		e, ok := m.Err.(*typed.Error)
		return ok && m.Object == object && e.Path.String() == path
	})
}

// ofItself reports whether a Finding is about text that is wrong whatever else there is.
func ofItself(f check.Finding) bool {
	if f.Severity != check.Error || !strings.HasPrefix(f.Message, "got ") || len(f.Related) > 0 {
		return false
	}
	n := f.Object.Node
	for _, s := range f.Path {
		if s.Index < 0 {
			n = n.Get(s.Name)
			continue
		}
		var item kube.Node
		for i, x := range n.Items() {
			if i == s.Index {
				item = x
			}
		}
		n = item
	}
	return n.Kind() == kube.String
}

// add reports something about a value of an object, where it was set. The returned Diagnostic may be completed.
func (r *result) add(s diag.Severity, o *kube.Object, path kube.Path, message string) *diag.Diagnostic {
	place := r.where(o, path)
	d := diag.Diagnostic{Severity: s, Object: o.ID.String(), Path: path.String(), Message: message, Calls: place.Calls(r.src)}
	d.Pos = place.Locate(r.src)
	if strings.HasPrefix(message, "got ") {
		d.Pos = place.LocateValue(r.src)
	}
	r.list = append(r.list, d)
	return &r.list[len(r.list)-1]
}

// apart locates another place that a Diagnostic shows. If both are one line of a function that was called twice, it is the
// call that differs.
func (r *result) apart(d *diag.Diagnostic, place diag.Place) diag.Pos {
	pos := place.Locate(r.src)
	if pos != d.Pos {
		return pos
	}
	for i, f := range place.Calls(r.src) {
		if i >= len(d.Calls) || f.Pos != d.Calls[i].Pos {
			return f.Pos
		}
	}
	return pos
}

func (r *result) where(o *kube.Object, path kube.Path) diag.Place {
	if rec, ok := o.Origin.(*typed.Record); ok {
		return rec.Where(path)
	}
	return diag.Place{}
}

// silence is what a file says about what a check finds.
type silence struct {
	declared.Silence
	object *kube.Object // nil for every object
}

type silences []silence

// silences returns what is silenced.
func (r *result) silences(objects []*kube.Object) silences {
	var list silences
	add := func(d any, o *kube.Object) {
		s, ok := d.(declared.Silence)
		if !ok {
			return
		}
		list = append(list, silence{s, o})
	}
	for _, d := range r.declared {
		add(d, nil)
	}
	for _, o := range objects {
		for _, d := range o.Origin.(*typed.Record).Declarations() {
			add(d, o)
		}
	}
	return list
}

// accepted says what is silenced, in the order of the source, each once.
func (l silences) accepted(src diag.Sources) []Accepted {
	var list []Accepted
	for _, s := range l {
		a := Accepted{Check: s.Check, Reason: s.Reason, Pos: s.Place.Locate(src)}
		if s.object != nil {
			a.Object = s.object.ID.String()
		}
		if !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b Accepted) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return list
}

func (l silences) forChecks() []check.Silence {
	var list []check.Silence
	for _, s := range l {
		list = append(list, check.Silence{Check: s.Check, Object: s.object})
	}
	return list
}

// quiet reports whether a Diagnostic that link made is silenced.
func (l silences) quiet(d diag.Diagnostic) bool {
	return d.Check != "" && slices.ContainsFunc(l, func(s silence) bool {
		return s.Check == d.Check && (s.object == nil || s.object.ID.String() == d.Object)
	})
}
