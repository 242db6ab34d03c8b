package builtins

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

var horizontalPodAutoscalerForm = sync.OnceValue(func() *form {
	f := newObjectForm("horizontal_pod_autoscaler", "autoscaling.v2.HorizontalPodAutoscaler")
	f.required = 0
	f.inside(theObject, "spec")
	f.shape(theSpec, "workload", "min", "max", "cpu", "memory")
	return f.fields(theSpec, "", "maxReplicas", "minReplicas", "scaleTargetRef").done()
})

// horizontal_pod_autoscaler(name = workload.name, *, workload, min = None, max, cpu = None, memory = None, metrics = [],
// behavior = None, namespace = None, labels = {}, annotations = {}) -> HorizontalPodAutoscaler
//
// A HorizontalPodAutoscaler (autoscaling/v2): horizontal_pod_autoscaler(workload = app, min = 2, max = 10, cpu = 70).
// Leave out the workload's own replicas.
//
// Args:
//
//	name: of the autoscaler; by default the workload's.
//	workload: the Deployment, StatefulSet or ReplicaSet to scale.
//	min: the fewest replicas; Kubernetes takes 1.
//	max: the most replicas.
//	cpu: the average to keep to: a number is percent of what the containers request, a quantity such as "500m" cores for
//	  each Pod. Without cpu, memory and metrics Kubernetes takes 80.
//	memory: the same for memory, such as 80 or "1Gi".
//	metrics: further metrics, a list as in the API.
//	behavior: how fast to scale, as in the API.
//	namespace: a name or Namespace object; by default the workload's, else that of the target.
//	labels, annotations: of the autoscaler.
func horizontalPodAutoscaler(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := horizontalPodAutoscalerForm().begin(thread, args, kwargs)
	workload := c.objectIn("workload", "Deployment", "StatefulSet", "ReplicaSet")
	c.nameAfter(workload)
	c.plainMetadata()
	c.scaleTarget(workload)
	c.scaleRange()
	c.average("cpu")
	c.average("memory")
	return c.records[theObject], nil
}

func (c *call) scaleTarget(workload *typed.Record) {
	spec := c.record(theSpec)
	switch {
	case workload != nil:
		ref := spec.Child("scaleTargetRef")
		for _, field := range []string{"apiVersion", "kind"} {
			put(ref, field, workload.Get(field))
		}
		name, err := nameOf(workload)
		if err != nil {
			c.mistake(theSpec, kube.Fields("scaleTargetRef", "name"), err, "workload")
			return
		}
		if err := ref.Put("name", name); err != nil {
			c.mistake(theSpec, kube.Fields("scaleTargetRef"), err, "workload")
		}
	case c.lacks("workload"):
		c.mistake(theSpec, kube.Fields("scaleTargetRef"), errors.New("an autoscaler needs the workload it scales: workload = app"))
	}
}

func (c *call) scaleRange() {
	spec := c.record(theSpec)
	least, most := c.arg("min"), c.arg("max")
	if least != nil {
		c.set(theSpec, "minReplicas", least, "min")
	}
	if most != nil {
		c.set(theSpec, "maxReplicas", most, "max")
	} else if c.lacks("max") {
		c.mistake(theSpec, kube.Fields("maxReplicas"), errors.New("an autoscaler needs max, the most replicas"))
	}
	n := typed.Node(spec)
	a, ok := n.Get("minReplicas").Int()
	b, set := n.Get("maxReplicas").Int()
	if ok && set && a > b {
		c.mistake(theSpec, kube.Fields("minReplicas"), fmt.Errorf("min is %d, which is more than max, %d", a, b), "min")
	}
}

// average adds the metric of a resource.
func (c *call) average(resource string) {
	v := c.arg(resource)
	if v == nil {
		return
	}
	target := starlark.NewDict(2)
	kind, field := "Utilization", "averageUtilization"
	if _, ok := v.(starlark.String); ok {
		kind, field = "AverageValue", "averageValue"
	}
	metric := dict("type", starlark.String("Resource"), "resource", dict("name", starlark.String(resource), "target", target))
	_ = target.SetKey(starlark.String("type"), starlark.String(kind)) // cannot fail: the key is new
	_ = target.SetKey(starlark.String(field), v)
	if s, ok := v.(starlark.String); ok && strings.HasSuffix(string(s), "%") && number(strings.TrimSuffix(string(s), "%")) {
		c.misuse(resource, &typed.Error{
			Err: fmt.Errorf("got %s, want percent as int, or a quantity", s), Help: []string{"write " + strings.TrimSuffix(string(s), "%")},
		})
	} else if f, ok := v.(starlark.Float); ok && f > 0 && f <= 1 {
		c.misuse(resource, &typed.Error{Err: errors.New("got float, want percent as int"), Help: []string{fmt.Sprintf("write %.0f", f*100)}})
	} else if err := c.record(theSpec).Items("metrics").Append(metric); err != nil {
		c.misread(theSpec, kube.Fields("metrics"), err, resource)
	}
}

// dict makes a dict of keys and values.
func dict(pairs ...any) *starlark.Dict {
	d := starlark.NewDict(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		_ = d.SetKey(starlark.String(pairs[i].(string)), pairs[i+1].(starlark.Value)) // cannot fail: nothing iterates
	}
	return d
}
