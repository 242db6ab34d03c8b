package link

import (
	"go.starlark.net/starlark"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/starlark/diag"
)

// assumedNamespace is where objects go if nobody says: kubectl's own default.
const assumedNamespace = "default"

// namespaces fills metadata.namespace of namespaced objects, and the namespace of ServiceAccounts that bindings name. DNS
// names need one, so a meshed set without gets the default, with a warning.
func (l *linker) namespaces() {
	assumed := false
	if l.Namespace == "" && l.meshed {
		l.Namespace, assumed = assumedNamespace, true
	}
	if l.Namespace == "" {
		return
	}
	filled := 0
	for _, o := range l.objects {
		if o.Schema().Namespaced && o.Namespace == "" {
			o.ID.Namespace = l.namespaceOf(o)
			put(o.Own("metadata"), "namespace", starlark.String(o.ID.Namespace))
			filled++
		}
		l.subjects(o)
	}
	if assumed && filled > 0 {
		d := l.warn("namespace-assumed", l.mesh(), "", "the namespace is assumed to be %q: names of upstreams need one", assumedNamespace)
		d.Help = []string{"say it in the target, or with --namespace"}
	}
}

// namespaceOf is the namespace of an object that names none: a headless Service goes where its workload is.
func (l *linker) namespaceOf(o *object) string {
	if h, ok := o.Annotation().(*asked.HeadlessService); ok && h.Workload != nil {
		if ns := h.Workload.ID().Namespace; ns != "" {
			return ns
		}
	}
	return l.Namespace
}

// subjects fills the namespaces of the ServiceAccounts that a binding names.
func (l *linker) subjects(o *object) {
	if o.Kind != "RoleBinding" && o.Kind != "ClusterRoleBinding" {
		return
	}
	for i, s := range o.node().Get("subjects").Items() {
		if s.Get("kind").Str() != "ServiceAccount" || s.Get("namespace").Exists() {
			continue
		}
		ns := o.Namespace
		if ns == "" {
			ns = l.Namespace
		}
		put(o.OwnItems("subjects").Own(i), "namespace", starlark.String(ns))
	}
}

// mesh is the first call that makes the set a meshed one.
func (l *linker) mesh() diag.Place {
	for _, o := range l.objects {
		switch note := o.Annotation().(type) {
		case asked.Sidecars:
			return note[0].Mark.Place()
		case *asked.ConfigMap:
			return note.Mark.Place()
		}
	}
	return diag.Place{}
}

// labels puts the project's labels on objects and Pod templates that do not have others of the same keys; never into
// selectors.
func (l *linker) labels() {
	if len(l.Defaults.Labels) == 0 {
		return
	}
	for _, o := range l.objects {
		if o.Schema().Field("metadata") < 0 {
			continue
		}
		l.label(o.Own("metadata"))
		if t := template(o.Record); t != nil && t != o.Record {
			l.label(t.Own("metadata"))
		}
	}
}

func (l *linker) label(meta *typed.Record) {
	m := meta.OwnEntries("labels")
	for _, d := range l.Defaults.Labels {
		if !m.Has(d.Key) {
			putKey(m, d.Key, d.Value)
		}
	}
}
