package check

import (
	"strconv"
	"strings"

	"github.com/starctl/starctl/kube"
)

// matchScalers joins autoscalers with what they scale.
func (r *run) matchScalers() {
	for i := range r.objects {
		o := &r.objects[i]
		if o.kind.id != autoscaler {
			continue
		}
		var group, kind, name string
		for key, v := range o.spec.Get("scaleTargetRef").All() {
			switch key {
			case "apiVersion":
				group, _ = kube.SplitAPIVersion(v.Str())
			case "kind":
				kind = v.Str()
			case "name":
				name = v.Str()
			}
		}
		if o.scales = r.find(group, kind, o.namespace, name); o.scales != nil && o.scales.scaledBy == nil {
			o.scales.scaledBy = o
		}
	}
}

func scaleTarget(r *run, o *object) {
	if o.kind.id != autoscaler {
		return
	}
	if ref := o.spec.Get("scaleTargetRef"); ref.Get("kind").Str() != "ReplicationController" && !strings.Contains(ref.Get("apiVersion").Str(), "/") {
		r.report(o, kube.Fields("spec", "scaleTargetRef", "apiVersion"), "got %s, want group and version, such as \"apps/v1\"", show(ref.Get("apiVersion"))).fail()
		return
	}
	if t := o.scales; t != nil {
		if t.scaledBy != o {
			r.report(o, kube.Fields("spec", "scaleTargetRef"), "%s is scaled twice: the two undo each other's work", t.ID).
				see(t.scaledBy, nil, "the other HorizontalPodAutoscaler")
		}
		return
	}
	ref := o.spec.Get("scaleTargetRef")
	kind, name := ref.Get("kind").Str(), ref.Get("name").Str()
	if name != "" && !r.external(kind, o.namespace, name) {
		r.missing(o, kube.Fields("spec", "scaleTargetRef", "name"), kind, name)
	}
}

// scaleRange holds an autoscaler to the rules of k8s.io/kubernetes' validateHorizontalPodAutoscalerSpec.
func scaleRange(r *run, o *object) {
	if o.kind.id != autoscaler {
		return
	}
	least, most := int64(1), o.spec.Get("maxReplicas")
	if n := o.spec.Get("minReplicas"); n.Exists() {
		least, _ = n.Int()
	}
	max, ok := most.Int()
	switch {
	case least < 0:
		r.report(o, kube.Fields("spec", "minReplicas"), "got %d, want a number above 0", least)
	case least == 0:
		r.report(o, kube.Fields("spec", "minReplicas"), "got 0, which only clusters with the feature HPAScaleToZero take").warn()
	}
	switch {
	case !ok || max < 1:
		r.report(o, kube.Fields("spec", "maxReplicas"), "got %s, want a number above 0", show(most))
	case max < least:
		r.report(o, kube.Fields("spec", "maxReplicas"), "got %d, which is below minReplicas, %d", max, least)
	}
}

// scaledReplicas: each apply would set back what the autoscaler chose.
func scaledReplicas(r *run, o *object) {
	if o.kind.id != autoscaler {
		return
	}
	t := o.scales
	if t == nil || !t.spec.Get("replicas").Exists() {
		return
	}
	r.report(t, kube.Fields("spec", "replicas"), "a HorizontalPodAutoscaler scales this: each apply would set back what it chose").
		help("leave replicas out, the autoscaler begins with minReplicas").see(o, nil, "scaled here")
}

// scaleRequest: utilization is a share of what is requested.
func scaleRequest(r *run, o *object) {
	if o.kind.id != autoscaler {
		return
	}
	t := o.scales
	if t == nil || t.kind.pod == nil {
		return
	}
	for i, m := range o.spec.Get("metrics").Items() {
		metric := m.Get("resource")
		if m.Get("type").Str() != "Resource" || !metric.Get("target", "averageUtilization").Exists() {
			continue
		}
		name := metric.Get("name").Str()
		if c, ok := lacksRequest(t, name); ok {
			r.report(o, kube.Fields("spec", "metrics").With(kube.Item(i, "")), "utilization of %s is a share of what is requested, and the container %q requests none", name, c).
				see(t, t.inTemplate(kube.Field("spec"), kube.Field("containers")), "scaled here")
		}
	}
}

// lacksRequest returns the first container of the object's Pods that neither requests nor limits the resource.
func lacksRequest(o *object, resource string) (string, bool) {
	spec := templateOf(o).Get("spec")
	if spec.Get("resources").Exists() {
		return "", false
	}
	for _, list := range containerLists[:2] {
		for _, c := range spec.Get(list).Items() {
			if list == "initContainers" && c.Get("restartPolicy").Str() != "Always" {
				continue
			}
			res := c.Get("resources")
			if !res.Get("requests", resource).Exists() && !res.Get("limits", resource).Exists() {
				return c.Get("name").Str(), true
			}
		}
	}
	return "", false
}

// podSelects: a budget or policy that selects nothing protects nothing.
func podSelects(r *run, o *object) {
	field, n := "selector", o.selector
	switch o.kind.id {
	case disruptionBudget:
	case networkPolicy:
		field, n = "podSelector", o.spec.Get("podSelector")
	default:
		return
	}
	s := labelSelector(n)
	if s.empty() || r.selects(o.namespace, s) || r.external("Pod", o.namespace, "") {
		return
	}
	path := func(steps ...kube.Step) kube.Path {
		if len(steps) > 0 {
			return kube.Fields("spec", field, "matchLabels").With(steps...)
		}
		return kube.Fields("spec", field)
	}
	f := r.report(o, path(), "no Pod template of the set has these labels")
	r.closest(f, o.namespace, s.labels, path)
}

func disruption(r *run, o *object) {
	if o.kind.id != disruptionBudget {
		return
	}
	least, most := o.spec.Get("minAvailable"), o.spec.Get("maxUnavailable")
	if least.Exists() && most.Exists() {
		r.report(o, kube.Fields("spec", "maxUnavailable"), "a PodDisruptionBudget has minAvailable or maxUnavailable, not both")
	}
	r.share(o, "minAvailable", least)
	r.share(o, "maxUnavailable", most)
}

func (r *run) share(o *object, field string, n kube.Node) {
	if n.Exists() && !isShare(n) {
		r.report(o, kube.Fields("spec", field), "got %s, want a number of at least 0, or a percentage such as \"25%%\"", show(n))
	}
}

// isShare reports whether a value is a count or percentage of Pods.
func isShare(n kube.Node) bool {
	if i, ok := n.Int(); ok {
		return i >= 0
	}
	i, ok := percent(n)
	return ok && i <= 100
}

func percent(n kube.Node) (int, bool) {
	s, ok := strings.CutSuffix(n.Str(), "%")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(s)
	return i, err == nil && i >= 0
}

// blockedEviction: nodes cannot be drained of Pods that may never be missing.
func blockedEviction(r *run, o *object) {
	if o.kind.id != disruptionBudget {
		return
	}
	least, most := o.spec.Get("minAvailable"), o.spec.Get("maxUnavailable")
	if i, ok := most.Int(); ok && i == 0 || most.Str() == "0%" {
		r.report(o, kube.Fields("spec", "maxUnavailable"), "got %s: no Pod may ever be evicted, so that nodes cannot be drained", show(most))
		return
	}
	if i, ok := percent(least); ok && i >= 100 {
		r.report(o, kube.Fields("spec", "minAvailable"), "got %s: no Pod may ever be evicted, so that nodes cannot be drained", show(least))
		return
	}
	want, ok := least.Int()
	if !ok || want < 1 {
		return
	}
	total, of := r.replicas(o)
	if of == nil || total > want {
		return
	}
	r.report(o, kube.Fields("spec", "minAvailable"), "got %d of %d: no Pod may ever be evicted, so that nodes cannot be drained", want, total).
		help("maxUnavailable = 1 lets one go at a time, however many there are").see(of, nil, "selected here")
}

// replicas is the least number of Pods that a budget's selector is about, and one of the workloads; nil if that cannot be told.
func (r *run) replicas(o *object) (total int64, of *object) {
	s := labelSelector(o.selector)
	if s.empty() {
		return 0, nil
	}
	for _, w := range r.selected(o.namespace, s) {
		n := int64(1)
		switch w.kind.id {
		case deployment, statefulSet, replicaSet:
		default:
			return 0, nil
		}
		count := w.spec.Get("replicas")
		if w.scaledBy != nil {
			count = w.scaledBy.spec.Get("minReplicas")
		}
		if i, ok := count.Int(); ok {
			n = i
		}
		total, of = total+n, w
	}
	return total, of
}
