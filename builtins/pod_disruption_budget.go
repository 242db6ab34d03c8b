package builtins

import (
	"errors"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

var podDisruptionBudgetForm = sync.OnceValue(func() *form {
	f := newObjectForm("pod_disruption_budget", "policy.v1.PodDisruptionBudget")
	f.required = 0
	f.inside(theObject, "spec")
	return f.shape(theSpec, "workload", "selector").fields(theSpec, "", "selector").done()
})

// pod_disruption_budget(name = workload.name, *, workload = None, selector = None, max_unavailable = None,
// min_available = None, unhealthy_pod_eviction_policy = None, namespace = None, labels = {}, annotations = {})
// -> PodDisruptionBudget
//
// A PodDisruptionBudget, which holds up evictions (of a node that is drained, say) while too few Pods are left:
// pod_disruption_budget(workload = app, max_unavailable = 1).
//
// Args:
//
//	name: of the budget; by default the workload's.
//	workload: the object whose Pods it is for.
//	selector: labels of the Pods, instead of a workload's.
//	max_unavailable: how many may be missing, a number or "25%". Either this or min_available.
//	min_available: how many must be left, a number or "50%".
//	unhealthy_pod_eviction_policy: "AlwaysAllow" lets Pods that are not ready go at any time; Kubernetes takes
//	  "IfHealthyBudget".
//	namespace: a name or Namespace object; by default the workload's, else that of the target.
//	labels, annotations: of the budget.
func podDisruptionBudget(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := podDisruptionBudgetForm().begin(thread, args, kwargs)
	workload := c.objectIn("workload", workloadKinds...)
	c.nameAfter(workload)
	c.plainMetadata()
	c.selectPods("selector", workload)
	if c.lacks("workload", "selector") {
		c.mistake(theSpec, kube.Fields("selector"), errors.New("a budget needs the workload it is for: workload = app, or selector = {...}"))
	}
	c.oneLimit()
	return c.records[theObject], nil
}

// selectPods sets a label selector to the labels that are given, or to a workload's.
func (c *call) selectPods(field string, workload *typed.Record) {
	v := c.arg("selector")
	switch {
	case v != nil && c.arg("workload") != nil:
		c.mistake(theSpec, kube.Fields(field), errors.New("give workload or selector, not both"), "selector")
	case v != nil:
		if err := c.record(theSpec).Child(field).Put("matchLabels", v); err != nil {
			c.mistake(theSpec, kube.Fields(field), err, "selector")
		}
	case workload != nil:
		c.podsOf(c.record(theSpec).Child(field), kube.Fields(field), workload)
	}
}

// podsOf lets a label selector select a workload's Pods.
func (c *call) podsOf(selector *typed.Record, path kube.Path, workload *typed.Record) {
	labels, err := selectorOf(workload)
	if err != nil {
		c.mistake(theSpec, path, err, "workload")
		return
	}
	m := selector.Entries("matchLabels")
	for _, l := range labels {
		if err := m.Put(l.key, l.value); err != nil {
			c.mistake(theSpec, path, err, "workload")
		}
	}
}

// oneLimit sees to it that a budget has exactly one limit.
func (c *call) oneLimit() {
	spec := c.record(theSpec)
	least, most := spec.Get("minAvailable"), spec.Get("maxUnavailable")
	switch {
	case least != nil && most != nil:
		c.mistake(theSpec, kube.Fields("minAvailable"), errors.New("give min_available or max_unavailable, not both"), "min_available")
	case least == nil && most == nil && c.lacks("min_available", "max_unavailable") && !spec.Poisoned():
		c.mistake(theSpec, kube.Fields("maxUnavailable"), errors.New("a budget needs a limit, such as max_unavailable = 1"))
	}
}
