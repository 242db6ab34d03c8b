package check

import (
	"github.com/starctl/starctl/kube"
)

// claimSyntax holds PersistentVolumeClaims to the rules of k8s.io/kubernetes' ValidatePersistentVolumeClaimSpec.
func claimSyntax(r *run, o *object) {
	switch o.kind.id {
	case claim:
		r.claim(o, o.spec, func(s ...kube.Step) kube.Path { return kube.Fields("spec").With(s...) })
	case statefulSet:
		for i, c := range o.spec.Get("volumeClaimTemplates").Items() {
			r.claim(o, c.Get("spec"), func(s ...kube.Step) kube.Path {
				return kube.Fields("spec", "volumeClaimTemplates").With(kube.Item(i, ""), kube.Field("spec")).With(s...)
			})
		}
	}
}

// podClaims are those that come and go with a Pod.
func podClaims(r *run, p *pod) {
	for i := range p.volumes {
		if v := &p.volumes[i]; v.kind == "ephemeral" {
			r.claim(p.object, v.source.Get("volumeClaimTemplate", "spec"), func(s ...kube.Step) kube.Path {
				return p.inVolume(v, kube.Field("ephemeral"), kube.Field("volumeClaimTemplate"), kube.Field("spec")).With(s...)
			})
		}
	}
}

func (r *run) claim(o *object, spec kube.Node, path where) {
	if modes := spec.Get("accessModes"); modes.Exists() && modes.Len() == 0 {
		r.report(o, path(kube.Field("accessModes")), "a claim needs an access mode, such as ReadWriteOnce")
	}
	resources := spec.Get("resources")
	if !resources.Exists() {
		return // required, and said to be missing
	}
	at := func() kube.Path { return path(kube.Field("resources"), kube.Field("requests"), kube.Key("storage")) }
	size := resources.Get("requests", "storage")
	q, ok := parseQuantity(size)
	switch {
	case !size.Exists():
		r.report(o, path(kube.Field("resources")), "a claim says how much storage it needs, such as requests = {\"storage\": \"10Gi\"}")
	case ok && (q.sign() <= 0):
		r.report(o, at(), "got %s, want more than nothing", show(size))
	}
}
