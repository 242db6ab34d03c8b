package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
)

func duplicateObject(r *run) {
	for _, i := range r.twice {
		o := &r.objects[i]
		first := r.firstLike(o)
		if o.Name == "" {
			continue
		}
		f := r.report(o, nil, "declared twice: a cluster holds one %s of that name", o.ID.Kind).see(first, nil, "first declared here")
		if o.Version != first.Version {
			f.help("%s and %s are versions of one API", first.APIVersion(), o.APIVersion())
		}
	}
}

// firstLike is the first object of the identity that o has.
func (r *run) firstLike(o *object) *object {
	id := o.identity()
	for i := range r.objects {
		if r.objects[i].identity() == id {
			return &r.objects[i]
		}
	}
	return o
}

func objectName(r *run, o *object) {
	path := func() kube.Path { return kube.Fields("metadata", "name") }
	switch {
	case o.Name != "":
		if want := o.kind.name.want(o.Name, r.minor); want != "" {
			r.report(o, path(), "got %q, want %s", o.Name, want).near(o.Name, o.kind.name, r.minor)
		}
		if max := longestName(o); len(o.Name) > max {
			r.report(o, path(), "got %q of %d characters, want at most %d: Pods and labels are named after it", o.Name, len(o.Name), max).warn()
		}
	case !o.generate && !o.isList():
		r.report(o, path(), "a %s needs a name", o.ID.Kind)
	}
}

// isList reports whether the object is a list of objects, which has no name.
func (o *object) isList() bool {
	return strings.HasSuffix(o.ID.Kind, "List") && o.Get("items").Kind() == kube.List
}

// longestName is how long a name may be for what controllers derive from it to be accepted.
func longestName(o *object) int {
	switch o.kind.id {
	case statefulSet:
		return maxLabel - len("-0123456789") // the label controller-revision-hash is the name and a hash of ten digits
	case job:
		return maxLabel // the label job-name
	}
	return maxSubdomain
}

func generateName(r *run, o *object) {
	if o.generate {
		r.report(o, kube.Fields("metadata", "generateName"), "each render would make another object").
			help("give it a name: what is applied must be found again")
	}
}

func clusterScope(r *run, o *object) {
	if o.Namespace != "" && o.kind.clusterScoped() {
		r.report(o, kube.Fields("metadata", "namespace"), "a %s lives in no namespace, got %q", o.ID.Kind, o.Namespace)
	}
}

func namespaceName(r *run, o *object) {
	if o.Namespace == "" || o.kind.clusterScoped() {
		return
	}
	if want := label.want(o.Namespace, r.minor); want != "" {
		r.report(o, kube.Fields("metadata", "namespace"), "got %q, want %s", o.Namespace, want).near(o.Namespace, label, r.minor)
	}
}

func statusSet(r *run, o *object) {
	if !o.status || o.kind.object == nil {
		return
	}
	r.report(o, kube.Fields("status"), "the cluster writes the status of a %s, what is set here is ignored", o.ID.Kind)
}
