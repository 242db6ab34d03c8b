package builtins

import (
	"errors"
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

var networkPolicyForm = sync.OnceValue(func() *form {
	f := newObjectForm("network_policy", "networking.v1.NetworkPolicy")
	f.required = 0
	f.inside(theObject, "spec")
	return f.shape(theSpec, "workload", "selector", "ingress", "egress").
		fields(theSpec, "", "egress", "ingress", "podSelector").done()
})

// network_policy(name = workload.name, *, workload = None, selector = None, ingress = None, egress = None,
// policy_types = None, namespace = None, labels = {}, annotations = {}) -> NetworkPolicy
//
// A NetworkPolicy: who may connect to some Pods, and where they may connect to:
//
//	network_policy(workload = ledger, ingress = [checkout, {"from": [{"namespaceSelector": {}}], "ports": [{"port": 9102}]}])
//
// Args:
//
//	name: of the policy; by default the workload's.
//	workload: the object whose Pods it is for.
//	selector: labels of the Pods, instead of a workload's; {} for all Pods of the namespace.
//	ingress: a list of rules as in the API; a workload is short for all connections from its Pods. [] lets nobody in;
//	  left out, the policy says nothing about it.
//	egress: the same for connections from the Pods. [] lets nothing out, not even DNS.
//	policy_types: "Ingress" and "Egress"; by default those of ingress and egress that are given.
//	namespace: a name or Namespace object; by default the workload's, else that of the target.
//	labels, annotations: of the policy.
func networkPolicy(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := networkPolicyForm().begin(thread, args, kwargs)
	workload := c.objectIn("workload", workloadKinds...)
	c.nameAfter(workload)
	c.plainMetadata()
	if c.lacks("workload", "selector") {
		c.mistake(theSpec, kube.Fields("podSelector"),
			errors.New("a policy needs the workload it is for: workload = app, or selector = {...}, {} for all Pods"))
	}
	if d, ok := c.arg("selector").(*starlark.Dict); ok && d.Len() == 0 {
		c.set(theSpec, "podSelector", d, "selector")
	} else {
		c.selectPods("podSelector", workload)
	}
	var types starlark.Tuple
	for _, p := range []struct{ keyword, peers, policy string }{{"ingress", "from", "Ingress"}, {"egress", "to", "Egress"}} {
		if v := c.arg(p.keyword); v != nil {
			types = append(types, starlark.String(p.policy))
			c.policyRules(p.keyword, p.peers, v)
		}
	}
	spec := c.record(theSpec)
	if spec.Get("policyTypes") == nil && !spec.Poisoned() {
		if len(types) == 0 {
			c.mistake(theSpec, kube.Fields("ingress"), errors.New("a policy needs ingress or egress: [] allows nothing"))
			return c.records[theObject], nil
		}
		put(spec, "policyTypes", types)
	}
	return c.records[theObject], nil
}

// policyRules sets the rules of one direction.
func (c *call) policyRules(field, peers string, v starlark.Value) {
	seq, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); !ok || text {
		c.mistake(theSpec, kube.Fields(field), fmt.Errorf("got %s, want a list of rules", kindOf(v)), field)
		return
	}
	list := make(starlark.Tuple, seq.Len())
	for i := range list {
		list[i] = seq.Index(i)
		workload, ok := list[i].(*typed.Record)
		if !ok || workload.Schema().Kind == "" {
			continue
		}
		peer, err := peerOf(workload)
		if err != nil {
			c.mistake(theSpec, kube.Fields(field), err, field, fmt.Sprintf("[%d]", i))
			list[i] = starlark.NewDict(0)
			continue
		}
		list[i] = dict(peers, starlark.NewList([]starlark.Value{peer}))
	}
	c.set(theSpec, field, list, field)
}

// peerOf selects the Pods of a workload, in its namespace if it has one.
func peerOf(workload *typed.Record) (starlark.Value, error) {
	if _, err := asWorkload(workload); err != nil {
		return nil, err
	}
	labels, err := selectorOf(workload)
	if err != nil {
		return nil, err
	}
	match := starlark.NewDict(len(labels))
	for _, l := range labels {
		_ = match.SetKey(starlark.String(l.key), l.value) // cannot fail: nothing iterates
	}
	peer := dict("podSelector", dict("matchLabels", match))
	if ns := workload.ID().Namespace; ns != "" {
		// The label that Kubernetes puts on every Namespace.
		label := dict("kubernetes.io/metadata.name", starlark.String(ns))
		_ = peer.SetKey(starlark.String("namespaceSelector"), dict("matchLabels", label)) // cannot fail: nothing iterates
	}
	return peer, nil
}
