package link

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// Names that the Pod gets.
const (
	containerName  = "envoy"
	volumeName     = "envoy-config"
	mountPath      = envoy.ConfigDir
	readyPortName  = "envoy-ready"
	hashAnnotation = "starctl.dev/envoy-config-sha256"
)

// pod is a workload that gets a sidecar.
type pod struct {
	*linker
	object  *object
	sidecar *asked.Sidecar
	config  *config // nil if it is somebody else's, or missing
	broken  bool    // its mistakes were reported

	template *typed.Record // or the Pod itself
	spec     *typed.Record
}

// at is the call of configure_sidecar, and what its arguments say.
func (p *pod) at(names ...string) diag.Place { return p.sidecar.Mark.Place(names...) }

// fail reports a mistake at a place; path leads to the value in the object.
func (p *pod) fail(at diag.Place, path kube.Path, format string, args ...any) *diag.Diagnostic {
	p.broken = true
	d := p.linker.fail(at, p.object.ID.String(), format, args...)
	d.Path = path.String()
	return d
}

// configName is the ConfigMap that the sidecar mounts, before it is named by its content.
func (p *pod) configName() string {
	if p.sidecar.Config != "" {
		return p.sidecar.Config
	}
	return p.object.Name + "-envoy"
}

func (p *pod) native() bool { return p.sidecar.Mode != asked.Container }

// templateSteps leads from a workload of some kind to what describes its Pods.
func templateSteps(kind string) []string {
	switch kind {
	case "Pod":
		return nil
	case "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template"}
	}
	return []string{"spec", "template"}
}

// template returns what describes a workload's Pods, to be changed; nil if the object is none.
func template(r *typed.Record) *typed.Record {
	if !asked.HasPods(r) {
		return nil
	}
	for _, step := range templateSteps(r.Schema().Kind) {
		r = r.Own(step)
	}
	return r
}

// path leads from the object into its Pods' spec.
func (p *pod) path(steps ...kube.Step) kube.Path {
	return fields(append(templateSteps(p.object.Kind), "spec")...).With(steps...)
}

// view is the Pods' spec as it is now.
func (p *pod) view() kube.Node { return asked.PodTemplate(p.object.node()).Get("spec") }

// build puts every sidecar into its Pods.
func (l *linker) build() {
	for _, p := range l.pods {
		p.refuse()
		if p.broken || p.config != nil && p.config.broken {
			continue
		}
		p.template = template(p.object.Record)
		p.spec = p.template.Own("spec")
		p.point()
		if !p.broken {
			p.volume()
			p.insert()
			p.annotate()
		}
	}
}

// refuse reports what a sidecar cannot live with.
func (p *pod) refuse() {
	spec := p.view()
	if spec.Get("hostNetwork").Bool() {
		d := p.refused(fields("hostNetwork"), "the Pods use the network of their node, where every sidecar would want the same ports")
		d.Help = []string{"leave host_network out, or the sidecar"}
	}
	p.refuseNames(spec)
	p.refusePorts(spec)
	p.refuseVolumes(spec)
	p.refuseMode()
	p.refuseGrace(spec)
	p.refuseAnnotations()
	p.refuseHosts()
}

// refuseHosts finds configurations whose listeners starctl cannot give addresses of their own.
func (p *pod) refuseHosts() {
	if p.sidecar.Hosts && !p.broken && !p.config.known() {
		d := p.fail(p.at("hosts"), nil, "hosts = True needs listeners that starctl writes, and it did not write those of ConfigMap %s", p.configName())
		d.Help = []string{"leave hosts out, and use env or flags"}
	}
}

// refused reports a value in the Pods at the call that wanted a sidecar there.
func (p *pod) refused(path kube.Path, format string, args ...any) *diag.Diagnostic {
	whole := p.path(path...)
	d := p.fail(p.at(), whole, format, args...)
	if at := p.object.Where(whole); len(at.Frames) > 0 && !samePlace(at, p.at()) {
		d.Related = []diag.Related{p.related(at, "set here")}
	}
	return d
}

func samePlace(a, b diag.Place) bool {
	return len(a.Frames) > 0 && len(b.Frames) > 0 && a.Frames[0].Pos == b.Frames[0].Pos
}

// containerLists are the fields that hold containers.
var containerLists = [...]string{"initContainers", "containers", "ephemeralContainers"}

// eachContainer calls f for every container of the Pods.
func eachContainer(spec kube.Node, f func(path kube.Path, c kube.Node)) {
	for _, list := range containerLists {
		for i, c := range spec.Get(list).Items() {
			f(kube.Path{kube.Field(list), kube.Item(i, c.Get("name").Str())}, c)
		}
	}
}

func (p *pod) refuseNames(spec kube.Node) {
	eachContainer(spec, func(path kube.Path, c kube.Node) {
		if c.Get("name").Str() == containerName {
			d := p.refused(path, "a container is called %q already, which is the sidecar's name", containerName)
			d.Help = []string{"take that container away, or give it another name"}
		}
	})
}

// refusePorts finds containers that listen where the sidecar does. The containers of a Pod share one network.
func (p *pod) refusePorts(spec kube.Node) {
	taken := p.ports()
	eachContainer(spec, func(path kube.Path, c kube.Node) {
		for i, port := range c.Get("ports").Items() {
			if t := port.Get("protocol").Str(); t != "" && t != "TCP" {
				continue
			}
			at := path.With(kube.Field("ports"), kube.Item(i, port.Get("containerPort").Text()))
			n, _ := port.Get("containerPort").Int()
			if t, ok := taken[int(n)]; ok {
				d := p.refused(at, "the sidecar listens on port %d as well: %s", n, t.what)
				d.Help = []string{t.help}
			}
			if port.Get("name").Str() == readyPortName {
				p.refused(at.With(kube.Field("name")), "a port is called %q already, which is the sidecar's", readyPortName)
			}
		}
	})
}

// listener is what the sidecar needs a port for.
type listener struct{ what, help string }

// ports are those that the sidecar listens on.
func (p *pod) ports() map[int]listener {
	admin, ready := 9901, p.readyPort()
	taken := map[int]listener{}
	if p.config.made() {
		if p.config.envoy.AdminPort != 0 {
			admin = p.config.envoy.AdminPort
		}
		for _, ln := range p.config.listeners {
			taken[ln.Port] = p.listener(ln)
		}
	}
	taken[admin] = listener{"Envoy's administration", "give it another with admin_port = in envoy.config_map"}
	taken[ready] = listener{"its /ready", "give it another with ready_port = in envoy.config_map"}
	return taken
}

func (p *pod) listener(ln envoy.Listener) listener {
	switch what := fmt.Sprintf("its listener for upstream %q", ln.Upstream); {
	case ln.Shared:
		return listener{"its shared listener", "give it another with local_port = in envoy.config_map"}
	case p.sidecar.Hosts:
		return listener{what, "with hosts = True it must be free: leave hosts out, and use env or flags"}
	default:
		return listener{what, fmt.Sprintf("give it another with envoy.upstream(%q, local_port = ...)", ln.Upstream)}
	}
}

// readyPort is where the sidecar answers probes.
func (p *pod) readyPort() int {
	if p.config != nil && p.config.envoy.ReadyPort != 0 {
		return p.config.envoy.ReadyPort
	}
	return 9902
}

func (p *pod) refuseVolumes(spec kube.Node) {
	for i, v := range spec.Get("volumes").Items() {
		if v.Get("name").Str() == volumeName {
			d := p.refused(kube.Path{kube.Field("volumes"), kube.Item(i, volumeName)}, "a volume is called %q already, which is the sidecar's", volumeName)
			d.Help = []string{"give that volume another name"}
		}
	}
	if p.sidecar.Container == nil {
		return
	}
	for _, m := range typed.Node(p.sidecar.Container).Get("volumeMounts").Items() {
		if m.Get("mountPath").Str() == mountPath {
			d := p.fail(p.at("container", "volumeMounts"), nil, "%s is where the sidecar's configuration is mounted", mountPath)
			d.Help = []string{"mount it elsewhere"}
		}
	}
}

// refuseMode finds workloads and clusters for which the mode is not made.
func (p *pod) refuseMode() {
	kind := p.object.Kind
	switch {
	case p.native() && p.version < nativeSidecars:
		d := p.fail(p.at("mode"), nil, "native sidecars came with Kubernetes %s, and the target may run %s", nativeSidecars, p.version)
		if kind == "Job" || kind == "CronJob" {
			d.Help = []string{fmt.Sprintf("a %s would never finish beside an ordinary container: run it without a sidecar", kind)}
		} else {
			d.Help = []string{`write mode = "container", or say in the target which version it runs: kubernetes = "1.33"`}
		}
	case !p.native() && (kind == "Job" || kind == "CronJob"):
		d := p.fail(p.at("mode"), nil, `a %s never finishes while an ordinary container runs beside it`, kind)
		d.Help = []string{`leave mode out: a native sidecar ends with its Job`}
	}
	if !p.native() && p.version < sleepHook && distroless(p.sidecar.Image) {
		d := p.fail(p.at("image"), nil, "the image has no sleep, which the sidecar needs to end after the application on Kubernetes %s", p.version)
		d.Help = []string{fmt.Sprintf("write image = %q", imageWithSleep)}
	}
}

// graceOf is how long the Pods may take to end.
func graceOf(spec kube.Node) int {
	if g := spec.Get("terminationGracePeriodSeconds"); g.Exists() {
		n, _ := g.Int()
		return int(n)
	}
	return 30
}

// sleepOf is how long a container sleeps before it ends.
func sleepOf(c kube.Node) int {
	n, _ := c.Get("lifecycle", "preStop", "sleep", "seconds").Int()
	return int(n)
}

// refuseGrace finds Pods that are killed before their preStop sleep is over.
func (p *pod) refuseGrace(spec kube.Node) {
	if !p.native() && graceOf(spec) < 3 {
		d := p.refused(fields("terminationGracePeriodSeconds"), "%d s leave the sidecar no time to end after the application", graceOf(spec))
		d.Help = []string{"write termination_grace_period_seconds = 30"}
	}
}

// refuseAnnotations finds scrapers that are sent elsewhere already.
func (p *pod) refuseAnnotations() {
	if !p.sidecar.Prometheus {
		return
	}
	meta := asked.PodTemplate(p.object.node()).Get("metadata")
	for _, a := range p.scraping() {
		got := meta.Get("annotations", a.key)
		if !got.Exists() || got.Str() == a.value {
			continue
		}
		path := fields(templateSteps(p.object.Kind)...).With(kube.Field("metadata"), kube.Field("annotations"), kube.Key(a.key))
		d := p.fail(p.at("prometheus"), path, "got %q, and the sidecar wants %q: one Pod has one such page", got.Str(), a.value)
		d.Related = []diag.Related{p.related(p.object.Where(path), "set here")}
		d.Help = []string{"leave prometheus out, and scrape the sidecar's port envoy-ready by a PodMonitor"}
		return
	}
}

type annotation struct{ key, value string }

func (p *pod) scraping() []annotation {
	return []annotation{
		{"prometheus.io/scrape", "true"},
		{"prometheus.io/port", strconv.Itoa(p.readyPort())},
		{"prometheus.io/path", "/stats/prometheus"},
	}
}

// volume mounts the configuration into the Pods.
func (p *pod) volume() {
	name := p.configName()
	if p.config != nil {
		name = p.config.ID.Name
	}
	source := p.run.New(p.types().configMapSource)
	put(source, "name", starlark.String(name))
	v := p.run.NewAt(p.types().volume, p.sidecar.Mark)
	put(v, "name", starlark.String(volumeName))
	put(v, "configMap", source)
	p.append("volumes", v)
}

// append puts a value behind those of one of the Pod's lists.
func (p *pod) append(list string, v starlark.Value) {
	if err := p.spec.OwnItems(list).Append(v); err != nil {
		panic(err)
	}
}

// insert puts the sidecar before all other containers.
func (p *pod) insert() {
	list := "initContainers"
	if !p.native() {
		list = "containers"
	}
	if err := p.spec.OwnItems(list).Insert(0, p.container()); err != nil {
		panic(err)
	}
}

// annotate says which container is the application's, which configuration it runs with, and where its statistics are.
func (p *pod) annotate() {
	m := p.template.Own("metadata").OwnEntries("annotations")
	if app := p.application(); app != "" && !m.Has("kubectl.kubernetes.io/default-container") {
		putKey(m, "kubectl.kubernetes.io/default-container", app)
	}
	if p.sidecar.Prometheus {
		for _, a := range p.scraping() {
			putKey(m, a.key, a.value)
		}
	}
	if p.config != nil && p.object.Kind != "Job" { // a Job's template cannot change, and none of its Pods would be replaced
		putKey(m, hashAnnotation, p.config.hash)
	}
}

// application is the name of the first container that is not the sidecar.
func (p *pod) application() string {
	for _, c := range p.view().Get("containers").Items() {
		if name := c.Get("name").Str(); name != containerName {
			return name
		}
	}
	return ""
}
