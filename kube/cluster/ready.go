package cluster

import "github.com/starctl/starctl/kube"

// unready reports whether an object that is as declared is not healthy by what it says of itself. It decides only what is
// looked at closely.
func unready(live kube.Node) bool {
	status, spec := live.Get("status"), live.Get("spec")
	if seen, ok := status.Get("observedGeneration").Int(); ok {
		if now, ok := live.Get("metadata", "generation").Int(); ok && seen < now {
			return true
		}
	}
	switch live.Get("kind").Str() {
	case "Deployment":
		return fewer(status.Get("updatedReplicas"), spec.Get("replicas")) || fewer(status.Get("availableReplicas"), spec.Get("replicas"))
	case "StatefulSet", "ReplicaSet":
		return fewer(status.Get("readyReplicas"), spec.Get("replicas"))
	case "DaemonSet":
		return fewer(status.Get("numberReady"), status.Get("desiredNumberScheduled"))
	case "Job":
		for _, c := range status.Get("conditions").Items() {
			if c.Get("type").Str() == "Complete" && c.Get("status").Str() == "True" {
				return false
			}
		}
		return true
	}
	return false
}

func fewer(have, want kube.Node) bool {
	h, _ := have.Int()
	w, _ := want.Int()
	return h < w
}
