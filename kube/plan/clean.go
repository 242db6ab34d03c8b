package plan

import "github.com/starctl/starctl/kube"

// Clean returns a live object without what only a server writes: bookkeeping in metadata, and the status.
func Clean(n kube.Node) kube.Node {
	if !n.IsMapping() {
		return n
	}
	return kube.OfMap(cleaned{n.Collection()})
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
