package cluster

import "github.com/starctl/starctl/kube"

// unready reports whether an object that is as declared is not healthy by what it says of itself. It decides only what is
// looked at closely. Of Deployments, of which there are many, the numbers are enough.
func unready(live kube.Node) bool {
	status, spec := live.Get("status"), live.Get("spec")
	if seen, ok := status.Get("observedGeneration").Int(); ok {
		if now, ok := live.Get("metadata", "generation").Int(); ok && seen < now {
			return true
		}
	}
	if live.Get("kind").Str() == "Deployment" {
		return fewer(status.Get("updatedReplicas"), spec.Get("replicas")) || fewer(status.Get("availableReplicas"), spec.Get("replicas"))
	}
	return judge(live).state != healthy
}

func fewer(have, want kube.Node) bool {
	h, _ := have.Int()
	w, _ := want.Int()
	return h < w
}
