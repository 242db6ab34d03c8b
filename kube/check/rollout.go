package check

import (
	"github.com/starctl/starctl/kube"
)

// progressSeconds is how long a Deployment may take to make progress if it does not say.
const progressSeconds = 600

// rollout holds how Pods are replaced to the rules of k8s.io/kubernetes' ValidateDeploymentSpec and ValidateDaemonSetUpdateStrategy.
func rollout(r *run, o *object) {
	switch o.kind.id {
	case deployment:
		r.deploymentStrategy(o)
		r.progress(o)
	case daemonSet:
		r.daemonStrategy(o)
	}
}

func (r *run) deploymentStrategy(o *object) {
	s := o.spec.Get("strategy")
	rolling := s.Get("rollingUpdate")
	at := func(field ...string) kube.Path {
		return kube.Fields("spec", "strategy", "rollingUpdate").With(kube.Fields(field...)...)
	}
	switch {
	case !rolling.Exists():
	case s.Get("type").Str() == "Recreate":
		r.report(o, at(), "strategy Recreate stops all Pods at once, and has no rollingUpdate")
	case isNone(rolling.Get("maxUnavailable")) && isNone(rolling.Get("maxSurge")):
		r.report(o, at("maxUnavailable"), "got %s with a maxSurge of %s: neither may a Pod be missing nor one be too many, so that none can be replaced",
			show(rolling.Get("maxUnavailable")), show(rolling.Get("maxSurge")))
	}
}

// isNone reports whether a count or percentage of Pods is given as none of them.
func isNone(n kube.Node) bool {
	if i, ok := n.Int(); ok {
		return i == 0
	}
	i, ok := percent(n)
	return ok && i == 0
}

func (r *run) progress(o *object) {
	deadline, ready := int64(progressSeconds), o.spec.Get("minReadySeconds")
	given := o.spec.Get("progressDeadlineSeconds")
	if n, ok := given.Int(); ok {
		deadline = n
	}
	least, _ := ready.Int()
	switch {
	case deadline > least:
	case given.Exists():
		r.report(o, kube.Fields("spec", "progressDeadlineSeconds"), "got %d, want more than minReadySeconds, which is %d", deadline, least)
	default:
		r.report(o, kube.Fields("spec", "minReadySeconds"), "got %d, want less than progressDeadlineSeconds, which is %d", least, deadline)
	}
}

// daemonStrategy: either the new Pod of a node comes first, or the old one goes first.
func (r *run) daemonStrategy(o *object) {
	s := o.spec.Get("updateStrategy")
	rolling := s.Get("rollingUpdate")
	surge, missing := rolling.Get("maxSurge"), rolling.Get("maxUnavailable")
	at := func(field string) kube.Path { return kube.Fields("spec", "updateStrategy", "rollingUpdate", field) }
	switch {
	case !rolling.Exists() || s.Get("type").Str() == "OnDelete":
	case isNone(missing) && (isNone(surge) || !surge.Exists()):
		r.report(o, at("maxUnavailable"), "got %s without a maxSurge: neither may a node's Pod be missing nor a second one run, so that none can be replaced", show(missing))
	case surge.Exists() && !isNone(surge) && !isNone(missing):
		f := r.report(o, at("maxSurge"), "got %s, and maxUnavailable is not 0: either the new Pod of a node comes first, or the old one goes first", show(surge))
		f.help("set maxUnavailable to 0 as well: Kubernetes takes 1 where it is left out")
	}
}
