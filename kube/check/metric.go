package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
)

// scaleMetric holds what an autoscaler goes by to the rules of k8s.io/kubernetes' validateMetrics.
func scaleMetric(r *run, o *object) {
	if o.kind.id != autoscaler || o.Version != "v2" {
		return
	}
	for i, m := range o.spec.Get("metrics").Items() {
		path := func(s ...kube.Step) kube.Path {
			return kube.Fields("spec", "metrics").With(kube.Item(i, "")).With(s...)
		}
		typ := m.Get("type").Str()
		field := metricField(typ)
		if field == "" {
			continue // it is missing or another word, which is said where it is set
		}
		if source := m.Get(field); source.Exists() {
			r.metricTarget(o, typ, source.Get("target"), func(s ...kube.Step) kube.Path { return path(kube.Field(field), kube.Field("target")).With(s...) })
		} else {
			r.report(o, path(), "a metric of type %s says more in %s", typ, field)
		}
	}
}

// metricField is the field that says more of a metric of a type.
func metricField(typ string) string {
	switch typ {
	case "Resource":
		return "resource"
	case "ContainerResource":
		return "containerResource"
	case "Pods":
		return "pods"
	case "Object":
		return "object"
	case "External":
		return "external"
	}
	return ""
}

// metricTarget: a metric has one value to reach, which is above 0.
func (r *run) metricTarget(o *object, typ string, n kube.Node, path where) {
	if !n.Exists() {
		return
	}
	want, count := metricTargets(typ), 0
	for _, field := range want {
		v := n.Get(field)
		if !v.Exists() {
			continue
		}
		count++
		if q, ok := parseQuantity(v); ok && field != "averageUtilization" && (q.sign() <= 0) {
			r.report(o, path(kube.Field(field)), "got %s, want more than 0", show(v))
		}
	}
	if count != 1 && want != nil {
		r.report(o, path(), "a metric of type %s aims at one of %s, got %d", typ, strings.Join(want, " and "), count)
	}
}

// metricTargets is what metrics of a type may aim at.
func metricTargets(typ string) []string {
	switch typ {
	case "Resource", "ContainerResource":
		return averages[:]
	case "Pods":
		return averages[1:]
	case "Object", "External":
		return values[:]
	}
	return nil
}

var (
	averages = [...]string{"averageUtilization", "averageValue"}
	values   = [...]string{"value", "averageValue"}
)
