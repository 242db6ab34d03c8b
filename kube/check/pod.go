package check

import (
	"github.com/starctl/starctl/kube"
)

// pod views a Pod or Pod template: its fields are looked up once, in one pass over each mapping, and one pod serves all
// templates of a run in turn, so that nothing is allocated for them.
type pod struct {
	*object
	template kube.Node
	labels   kube.Node
	spec     kube.Node

	volumes, pullSecrets, overhead    kube.Node
	account, oldAccount, restart      kube.Node
	hostNetwork, grace, priority      kube.Node
	nodeSelector, affinity, claims    kube.Node
	resources, spread, initContainers kube.Node
	containers                        []container // init containers first, then the others, then ephemeral ones
	volumeList                        []volume
}

// container views one container of a pod.
type container struct {
	list  string // the field of the Pod that lists it
	at    int
	name  string
	image kube.Node

	ports, env, envFrom, mounts, devices kube.Node
	resources, lifecycle, restart        kube.Node
	liveness, readiness, startup         kube.Node
}

// volume is a volume of a pod, or a claim template of its StatefulSet.
type volume struct {
	name   string
	at     int
	kind   string // the field that says what it holds: configMap, emptyDir; "" for a claim template
	source kube.Node
	used   bool
}

// read makes p the view of the object's Pod template.
func (p *pod) read(o *object) {
	*p = pod{object: o, containers: p.containers[:0], volumeList: p.volumeList[:0]}
	p.template = templateOf(o)
	for key, v := range p.template.All() {
		switch key {
		case "metadata":
			p.labels = v.Get("labels")
		case "spec":
			p.spec = v
		}
	}
	var main, ephemeral kube.Node
	for key, v := range p.spec.All() {
		switch key {
		case "containers":
			main = v
		case "initContainers":
			p.initContainers = v
		case "ephemeralContainers":
			ephemeral = v
		default:
			p.field(key, v)
		}
	}
	p.readContainers("initContainers", p.initContainers)
	p.readContainers("containers", main)
	p.readContainers("ephemeralContainers", ephemeral)
	p.readVolumes()
}

// field keeps a field of the PodSpec that some check asks for.
func (p *pod) field(key string, v kube.Node) {
	switch key {
	case "volumes":
		p.volumes = v
	case "imagePullSecrets":
		p.pullSecrets = v
	case "overhead":
		p.overhead = v
	case "serviceAccountName":
		p.account = v
	case "serviceAccount":
		p.oldAccount = v
	case "restartPolicy":
		p.restart = v
	case "hostNetwork":
		p.hostNetwork = v
	case "terminationGracePeriodSeconds":
		p.grace = v
	case "priorityClassName":
		p.priority = v
	case "nodeSelector":
		p.nodeSelector = v
	case "affinity":
		p.affinity = v
	case "resourceClaims":
		p.claims = v
	case "resources":
		p.resources = v
	case "topologySpreadConstraints":
		p.spread = v
	}
}

// templateOf is the Pod template of an object that has one; of a Pod, the Pod.
func templateOf(o *object) kube.Node {
	path := o.kind.pod
	if len(path) > 0 && path[0] == "spec" {
		return o.spec.Get(path[1:]...)
	}
	return o.Get(path...)
}

func (p *pod) readContainers(list string, n kube.Node) {
	for i, v := range n.Items() {
		c := container{list: list, at: i}
		c.read(v)
		p.containers = append(p.containers, c)
	}
}

func (c *container) read(n kube.Node) {
	for key, v := range n.All() {
		switch key {
		case "name":
			c.name = v.Str()
		case "image":
			c.image = v
		case "ports":
			c.ports = v
		case "env":
			c.env = v
		case "envFrom":
			c.envFrom = v
		case "volumeMounts":
			c.mounts = v
		case "volumeDevices":
			c.devices = v
		case "resources":
			c.resources = v
		case "lifecycle":
			c.lifecycle = v
		case "restartPolicy":
			c.restart = v
		case "livenessProbe":
			c.liveness = v
		case "readinessProbe":
			c.readiness = v
		case "startupProbe":
			c.startup = v
		}
	}
}

func (p *pod) readVolumes() {
	for i, v := range p.volumes.Items() {
		vol := volume{at: i}
		for key, x := range v.All() {
			if key == "name" {
				vol.name = x.Str()
				continue
			}
			vol.kind, vol.source = key, x
		}
		p.volumeList = append(p.volumeList, vol)
	}
	if p.kind.id != statefulSet {
		return
	}
	for i, v := range p.object.spec.Get("volumeClaimTemplates").Items() {
		p.volumeList = append(p.volumeList, volume{name: v.Get("metadata", "name").Str(), at: i})
	}
}

// volume returns the named volume, or nil.
func (p *pod) volume(name string) *volume {
	for i := range p.volumeList {
		if p.volumeList[i].name == name {
			return &p.volumeList[i]
		}
	}
	return nil
}

// inTemplate is a path into the Pod template.
func (o *object) inTemplate(steps ...kube.Step) kube.Path {
	return kube.Fields(o.kind.pod...).With(steps...)
}

// inSpec is a path into the PodSpec.
func (p *pod) inSpec(steps ...kube.Step) kube.Path {
	return p.inTemplate(kube.Field("spec")).With(steps...)
}

// inContainer is a path into a container.
func (p *pod) inContainer(c *container, steps ...kube.Step) kube.Path {
	return p.inSpec(kube.Field(c.list), kube.Item(c.at, c.name)).With(steps...)
}

// volumePath leads to a volume, or to the claim template that makes it.
func (p *pod) volumePath(v *volume) kube.Path {
	if v.kind == "" && p.kind.id == statefulSet {
		return kube.Fields("spec", "volumeClaimTemplates").With(kube.Item(v.at, ""))
	}
	return p.inSpec(kube.Field("volumes"), kube.Item(v.at, v.name))
}

// init reports whether the container runs to its end before the others start.
func (c *container) init() bool { return c.list == "initContainers" && c.restart.Str() != "Always" }

// sidecar reports whether the container is an init container that goes on running beside the others.
func (c *container) sidecar() bool { return c.list == "initContainers" && c.restart.Str() == "Always" }
