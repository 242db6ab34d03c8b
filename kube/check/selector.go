package check

import (
	"github.com/starctl/starctl/kube"
)

// ownSelector: the API server refuses a workload whose selector does not match its own Pods.
func ownSelector(r *run, p *pod) {
	o := p.object
	switch o.kind.id {
	case deployment, replicaSet, statefulSet, daemonSet:
	case replicationController:
		if s := o.selector; s.Exists() {
			r.ownLabels(p, selector{labels: s}, atSelector)
		}
		return
	case job:
		if o.spec.Get("manualSelector").Bool() {
			r.ownLabels(p, labelSelector(o.selector), atMatchLabels)
		}
		return
	default:
		return
	}
	n := o.selector
	s := labelSelector(n)
	switch {
	case !n.Exists():
		r.report(o, atSelector(), "a %s needs a selector that matches the labels of its Pod template", o.ID.Kind)
	case s.empty():
		r.report(o, atSelector(), "an empty selector would match every Pod, want the labels of the Pod template")
	default:
		r.ownLabels(p, s, atMatchLabels)
	}
}

// ownLabels reports each label that the selector asks for and the template does not have.
func (r *run) ownLabels(p *pod, s selector, path where) {
	for k, v := range s.labels.All() {
		got := p.labels.Get(k)
		switch {
		case !got.Exists():
			r.report(p.object, path(kube.Key(k)), "the Pod template has no label %q, so the selector does not match it", k).
				see(p.object, p.inTemplate(kube.Field("metadata"), kube.Field("labels")), "the labels of the Pod template")
		case got.Text() != v.Text():
			r.report(p.object, path(kube.Key(k)), "the selector asks for %q, the Pod template has %q", v.Text(), got.Text()).
				see(p.object, p.inTemplate(kube.Field("metadata"), kube.Field("labels"), kube.Key(k)), "the label of the Pod template")
		}
	}
	for i, e := range s.expressions.Items() {
		if !expressionMatches(e, p.labels) {
			r.report(p.object, atExpressions(kube.Item(i, "")), "the labels of the Pod template do not match this expression")
		}
	}
}
