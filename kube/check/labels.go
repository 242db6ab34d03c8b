package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// where makes the path of a place when there is something to report of it, and not before: all is well most of the time.
type where func(...kube.Step) kube.Path

// The places that most objects have.

func atLabels(s ...kube.Step) kube.Path { return kube.Fields("metadata", "labels").With(s...) }

func atAnnotations(s ...kube.Step) kube.Path {
	return kube.Fields("metadata", "annotations").With(s...)
}

func atSelector(s ...kube.Step) kube.Path { return kube.Fields("spec", "selector").With(s...) }

func atMatchLabels(s ...kube.Step) kube.Path { return atSelector(kube.Field("matchLabels")).With(s...) }

func atExpressions(s ...kube.Step) kube.Path {
	return atSelector(kube.Field("matchExpressions")).With(s...)
}

func labelSyntax(r *run, o *object) {
	r.labels(o, atLabels, o.labels)
	if o.kind.id == namespace {
		r.securityLevels(o)
	}
	switch {
	case o.kind.id == service || o.kind.id == replicationController:
		r.labels(o, atSelector, o.selector)
	case o.kind.id == claim:
		r.selectorSyntax(o, o.spec.Get("selector"), atSelector)
	case o.kind.id == networkPolicy:
		r.selectorSyntax(o, o.spec.Get("podSelector"), func(s ...kube.Step) kube.Path { return kube.Fields("spec", "podSelector").With(s...) })
	case o.kind.pod != nil || o.kind.id == disruptionBudget:
		s := labelSelector(o.selector)
		r.labels(o, atMatchLabels, s.labels)
		for i, e := range s.expressions.Items() {
			r.expression(o, func(s ...kube.Step) kube.Path { return atExpressions(kube.Item(i, "")).With(s...) }, e)
		}
	}
}

func podLabelSyntax(r *run, p *pod) {
	if len(p.kind.pod) > 0 && p.labels.Exists() {
		r.labels(p.object, func(s ...kube.Step) kube.Path {
			return p.inTemplate(kube.Field("metadata"), kube.Field("labels")).With(s...)
		}, p.labels)
	}
	if p.affinity.Exists() {
		r.affinity(p, "podAffinity")
		r.affinity(p, "podAntiAffinity")
	}
	for i, c := range p.spread.Items() {
		r.selectorSyntax(p.object, c.Get("labelSelector"), func(s ...kube.Step) kube.Path {
			return p.inSpec(kube.Field("topologySpreadConstraints"), kube.Item(i, c.Get("topologyKey").Str()), kube.Field("labelSelector")).With(s...)
		})
	}
	if p.nodeSelector.Exists() {
		r.labels(p.object, func(s ...kube.Step) kube.Path { return p.inSpec(kube.Field("nodeSelector")).With(s...) }, p.nodeSelector)
	}
}

// labels holds a map to the syntax of labels.
func (r *run) labels(o *object, path where, n kube.Node) {
	for k, v := range n.All() {
		if want := syntax.Qualified(k); want != "" {
			r.report(o, path(kube.Key(k)), "the key %q is not one that labels may have, want %s", k, want)
		}
		if v.Kind() != kube.String {
			r.report(o, path(kube.Key(k)), "got %s %s, want a string", v.Kind(), v.Text())
		} else if want := syntax.LabelValue(v.Str()); want != "" {
			r.report(o, path(kube.Key(k)), "got %q, want %s", v.Str(), want)
		}
	}
}

// selectorSyntax holds a LabelSelector that is not the object's own to the syntax of labels.
func (r *run) selectorSyntax(o *object, n kube.Node, path where) {
	if !n.Exists() {
		return
	}
	r.labels(o, func(s ...kube.Step) kube.Path { return path(kube.Field("matchLabels")).With(s...) }, n.Get("matchLabels"))
	for i, e := range n.Get("matchExpressions").Items() {
		r.expression(o, func(s ...kube.Step) kube.Path {
			return path(kube.Field("matchExpressions"), kube.Item(i, "")).With(s...)
		}, e)
	}
}

// affinity holds the selectors of Pods that a Pod wants to be with, or not, to the syntax of labels.
func (r *run) affinity(p *pod, kind string) {
	const required, preferred = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
	n := p.affinity.Get(kind)
	for i, term := range n.Get(required).Items() {
		r.selectorSyntax(p.object, term.Get("labelSelector"), func(s ...kube.Step) kube.Path {
			return p.inSpec(kube.Field("affinity"), kube.Field(kind), kube.Field(required), kube.Item(i, ""), kube.Field("labelSelector")).With(s...)
		})
	}
	for i, term := range n.Get(preferred).Items() {
		r.selectorSyntax(p.object, term.Get("podAffinityTerm", "labelSelector"), func(s ...kube.Step) kube.Path {
			return p.inSpec(kube.Field("affinity"), kube.Field(kind), kube.Field(preferred), kube.Item(i, ""),
				kube.Field("podAffinityTerm"), kube.Field("labelSelector")).With(s...)
		})
	}
}

// expression holds a requirement of a LabelSelector to its syntax.
func (r *run) expression(o *object, path where, e kube.Node) {
	field := func(name string) kube.Path { return path(kube.Field(name)) }
	for i, v := range e.Get("values").Items() {
		if want := syntax.LabelValue(v.Str()); want != "" {
			r.report(o, path(kube.Field("values"), kube.Item(i, "")), "got %q, want %s", v.Str(), want)
		}
	}
	if key := e.Get("key").Str(); syntax.Qualified(key) != "" {
		r.report(o, field("key"), "%q is not a key that labels may have, want %s", key, syntax.Qualified(key))
	}
	values := e.Get("values").Len()
	switch op := e.Get("operator").Str(); op {
	case "In", "NotIn":
		if values == 0 {
			r.report(o, field("values"), "operator %s needs values", op)
		}
	case "Exists", "DoesNotExist":
		if values > 0 {
			r.report(o, field("values"), "operator %s takes no values", op)
		}
	default:
		r.report(o, field("operator"), "got %q, want In, NotIn, Exists or DoesNotExist", op)
	}
}

// maxAnnotations is how many bytes the keys and values of an object's annotations may have (k8s.io/apimachinery/pkg/api/validation,
// TotalAnnotationSizeLimitB).
const maxAnnotations = 256 << 10

func annotationSyntax(r *run, o *object) {
	r.annotations(o, atAnnotations, o.notes)
}

func podAnnotationSyntax(r *run, p *pod) {
	if len(p.kind.pod) > 0 {
		r.annotations(p.object, func(s ...kube.Step) kube.Path {
			return p.inTemplate(kube.Field("metadata"), kube.Field("annotations")).With(s...)
		}, p.template.Get("metadata", "annotations"))
	}
}

func (r *run) annotations(o *object, path where, n kube.Node) {
	total := 0
	for k, v := range n.All() {
		total += len(k) + len(v.Str())
		if want := wantAnnotation(k); want != "" {
			r.report(o, path(kube.Key(k)), "the key %q is not one that annotations may have, want %s", k, want)
		}
		if v.Kind() != kube.String {
			r.report(o, path(kube.Key(k)), "got %s %s, want a string", v.Kind(), v.Text())
		}
	}
	if total > maxAnnotations {
		r.report(o, path(), "got annotations of %d KiB, want at most %d KiB", (total+1023)>>10, maxAnnotations>>10)
	}
}

// wantAnnotation is the rule of the keys of annotations: that of labels, in upper or lower case.
func wantAnnotation(key string) string {
	want := syntax.Qualified(key)
	if want != "" {
		want = syntax.Qualified(strings.ToLower(key))
	}
	return want
}
