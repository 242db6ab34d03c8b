package check

import (
	"fmt"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// check is a row of the table. Its functions look at the whole set, at each object, at each Pod template, at each container of
// one; most checks need one of them.
type check struct {
	name     string
	doc      string
	severity Severity

	set       func(*run)
	object    func(*run, *object)
	pod       func(*run, *pod)
	container func(*run, *pod, *container)
}

// run is one look at a set: its objects, what is prepared for the checks, and what they found.
type run struct {
	set     *kube.Set
	opt     Options
	checks  []check
	minor   int // of the Kubernetes release: 34 of 1.34
	objects []object
	kinds   []*kind
	byID    map[identity]int32 // the last object's place
	twice   []int32
	madeBy  struct {
		known   bool
		objects []*object
	}
	pods    podIndex
	hits    []*object // what was last selected
	ports   []servicePort
	walk    walker
	scratch pod
	now     int // the check that is running
	found   []*found
}

type found struct {
	Finding
	object int // its place in the set
	check  int
}

// object is one of the set's, with what most checks ask of it.
type object struct {
	*kube.Object
	at        int
	kind      *kind
	labels    kube.Node
	notes     kube.Node // annotations
	generate  bool      // a name for each apply
	status    bool      // is set
	spec      kube.Node
	selector  kube.Node // of the spec
	template  kube.Node // of the spec
	size      int       // about how many bytes it has
	scales    *object   // of an autoscaler: its workload, if the set has it
	scaledBy  *object   // the first autoscaler that does
	namespace string    // where it is, whether written in it or left to the set; "" for what has none
}

func newRun(set *kube.Set, o Options, checks []check) *run {
	r := &run{set: set, opt: o, checks: checks, minor: minor(o.Kubernetes)}
	r.objects = make([]object, 0, len(set.Objects))
	for i, o := range set.Objects {
		if o != nil {
			r.objects = append(r.objects, r.object(o, i))
		}
	}
	r.identify()
	r.matchScalers()
	return r
}

func (r *run) object(ko *kube.Object, at int) object {
	o := object{Object: ko, at: at, kind: r.kindOf(ko.ID), namespace: ko.Namespace}
	for key, v := range ko.All() {
		switch key {
		case "metadata":
			o.readMeta(v)
		case "spec":
			o.spec = v
			o.readSpec(v)
		case "status":
			o.status = v.Len() > 0
		}
	}
	switch {
	case o.kind.clusterScoped():
		o.namespace = ""
	case o.namespace == "":
		o.namespace = r.set.Namespace
	}
	return o
}

func (o *object) readSpec(n kube.Node) {
	for key, v := range n.All() {
		switch key {
		case "selector":
			o.selector = v
		case "template":
			o.template = v
		}
	}
}

func (o *object) readMeta(n kube.Node) {
	for key, v := range n.All() {
		switch key {
		case "labels":
			o.labels = v
		case "annotations":
			o.notes = v
		case "generateName":
			o.generate = true
		}
	}
}

// kindOf returns what is known of a kind; a set has few of them. Versions of one kind have one number.
func (r *run) kindOf(id kube.ID) *kind {
	number := len(r.kinds)
	for _, k := range r.kinds {
		if k.kind == id.Kind && k.group == id.Group {
			if k.version == id.Version {
				return k
			}
			number = k.number
		}
	}
	k := kindOf(id)
	k.number = number
	r.kinds = append(r.kinds, k)
	return k
}

// every runs the checks that want says, all of an object's together: with thousands of objects, most time is lost in fetching
// them from memory.
func (r *run) every(want func(*check) bool) {
	var objects, pods, containers []int
	for i := range r.checks {
		c := &r.checks[i]
		if !want(c) {
			continue
		}
		if c.object != nil {
			objects = append(objects, i)
		}
		if c.pod != nil {
			pods = append(pods, i)
		}
		if c.container != nil {
			containers = append(containers, i)
		}
	}
	for i := range r.objects {
		o := &r.objects[i]
		o.size = r.walk.measure(o)
		for _, r.now = range objects {
			r.checks[r.now].object(r, o)
		}
		if o.kind.pod != nil && len(pods)+len(containers) > 0 {
			r.inside(o, pods, containers)
		}
	}
	for i := range r.checks {
		if r.now = i; r.checks[i].set != nil && want(&r.checks[i]) {
			r.checks[i].set(r)
		}
	}
}

// inside runs checks over the object's Pod template.
func (r *run) inside(o *object, pods, containers []int) {
	p := &r.scratch
	p.read(o)
	for _, r.now = range pods {
		r.checks[r.now].pod(r, p)
	}
	for i := range p.containers {
		for _, r.now = range containers {
			r.checks[r.now].container(r, p, &p.containers[i])
		}
	}
}

// report notes what the running check found. The Finding may be given more, such as another severity, or help.
func (r *run) report(o *object, path kube.Path, format string, args ...any) *Finding {
	c := &r.checks[r.now]
	f := &found{object: o.at, check: r.now}
	f.Finding = Finding{Check: c.name, Severity: c.severity, Object: o.Object, Path: path, Message: fmt.Sprintf(format, args...)}
	r.found = append(r.found, f)
	return &f.Finding
}

// help adds a line about what to do.
func (f *Finding) help(format string, args ...any) *Finding {
	f.Help = append(f.Help, fmt.Sprintf(format, args...))
	return f
}

// near suggests what a name that the rule refuses was probably meant to be.
func (f *Finding) near(name string, rule nameRule, minor int) *Finding {
	f.Suggest = syntax.Near(name, func(s string) string { return rule.want(s, minor) })
	return f
}

// warn says that this one is accepted by Kubernetes.
func (f *Finding) warn() *Finding {
	f.Severity = Warning
	return f
}

// fail says that this one cannot work.
func (f *Finding) fail() *Finding {
	f.Severity = Error
	return f
}

// see adds another place.
func (f *Finding) see(o *object, path kube.Path, text string) *Finding {
	f.Related = append(f.Related, Related{Object: o.Object, Path: path, Text: text})
	return f
}
