package link

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unsafe"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/declared"
	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
)

// configKey is the key of the ConfigMap, and with it the name of the file that Envoy reads.
const configKey = "envoy.yaml"

// config is a ConfigMap that configures sidecars.
type config struct {
	*object
	asked     *asked.ConfigMap // nil: the file wrote envoy.yaml itself
	envoy     envoy.Config
	listeners []envoy.Listener
	users     []*pod // whose sidecars mount it
	name      string // by which sidecars ask for it
	hash      string // of the configuration
	broken    bool   // its mistakes were reported; what builds on it says no more
}

func (c *config) place(names ...string) diag.Place {
	if c.asked == nil {
		return whereMade(c.Record)
	}
	return c.asked.Mark.Place(names...)
}

// known reports whether starctl knows where the application finds each upstream: it does not of a configuration that it did
// not write, nor if the listeners come from an xDS server.
func (c *config) known() bool {
	return c.made() && (c.envoy.XDS == nil || len(c.asked.Upstreams) > 0)
}

// made reports whether starctl writes the configuration.
func (c *config) made() bool { return c != nil && c.asked != nil }

// configName is how a sidecar finds its configuration.
type configName struct{ namespace, name string }

// findConfigs finds every ConfigMap of envoy.config_map, every sidecar, and which belongs to which.
func (l *linker) findConfigs() {
	l.byConfig = map[configName]*config{}
	for _, o := range l.objects {
		if o.Kind != "ConfigMap" {
			continue
		}
		if note, ok := o.Annotation().(*asked.ConfigMap); ok {
			c := &config{object: o, asked: l.defaults.ConfigMap(l.shared, note), name: o.Name, broken: note.Broken}
			c.envoy = c.asked.Config
			l.configs = append(l.configs, c)
			if k := (configName{o.Namespace, o.Name}); l.byConfig[k] == nil {
				l.byConfig[k] = c
			}
		}
	}
	for _, o := range l.objects {
		if note, ok := o.Annotation().(asked.Sidecars); ok {
			l.addPod(o, note)
		}
	}
}

// addPod finds the sidecar of a workload and its configuration.
func (l *linker) addPod(o *object, calls asked.Sidecars) {
	if len(calls) > 1 {
		l.differentCalls(o, calls)
	}
	p := &pod{linker: l, object: o, sidecar: l.defaults.Sidecar(l.shared, calls[0])}
	p.broken = calls[0].Broken || len(calls) > 1
	l.pods = append(l.pods, p)
	name := p.configName()
	if c := l.byConfig[configName{o.Namespace, name}]; c != nil {
		p.config = c
		c.users = append(c.users, p)
		return
	}
	switch cm := l.byName[key{"ConfigMap", o.Namespace, name}]; {
	case cm != nil && cm.node().Get("data", configKey).Exists():
		p.config = l.written(cm)
	case cm != nil:
		d := p.fail(p.at("config"), nil, "ConfigMap %s has no %s, which its sidecar reads", name, configKey)
		d.Help = []string{fmt.Sprintf("make it with envoy.config_map(%q, ...), or give it that key", o.Name)}
		d.Related = []diag.Related{l.related(whereMade(cm.Record), "that ConfigMap")}
	case !l.external(name) && !p.broken:
		l.missing(p, name)
	}
}

// differentCalls reports a workload that was configured in two ways.
func (l *linker) differentCalls(o *object, calls asked.Sidecars) {
	first := calls[0]
	for _, c := range calls[1:] {
		differ := asked.Differences(first, c)
		d := l.fail(c.Mark.Place(differ[0]), o.ID.String(), "its sidecar is configured twice, with different %s", strings.Join(differ, ", "))
		d.Help = []string{"one call configures a workload: put the arguments of both into one"}
		d.Related = []diag.Related{l.related(apart(first.Mark.Place(differ[0]), c.Mark.Place()), "first configured here")}
	}
}

// apart is p, or the call around it in which p is not where other is as well.
func apart(p, other diag.Place) diag.Place {
	for i := range min(len(p.Frames), len(other.Frames)) {
		a, b := p.Frames[i].Pos, other.Frames[i].Pos
		if a != b {
			return diag.Place{Frames: p.Frames[i:], Names: p.Names}
		}
	}
	return p
}

// written is a ConfigMap whose configuration the file wrote itself.
func (l *linker) written(o *object) *config {
	text := o.node().Get("data", configKey).Text()
	return &config{object: o, name: o.Name, hash: hash([]byte(text))}
}

// external reports whether a ConfigMap is somebody else's.
func (l *linker) external(name string) bool {
	for _, d := range l.Declared {
		if e, ok := d.(declared.External); ok && e.Name == name {
			return true
		}
	}
	return false
}

// missing reports a sidecar without its configuration.
func (l *linker) missing(p *pod, name string) {
	d := p.fail(p.at("config"), nil, "its sidecar mounts ConfigMap %s, which main does not return", name)
	for _, c := range l.configs {
		if c.name == name {
			d.Message = fmt.Sprintf("its sidecar mounts ConfigMap %s, which is in namespace %s: a Pod reads those of its own namespace, %s", name, c.Namespace, p.object.Namespace)
			d.Related = []diag.Related{l.related(c.place("namespace"), "that ConfigMap")}
			d.Help = []string{fmt.Sprintf("give both the same namespace: envoy.config_map(..., namespace = %q)", p.object.Namespace)}
			return
		}
	}
	d.Help = []string{
		fmt.Sprintf("return envoy.config_map(%q, ...) as well", strings.TrimSuffix(name, "-envoy")),
		fmt.Sprintf("or say who makes it: config = vet.external(%q)", name),
	}
	var names []string
	for _, c := range l.configs {
		if c.Namespace == p.object.Namespace {
			names = append(names, c.name)
		}
	}
	if near := diag.Nearest(name, names); near != "" {
		d.Suggest = near
	} else if len(names) == 1 {
		d.Help = []string{fmt.Sprintf("main returns ConfigMap %s: config = %q mounts that one", names[0], names[0])}
	}
}

// configure writes every configuration.
func (l *linker) configure() {
	for _, c := range l.configs {
		if c.broken || l.brokenUpstream(c) {
			c.broken = true
			continue
		}
		before := len(l.diags)
		l.complete(c)
		c.broken = l.errorsSince(before)
		l.write(c)
	}
}

func (l *linker) brokenUpstream(c *config) bool {
	for _, u := range c.asked.Upstreams {
		if u.Broken {
			return true
		}
	}
	return false
}

func (l *linker) errorsSince(n int) bool {
	for _, d := range l.diags[n:] {
		if d.Severity == diag.Error {
			return true
		}
	}
	return false
}

// complete gives the configuration what only the whole set knows.
func (l *linker) complete(c *config) {
	if text := c.node().Get("data", configKey); text.Exists() {
		d := l.fail(c.Where(fields("data").With(kube.Key(configKey))), c.ID.String(), "envoy.config_map writes %s itself", configKey)
		d.Help = []string{"overrides = {...} changes what it writes"}
	}
	c.envoy.Namespace = c.Namespace
	if c.envoy.Region == "" {
		c.envoy.Region = l.Region
	}
	hosts := l.hosts(c)
	if hosts && c.envoy.Listen == envoy.Shared {
		l.fail(c.place("listen"), c.ID.String(), `listen = "shared" contradicts hosts = True, which gives every upstream a listener of its own`)
		hosts = false
	}
	c.envoy.Envoy = l.envoyVersion(c)
	l.xdsAddress(c)
	c.envoy.Upstreams = make([]envoy.Upstream, len(c.asked.Upstreams))
	l.twice(c)
	for i, u := range c.asked.Upstreams {
		e := &c.envoy.Upstreams[i]
		*e = l.defaults.Upstream(l.shared, u)
		switch {
		case e.Port != 0 || len(e.Addresses) > 0:
		case e.Discovery == envoy.EDS: // the server says it
			e.Port = assumedPort
		default:
			e.Port = l.port(c, u)
		}
		if hosts {
			l.ownAddress(c, i)
		}
	}
}

// twice reports upstreams of one name.
func (l *linker) twice(c *config) {
	first := map[string]int{}
	for i, u := range c.asked.Upstreams {
		j, again := first[u.Name]
		if !again {
			first[u.Name] = i
			continue
		}
		one, two := l.argument(c, j), l.argument(c, i)
		if one == two { // both in *upstreams
			one, two = c.asked.Upstreams[j].Place("name").Locate(l.places), u.Place("name").Locate(l.places)
		}
		d := l.fail(c.place(), c.ID.String(), "upstream %q is there twice", u.Name)
		d.Pos = two
		if one != two {
			d.Related = []diag.Related{{Pos: one, Text: "first given here"}}
		}
		d.Help = []string{fmt.Sprintf("two ways to one service are two upstreams: give one another name, and service = %q", u.Name)}
	}
}

// argument is where an upstream was handed to config_map.
func (l *linker) argument(c *config, i int) diag.Pos {
	return c.place(fmt.Sprintf("[%d]", i+1)).Locate(l.places)
}

// hosts reports whether the sidecars that mount c want listeners on addresses of their own.
func (l *linker) hosts(c *config) bool {
	for _, p := range c.users {
		if first := c.users[0]; p.sidecar.Hosts != first.sidecar.Hosts {
			d := p.fail(p.at("hosts"), nil, "hosts = %s, but ConfigMap %s also configures %s with hosts = %s", truth(p.sidecar.Hosts), c.name, first.object.ID, truth(first.sidecar.Hosts))
			d.Related = []diag.Related{l.related(first.at("hosts"), "configured here")}
			d.Help = []string{"give each a ConfigMap of its own"}
		}
	}
	return len(c.users) > 0 && c.users[0].sidecar.Hosts
}

func truth(b bool) string { return starlark.Bool(b).String() }

// ownAddress gives an upstream a loopback address and its own port, as the application dials it.
func (l *linker) ownAddress(c *config, i int) {
	u := &c.envoy.Upstreams[i]
	u.Address = fmt.Sprintf("127.0.%d.%d", 1+i/250, 1+i%250)
	if u.LocalPort == 0 {
		u.LocalPort = u.Port
	}
	if u.Host == u.Name {
		d := l.fail(c.asked.Upstreams[i].Place("host"), c.asked.Upstreams[i].Title(), "with hosts = True, %s is Envoy's own address, which cannot resolve it by the same name", u.Name)
		d.Help = []string{"give the upstream another name, or a host with a domain"}
	}
}

// envoyVersion is that of the oldest image that reads the configuration; "" if no image says.
func (l *linker) envoyVersion(c *config) string {
	oldest := ""
	for _, p := range c.users {
		if v := imageVersion(p.sidecar.Image); v != "" && (oldest == "" || minor(v) < minor(oldest)) {
			oldest = v
		}
	}
	return oldest
}

// write makes the configuration and puts it into the ConfigMap.
func (l *linker) write(c *config) {
	n, problems := envoy.Bootstrap(c.envoy)
	for _, p := range problems {
		c.broken = true
		l.problem(c, p)
	}
	if c.broken {
		return
	}
	c.listeners = c.envoy.Listeners()
	c.hash = l.text(c.OwnEntries("data"), append([]envoy.File{{Name: configKey, Node: n}}, envoy.Files(c.envoy)...))
	if size := c.size(); size > largeText {
		d := l.warn("envoy-config-large", c.place(), c.ID.String(), "the configuration has %d KiB, for %d upstreams", size>>10, len(c.envoy.Upstreams))
		d.Help = []string{"list only what this application calls, or let an xDS server send it: xds = envoy.xds(...)"}
	}
	if c.asked.Versioned {
		c.ID.Name = c.name + "-" + c.hash[:10]
		put(c.Own("metadata"), "name", starlark.String(c.ID.Name))
		put(c.Record, "immutable", starlark.True)
	}
}

// largeText is how long a configuration may be without a word about it. Each Pod keeps all of it in memory, and a ConfigMap
// holds 1 MiB.
const largeText = 200 << 10

// size is how long the texts of the ConfigMap are.
func (c *config) size() int {
	n := 0
	for _, text := range c.node().Get("data").All() {
		n += len(text.Str())
	}
	return n
}

// roomForText is more than most configurations take.
const roomForText = 64 << 10

// text writes files into a ConfigMap's data and returns the hash of all. The texts are parts of a buffer that is only ever
// appended to, not copies: they are most of what a set holds.
func (l *linker) text(data *typed.Map, files []envoy.File) string {
	if cap(l.buffer)-len(l.buffer) < roomForText {
		l.buffer = make([]byte, 0, 4*roomForText)
	}
	first := len(l.buffer)
	for _, f := range files {
		start := len(l.buffer)
		l.buffer = encode.AppendYAML(l.buffer, f.Node)
		putKey(data, f.Name, unsafe.String(&l.buffer[start], len(l.buffer)-start))
	}
	return hash(l.buffer[first:])
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// problem reports what package envoy finds wrong.
func (l *linker) problem(c *config, p envoy.Problem) {
	names := strings.Split(p.Option, ".")
	var d *diag.Diagnostic
	switch {
	case p.Upstream >= 0 && p.Option == "name" && strings.Contains(p.Message, "twice"):
		return // reported with both places
	case p.Upstream >= 0:
		u := c.asked.Upstreams[p.Upstream]
		d = l.fail(u.Place(p.Option), u.Title(), "%s", p.Message)
	case p.Option == "image" && len(c.users) > 0:
		d = l.fail(c.users[0].at("image"), c.users[0].object.ID.String(), "%s", p.Message)
	default:
		d = l.fail(c.place(names...), c.ID.String(), "%s", p.Message)
	}
	d.Path, d.Suggest = p.Option, p.Suggest
}

// unused warns of configurations that no sidecar mounts.
func (l *linker) unused() {
	for _, c := range l.configs {
		if len(c.users) > 0 || c.broken {
			continue
		}
		d := l.warn("envoy-config-unused", c.place(), c.ID.String(), "no workload's sidecar mounts it")
		d.Help = []string{fmt.Sprintf("envoy.configure_sidecar(app, config = %q) does, and without config for a workload called %s", c.name, strings.TrimSuffix(c.name, "-envoy"))}
	}
}
