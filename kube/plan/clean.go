package plan

import (
	"strings"

	"github.com/starctl/starctl/kube"
)

// Clean returns a live object without what only a server writes: bookkeeping in metadata, the status, and the labels by which a Job finds its
// Pods, which are made from its uid.
func Clean(n kube.Node) kube.Node {
	if !n.IsMapping() {
		return n
	}
	if n.Get("kind").Str() == "Job" && strings.HasPrefix(n.Get("apiVersion").Str(), "batch/") {
		n = withoutJobLabels(n)
	}
	return kube.OfMap(cleaned{n.Collection()})
}

// byJobs are the labels that the server puts on the Pods of a Job.
var byJobs = [...]string{"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"}

func withoutJobLabels(n kube.Node) kube.Node {
	spec := n.Get("spec")
	labels := spec.Get("template", "metadata", "labels")
	if spec.Get("manualSelector").Bool() || !labels.IsMapping() {
		return n
	}
	for _, name := range byJobs {
		labels = with(labels, name, kube.Node{})
	}
	if labels.Len() == 0 {
		labels = kube.Node{}
	}
	template := spec.Get("template")
	template = with(template, "metadata", with(template.Get("metadata"), "labels", labels))
	return with(n, "spec", with(with(spec, "template", template), "selector", kube.Node{}))
}

type cleaned struct{ kube.Collection }

func (c cleaned) At(i int) (string, kube.Node) {
	k, v := c.Collection.At(i)
	switch {
	case k == "status":
		return k, kube.Node{}
	case k == "metadata" && v.IsMapping():
		v = kube.OfMap(cleanedMeta{v.Collection()})
	}
	return k, v
}

type cleanedMeta struct{ kube.Collection }

func (c cleanedMeta) At(i int) (string, kube.Node) {
	k, v := c.Collection.At(i)
	for _, name := range byServer {
		if k == name {
			return k, kube.Node{}
		}
	}
	if k == "annotations" && v.IsMapping() && v.Len() > 0 {
		v = kube.OfMap(cleanedNotes{v.Collection()})
		if v.Len() == 0 {
			v = kube.Node{}
		}
	}
	return k, v
}

// cleanedNotes views annotations without those that kubectl and the Deployment's controller keep their own notes in.
type cleanedNotes struct{ kube.Collection }

func (c cleanedNotes) At(i int) (string, kube.Node) {
	k, v := c.Collection.At(i)
	switch k {
	case "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation":
		return k, kube.Node{}
	}
	return k, v
}
