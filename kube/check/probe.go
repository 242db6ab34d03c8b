package check

import (
	"github.com/starctl/starctl/kube"
)

// isHandler reports whether a field is a way to probe a container or to act at its start or end.
func isHandler(field string) bool {
	switch field {
	case "exec", "httpGet", "tcpSocket", "grpc", "sleep":
		return true
	}
	return false
}

// probes yields the probes of a container that are set.
func probes(c *container, yield func(field string, n kube.Node)) {
	if c.liveness.Exists() {
		yield("livenessProbe", c.liveness)
	}
	if c.readiness.Exists() {
		yield("readinessProbe", c.readiness)
	}
	if c.startup.Exists() {
		yield("startupProbe", c.startup)
	}
}

func probe(r *run, p *pod, c *container) {
	probes(c, func(field string, n kube.Node) {
		path := func(s ...kube.Step) kube.Path { return p.in(c, kube.Field(field)).With(s...) }
		r.handler(p, n, "a probe", "exec, httpGet, tcpSocket and grpc", path)
		for key, v := range n.All() {
			i, ok := v.Int()
			switch {
			case !ok:
			case key == "successThreshold" && field != "readinessProbe" && i != 1 && i != 0: // 0 becomes 1
				r.report(p.object, path(kube.Field(key)), "got %d, want 1: only a readiness probe may want more", i)
			case key == "terminationGracePeriodSeconds" && (field == "readinessProbe" || i < 1):
				r.report(p.object, path(kube.Field(key)), "got %d, want a number above 0, of a liveness or startup probe", i)
			case i < 0:
				r.report(p.object, path(kube.Field(key)), "got %d, want no negative number", i)
			}
		}
	})
}

func lifecycle(r *run, p *pod, c *container) {
	for hook, n := range c.lifecycle.All() {
		if !n.IsMapping() {
			continue
		}
		path := func(s ...kube.Step) kube.Path { return p.in(c, kube.Field("lifecycle"), kube.Field(hook)).With(s...) }
		r.handler(p, n, "a hook", "exec, httpGet, tcpSocket and sleep", path)
		if sleep := n.Get("sleep"); sleep.Exists() {
			r.sleep(p, sleep.Get("seconds"), path)
		}
	}
}

// graceSeconds is how long a Pod may take to end if it does not say.
const graceSeconds = 30

func (r *run) sleep(p *pod, n kube.Node, path where) {
	grace := int64(graceSeconds)
	if g, ok := p.grace.Int(); ok {
		grace = g
	}
	least := int64(0)
	if r.minor < 33 {
		least = 1 // PodLifecycleSleepActionAllowZero is on from 1.33
	}
	if seconds, ok := n.Int(); n.Exists() && !ok || seconds < least || seconds > grace {
		r.report(p.object, path(kube.Field("sleep"), kube.Field("seconds")), "got %s, want a number from %d to terminationGracePeriodSeconds, %d", show(n), least, grace)
	}
}

// handler wants exactly one way to act, with a good port.
func (r *run) handler(p *pod, n kube.Node, what, ways string, path where) {
	count := 0
	for name, h := range n.All() {
		if !isHandler(name) {
			continue
		}
		count++
		switch name {
		case "sleep":
		case "exec":
			if h.Get("command").Len() == 0 {
				r.report(p.object, path(kube.Field(name), kube.Field("command")), "got no command")
			}
		default:
			port := h.Get("port")
			if want := wantTarget(port, r.minor); want != "" {
				r.report(p.object, path(kube.Field(name), kube.Field("port")), "got %s, want %s", show(port), want)
			}
		}
	}
	if count != 1 {
		r.report(p.object, path(), "%s does one thing, got %d of %s", what, count, ways)
	}
}

// wantTarget says what is wrong with a port by number or name.
func wantTarget(n kube.Node, minor int) string {
	if n.Kind() == kube.String {
		return portName.want(n.Str(), minor)
	}
	if wantPort(n) != "" {
		return wantPort(n) + ", or a port's name"
	}
	return ""
}

// probePort: a probe asks its own container, at a port that it declares.
func probePort(r *run, p *pod, c *container) {
	probes(c, func(field string, n kube.Node) {
		for name, h := range n.All() {
			if name == "httpGet" || name == "tcpSocket" || name == "grpc" {
				r.probed(p, c, h, func(s ...kube.Step) kube.Path { return p.in(c, kube.Field(field), kube.Field(name)).With(s...) })
			}
		}
	})
}

func (r *run) probed(p *pod, c *container, h kube.Node, path where) {
	n := h.Get("port")
	if h.Get("host").Exists() || n.Kind() != kube.String && len(c.ports) == 0 {
		return // ports need not be declared; where some are, one that is not is suspicious
	}
	if n.Kind() == kube.String {
		var names []string
		for i := range c.ports {
			if c.ports[i].name == n.Str() {
				return
			}
			names = append(names, c.ports[i].name)
		}
		f := r.report(p.object, path(kube.Field("port")), "the container %q has no port called %q", c.name, n.Str())
		f.Suggest = nearest(n.Str(), names)
		return
	}
	for i := range p.allPorts {
		if kube.Equal(p.allPorts[i].number, n) {
			return
		}
	}
	r.report(p.object, path(kube.Field("port")), "no container of the Pod declares port %s", n.Text())
}
