package check

import (
	"github.com/starctl/starctl/kube"
)

// jobRules holds the specs of Jobs to the rules of k8s.io/kubernetes' validateJobSpec.
func jobRules(r *run, o *object) {
	spec, in := o.spec, []string{"spec"}
	switch o.kind.id {
	case job:
	case cronJob:
		spec, in = o.spec.Get("jobTemplate", "spec"), []string{"spec", "jobTemplate", "spec"}
	default:
		return
	}
	at := func(fields ...string) kube.Path { return kube.Fields(in...).With(kube.Fields(fields...)...) }
	indexed := spec.Get("completionMode").Str() == "Indexed"
	for _, field := range [...]string{"backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"} {
		if spec.Get(field).Exists() && !indexed {
			r.report(o, at(field), "only a Job of completionMode Indexed has it")
		}
	}
	if indexed && !spec.Get("completions").Exists() && spec.Get("parallelism").Exists() {
		r.report(o, at("completionMode"), "an indexed Job says how many indexes there are, in completions")
	}
	if restart := spec.Get("template", "spec", "restartPolicy").Str(); spec.Get("podFailurePolicy").Exists() && restart == "OnFailure" {
		r.report(o, at("template", "spec", "restartPolicy"), "got \"OnFailure\", want \"Never\": podFailurePolicy looks at Pods that have failed")
	}
}
