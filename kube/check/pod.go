package check

import (
	"github.com/starctl/starctl/kube"
)

// pod views a Pod or Pod template: its fields are looked up once, in one pass over each mapping, into slices that the pods of
// a run share one after the other, so that nothing is allocated for them.
type pod struct {
	*object
	template kube.Node
	labels   kube.Node
	spec     kube.Node

	account, oldAccount, restart     kube.Node
	hostNetwork, grace, priority     kube.Node
	nodeSelector, resources, secrets kube.Node
	tolerations, affinity, security  kube.Node
	dnsPolicy, dnsConfig, spread     kube.Node

	containers []container // init containers first, then the others, then ephemeral ones
	volumes    []volume
	strayMount bool // some mount names no volume

	// What the containers' slices are parts of.
	allPorts  []port
	allEnv    []variable
	allMounts []mount
}

// container views one container of a pod.
type container struct {
	list  string // the field of the Pod that lists it
	at    int
	name  string
	image kube.Node

	ports  []port
	env    []variable
	mounts []mount

	envFrom, resources, lifecycle kube.Node
	command, args, restart        kube.Node
	liveness, readiness, startup  kube.Node
	security                      kube.Node
}

// port is a port of a container.
type port struct {
	name, protocol string
	number         kube.Node
	hostPort       kube.Node
	hostIP         string
}

// variable is an environment variable of a container.
type variable struct {
	name        string
	value, from kube.Node
}

// mount is a volume mount or device of a container.
type mount struct {
	list string // the field of the container that lists it
	at   int
	name string
	path string
}

// volume is a volume of a pod, or a claim template of its StatefulSet.
type volume struct {
	name    string
	at      int
	claim   bool   // a claim template
	kind    string // the field that says what it holds: configMap, emptyDir
	sources int    // how many such fields there are
	source  kube.Node
	used    bool
}

// read makes p the view of the object's Pod template.
func (p *pod) read(o *object) {
	*p = pod{
		object: o, containers: p.containers[:0], volumes: p.volumes[:0],
		allPorts: p.allPorts[:0], allEnv: p.allEnv[:0], allMounts: p.allMounts[:0],
	}
	p.template = templateOf(o)
	for key, v := range p.template.All() {
		switch key {
		case "metadata":
			p.labels = v.Get("labels")
		case "spec":
			p.spec = v
		}
	}
	var lists [3]kube.Node
	for key, v := range p.spec.All() {
		switch key {
		case "initContainers":
			lists[0] = v
		case "containers":
			lists[1] = v
		case "ephemeralContainers":
			lists[2] = v
		case "volumes":
			p.readVolumes(v)
		default:
			p.field(key, v)
		}
	}
	p.readClaims()
	for i, list := range containerLists {
		p.readContainers(list, lists[i])
	}
}

var containerLists = [...]string{"initContainers", "containers", "ephemeralContainers"}

// field keeps a field of the PodSpec that some check asks for.
func (p *pod) field(key string, v kube.Node) {
	switch key {
	case "imagePullSecrets":
		p.secrets = v
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
	case "resources":
		p.resources = v
	case "tolerations":
		p.tolerations = v
	case "affinity":
		p.affinity = v
	case "securityContext":
		p.security = v
	case "topologySpreadConstraints":
		p.spread = v
	case "dnsPolicy":
		p.dnsPolicy = v
	case "dnsConfig":
		p.dnsConfig = v
	}
}

// podPath leads to the Pod template. A custom resource, such as an Argo Rollout, may have one as a Deployment has.
func (o *object) podPath() []string {
	if o.kind.object == nil && o.kind.pod == nil {
		return inTemplate
	}
	return o.kind.pod
}

// templateOf is the Pod template of an object that has one; of a Pod, the Pod.
func templateOf(o *object) kube.Node {
	switch path := o.podPath(); {
	case len(path) == len(inTemplate):
		return o.template
	case len(path) > 0 && path[0] == "spec":
		return o.spec.Get(path[1:]...)
	default:
		return o.Get(path...)
	}
}

func (p *pod) readContainers(list string, n kube.Node) {
	for i, v := range n.Items() {
		p.containers = append(p.containers, container{list: list, at: i})
		p.readContainer(&p.containers[len(p.containers)-1], v)
	}
}

func (p *pod) readContainer(c *container, n kube.Node) {
	for key, v := range n.All() {
		switch key {
		case "name":
			c.name = v.Str()
		case "image":
			c.image = v
		case "command":
			c.command = v
		case "args":
			c.args = v
		case "ports":
			c.ports = p.readPorts(v)
		case "env":
			c.env = p.readEnv(v)
		case "envFrom":
			c.envFrom = v
		case "volumeMounts", "volumeDevices":
			c.mounts = p.readMounts(c.mounts, key, v)
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
		case "securityContext":
			c.security = v
		}
	}
}

func (p *pod) readPorts(n kube.Node) []port {
	start := len(p.allPorts)
	for _, v := range n.Items() {
		var x port
		for key, f := range v.All() {
			switch key {
			case "name":
				x.name = f.Str()
			case "containerPort":
				x.number = f
			case "protocol":
				x.protocol = f.Str()
			case "hostPort":
				x.hostPort = f
			case "hostIP":
				x.hostIP = f.Str()
			}
		}
		p.allPorts = append(p.allPorts, x)
	}
	return p.allPorts[start:]
}

func (p *pod) readEnv(n kube.Node) []variable {
	start := len(p.allEnv)
	for _, v := range n.Items() {
		var x variable
		for key, f := range v.All() {
			switch key {
			case "name":
				x.name = f.Str()
			case "value":
				x.value = f
			case "valueFrom":
				x.from = f
			}
		}
		p.allEnv = append(p.allEnv, x)
		if x.from.Exists() {
			p.use(x.from.Get("fileKeyRef", "volumeName").Str())
		}
	}
	return p.allEnv[start:]
}

// readMounts appends to a container's mounts, which are the last ones there are.
func (p *pod) readMounts(before []mount, list string, n kube.Node) []mount {
	start := len(p.allMounts) - len(before)
	for i, v := range n.Items() {
		x := mount{list: list, at: i}
		for key, f := range v.All() {
			switch key {
			case "name":
				x.name = f.Str()
			case "mountPath", "devicePath":
				x.path = f.Str()
			}
		}
		p.allMounts = append(p.allMounts, x)
		if !p.use(x.name) {
			p.strayMount = true
		}
	}
	return p.allMounts[start:]
}

// use marks the named volume as used, if there is one.
func (p *pod) use(name string) bool {
	found := false
	for i := range p.volumes {
		if p.volumes[i].name == name {
			p.volumes[i].used, found = true, true
		}
	}
	return found
}

func (p *pod) readVolumes(n kube.Node) {
	for i, v := range n.Items() {
		x := volume{at: i}
		for key, f := range v.All() {
			if key == "name" {
				x.name = f.Str()
				continue
			}
			x.kind, x.source = key, f
			x.sources++
		}
		p.volumes = append(p.volumes, x)
	}
}

// readClaims adds the claim templates of a StatefulSet, which take the place of volumes of their names.
func (p *pod) readClaims() {
	if p.kind.id != statefulSet {
		return
	}
	for i, v := range p.object.spec.Get("volumeClaimTemplates").Items() {
		p.volumes = append(p.volumes, volume{name: v.Get("metadata", "name").Str(), at: i, claim: true, sources: 1})
	}
}

// inTemplate is a path into the Pod template.
func (o *object) inTemplate(steps ...kube.Step) kube.Path {
	return kube.Fields(o.podPath()...).With(steps...)
}

// inSpec is a path into the PodSpec.
func (p *pod) inSpec(steps ...kube.Step) kube.Path {
	return p.inTemplate(kube.Field("spec")).With(steps...)
}

// in is a path into a container.
func (p *pod) in(c *container, steps ...kube.Step) kube.Path {
	return p.inSpec(kube.Field(c.list), kube.Item(c.at, c.name)).With(steps...)
}

// inPort is a path into a port of a container.
func (p *pod) inPort(c *container, i int, steps ...kube.Step) kube.Path {
	x := &c.ports[i]
	key := x.number.Text()
	if x.protocol != "" {
		key += "/" + x.protocol
	}
	return p.in(c, kube.Field("ports"), kube.Item(i, key)).With(steps...)
}

// inEnv is a path into an environment variable of a container.
func (p *pod) inEnv(c *container, i int, steps ...kube.Step) kube.Path {
	return p.in(c, kube.Field("env"), kube.Item(i, c.env[i].name)).With(steps...)
}

// inMount is a path into a mount of a container.
func (p *pod) inMount(c *container, m *mount, steps ...kube.Step) kube.Path {
	return p.in(c, kube.Field(m.list), kube.Item(m.at, m.path)).With(steps...)
}

// inVolume is a path into a volume, or into the claim template that makes it.
func (p *pod) inVolume(v *volume, steps ...kube.Step) kube.Path {
	if v.claim {
		return kube.Fields("spec", "volumeClaimTemplates").With(kube.Item(v.at, "")).With(steps...)
	}
	return p.inSpec(kube.Field("volumes"), kube.Item(v.at, v.name)).With(steps...)
}

// sidecar reports whether the container is an init container that goes on running beside the others.
func (c *container) sidecar() bool { return c.list == "initContainers" && c.restart.Str() == "Always" }

// passing reports whether the container runs to its end before the others start.
func (c *container) passing() bool { return c.list == "initContainers" && c.restart.Str() != "Always" }
