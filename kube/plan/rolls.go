package plan

import "github.com/starctl/starctl/kube"

// Rolls returns how many Pods are made anew when a live workload, with its status, becomes result: as many as it has, if its
// Pod template changes and it replaces Pods by itself. If result is Absent, it is deleted and made again, with all its Pods.
func Rolls(live, result kube.Node) int {
	spec := live.Get("spec")
	if !live.Exists() || result.Exists() && (!result.Get("spec", "template").Exists() || kube.Equal(spec.Get("template"), result.Get("spec", "template"))) {
		return 0
	}
	kind := result.Get("kind").Str()
	if kind == "" {
		kind = live.Get("kind").Str()
	}
	strategy := result.Get("spec", "updateStrategy")
	waits := result.Exists() && strategy.Get("type").Str() == "OnDelete"
	switch {
	case waits:
		return 0
	case kind == "DaemonSet":
		return number(live.Get("status", "currentNumberScheduled"), 0)
	case kind == "Deployment" && result.Get("spec", "paused").Bool():
		return 0
	case kind == "StatefulSet":
		keep := number(strategy.Get("rollingUpdate", "partition"), 0)
		return max(0, number(spec.Get("replicas"), 1)-keep)
	case kind == "Deployment", !result.Exists() && (kind == "ReplicaSet" || kind == "ReplicationController"):
		return number(spec.Get("replicas"), 1)
	case !result.Exists() && kind == "Job":
		return number(live.Get("status", "active"), 0)
	}
	return 0
}

func number(n kube.Node, missing int) int {
	if i, ok := n.Int(); ok {
		return int(i)
	}
	return missing
}
