package link

import (
	"fmt"
	"strconv"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// across looks at upstreams whose Service the same set declares: whether DNS names its Pods, the port is theirs, they speak
// the protocol, and they serve on while callers still know them.
func (l *linker) across() {
	for _, c := range l.configs {
		if c.broken {
			continue
		}
		for i, u := range c.asked.Upstreams {
			if svc := l.serviceOf(c, u); svc != nil {
				l.compare(u, &c.envoy.Upstreams[i], svc)
			}
		}
	}
	l.grace()
}

func (l *linker) compare(u *asked.Upstream, e *envoy.Upstream, svc *object) {
	warn := func(check, option, format string, args ...any) *diag.Diagnostic {
		d := l.warn(check, u.Place(option), u.Title(), format, args...)
		d.Related = []diag.Related{l.related(whereMade(svc.Record), "Service "+svc.Name)}
		return d
	}
	node := svc.node()
	if !headless(node) {
		d := warn("upstream-not-headless", "service", "Service %s is not headless: its name leads to one address, so calls are not spread over its Pods", svc.Name)
		d.Help = []string{"envoy.headless_service(workload) makes one that is"}
		return
	}
	if node.Get("spec", "selector").Len() == 0 {
		warn("upstream-no-selector", "service", "Service %s has no selector: DNS knows no Pods of it unless somebody else says which", svc.Name)
		return
	}
	p := l.portOf(svc, e.Port)
	if !p.Exists() {
		d := warn("upstream-port", "port", "Service %s leads to %s, not to %d", svc.Name, l.targets(svc), e.Port)
		if n := l.onlyTarget(svc); n != 0 {
			d.Help = []string{portHelp(u, n)}
		}
		return
	}
	if s := speaks(p); s != "" && s != protocolOf(e) && protocolOf(e) != envoy.TCP {
		d := warn("upstream-protocol", "protocol", "port %d of Service %s speaks %s, not %s", e.Port, svc.Name, s, protocolOf(e))
		d.Help = []string{fmt.Sprintf("write protocol = %q", s)}
	}
	l.drains(u, svc)
}

func protocolOf(e *envoy.Upstream) string {
	if e.Protocol == "" {
		return envoy.GRPC
	}
	return e.Protocol
}

// portOf is the Service's port that leads to a number.
func (l *linker) portOf(svc *object, number int) kube.Node {
	for _, p := range svc.node().Get("spec", "ports").Items() {
		if l.podPort(svc, p) == number {
			return p
		}
	}
	return kube.Node{}
}

// targets lists the numbers that a Service's ports lead to.
func (l *linker) targets(svc *object) string {
	s := ""
	for _, p := range svc.node().Get("spec", "ports").Items() {
		if s != "" {
			s += ", "
		}
		s += strconv.Itoa(l.podPort(svc, p))
	}
	if s == "" {
		return "no port"
	}
	return s
}

func (l *linker) onlyTarget(svc *object) int {
	ports := svc.node().Get("spec", "ports")
	if ports.Len() != 1 {
		return 0
	}
	for _, p := range ports.Items() {
		return l.podPort(svc, p)
	}
	return 0
}

// drains warns of Pods that end while callers still know them.
func (l *linker) drains(u *asked.Upstream, svc *object) {
	for _, w := range l.selected(svc) {
		for i, c := range asked.PodTemplate(w.node()).Get("spec", "containers").Items() {
			if c.Get("name").Str() == containerName || c.Get("lifecycle", "preStop").Exists() {
				continue
			}
			d := l.warn("upstream-drain", whereMade(w.Record), w.ID.String(), "its Pods end at once, while the sidecars that call it know them for up to 8 s more: upstream %q", u.Name)
			d.Path = fields(templateSteps(w.Kind)...).With(kube.Field("spec"), kube.Field("containers"), kube.Item(i, c.Get("name").Str()), kube.Field("lifecycle"), kube.Field("preStop")).String()
			d.Help = []string{"envoy.headless_service(workload) sets a preStop sleep"}
			d.Related = []diag.Related{l.related(u.Place("name"), "called from here")}
			return
		}
	}
}

// grace reports Pods of the mesh that are killed before their preStop sleep is over.
func (l *linker) grace() {
	for _, o := range l.objects {
		if !asked.HasPods(o.Record) {
			continue
		}
		spec := asked.PodTemplate(o.node()).Get("spec")
		for i, c := range spec.Get("containers").Items() {
			if sleep := sleepOf(c); sleep > 0 && sleep >= graceOf(spec) {
				path := fields(templateSteps(o.Kind)...).With(kube.Field("spec"), kube.Field("containers"), kube.Item(i, c.Get("name").Str()))
				path = path.With(fields("lifecycle", "preStop", "sleep", "seconds")...)
				d := l.fail(o.Where(path), o.ID.String(), "got %d s, want less than terminationGracePeriodSeconds, which is %d s: the Pod is killed first", sleep, graceOf(spec))
				d.Path = path.String()
			}
		}
	}
}

// neverCalled names upstreams that no application is pointed at.
func (l *linker) neverCalled() {
	if !l.Vet {
		return
	}
	for _, c := range l.configs {
		if c.broken || !c.known() || len(c.users) == 0 {
			continue
		}
		called := map[string]bool{}
		for _, p := range c.users {
			p.calls(called)
		}
		for i, u := range c.asked.Upstreams {
			if called[u.Name] || called[everyUpstream] {
				continue
			}
			d := l.warn("upstream-unused", c.place(), u.Title(), "no variable or flag leads the application to it")
			d.Pos = l.argument(c, i)
			d.Help = []string{fmt.Sprintf("use {%s} in env or flags of configure_sidecar, or leave the upstream out", u.Name)}
		}
	}
}

// everyUpstream is no upstream's name.
const everyUpstream = ""

// calls adds the names of upstreams that the application is pointed at: by variables and flags, or all of them.
func (p *pod) calls(called map[string]bool) {
	s := p.sidecar
	if p.broken || s.Hosts || len(s.Env) == 0 && len(s.Flags) == 0 {
		called[everyUpstream] = true
	}
	for _, t := range append(s.Env[:len(s.Env):len(s.Env)], s.Flags...) {
		for _, part := range t.Text {
			if part.IsPlace {
				called[part.Upstream] = true // {} is the shared listener, or the only upstream
			}
		}
	}
}
