package link

import (
	"fmt"
	"strings"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// assumedPort is that of an upstream of which nobody says it: gRPC's own habit.
const assumedPort = 50051

// port finds the port of an upstream that was given none: the target port of its Service, the project's default, or an
// assumption.
func (l *linker) port(c *config, u *asked.Upstream) int {
	if svc := l.serviceOf(c, u); svc != nil {
		return l.targetPort(svc, c, u)
	}
	if l.Defaults.UpstreamPort != 0 {
		return l.Defaults.UpstreamPort
	}
	d := l.warn("upstream-port-assumed", u.Place("name"), u.Title(), "nobody says its port, so %d is assumed", assumedPort)
	d.Help = []string{portHelp(u, assumedPort)}
	if l.Vet {
		d.Severity = diag.Error
	}
	return assumedPort
}

// portHelp shows how to write an upstream with a port.
func portHelp(u *asked.Upstream, port int) string {
	if u.Arg < 0 {
		return fmt.Sprintf("write port = %d, which is what its Pods listen on", port)
	}
	name := u.Name
	if u.Namespace != "" {
		name += "." + u.Namespace
	}
	return fmt.Sprintf("write %q, with the port that its Pods listen on", fmt.Sprintf("%s:%d", name, port))
}

// serviceOf is the Service of an upstream, if the same set has it.
func (l *linker) serviceOf(c *config, u *asked.Upstream) *object {
	if u.Host != "" || len(u.Addresses) > 0 || u.Discovery == envoy.EDS {
		return nil
	}
	name, namespace := u.Service, u.Namespace
	if name == "" {
		name = u.Name
	}
	if namespace == "" {
		namespace = c.Namespace
	}
	return l.byName[key{"Service", namespace, name}]
}

// targetPort is where the Pods behind a Service listen for an upstream's protocol.
func (l *linker) targetPort(svc *object, c *config, u *asked.Upstream) int {
	p, names := servicePort(svc.node(), protocol(u))
	if !p.Exists() {
		d := l.fail(u.Place("name"), u.Title(), "Service %s has the ports %s, and none is plainly the one for %s", svc.Name, quoted(names), protocol(u))
		if len(names) == 0 {
			d.Message = fmt.Sprintf("Service %s has no ports", svc.Name)
		}
		d.Help = []string{portHelp(u, assumedPort)}
		d.Related = []diag.Related{l.related(whereMade(svc.Record), "that Service")}
		return assumedPort // so that nothing more is said
	}
	n := l.podPort(svc, p)
	if n == 0 {
		d := l.fail(u.Place("name"), u.Title(), "Service %s leads to the port called %q, which no workload here has", svc.Name, p.Get("targetPort").Str())
		d.Help = []string{portHelp(u, assumedPort)}
		d.Related = []diag.Related{l.related(whereMade(svc.Record), "that Service")}
		return assumedPort
	}
	return n
}

func protocol(u *asked.Upstream) string {
	if u.Protocol == "" {
		return envoy.GRPC
	}
	return u.Protocol
}

// servicePort is the only port of a Service, or the only one whose name or appProtocol is that of the protocol; else the
// names of all.
func servicePort(svc kube.Node, protocol string) (kube.Node, []string) {
	var fitting, all []kube.Node
	var names []string
	for _, p := range svc.Get("spec", "ports").Items() {
		if t := p.Get("protocol").Str(); t != "" && t != "TCP" {
			continue
		}
		all, names = append(all, p), append(names, p.Get("name").Str())
		if speaks(p) == protocol {
			fitting = append(fitting, p)
		}
	}
	switch {
	case len(all) == 1:
		return all[0], names
	case len(fitting) == 1:
		return fitting[0], names
	}
	return kube.Node{}, names
}

// speaks is the protocol that a Service's port names, or "".
func speaks(port kube.Node) string {
	switch port.Get("appProtocol").Str() {
	case "kubernetes.io/h2c", "http2":
		if word(port.Get("name").Str()) == "grpc" {
			return envoy.GRPC
		}
		return envoy.HTTP2
	case "grpc":
		return envoy.GRPC
	case "http":
		return envoy.HTTP
	case "tcp":
		return envoy.TCP
	}
	switch word(port.Get("name").Str()) {
	case "grpc":
		return envoy.GRPC
	case "http2", "h2c":
		return envoy.HTTP2
	case "http", "web":
		return envoy.HTTP
	case "tcp", "redis", "mongo", "mysql", "postgres":
		return envoy.TCP
	}
	return ""
}

// word is the first word of a name: grpc of grpc-admin.
func word(name string) string {
	w, _, _ := strings.Cut(name, "-")
	return w
}

// podPort is the number that a Service's port leads to, or 0 if it is a name that no workload has.
func (l *linker) podPort(svc *object, p kube.Node) int {
	target := p.Get("targetPort")
	if !target.Exists() {
		target = p.Get("port")
	}
	if n, ok := target.Int(); ok {
		return int(n)
	}
	for _, w := range l.selected(svc) {
		for _, c := range asked.PodTemplate(w.node()).Get("spec", "containers").Items() {
			for _, cp := range c.Get("ports").Items() {
				if cp.Get("name").Str() == target.Str() {
					n, _ := cp.Get("containerPort").Int()
					return int(n)
				}
			}
		}
	}
	return 0
}

// label is a label of Pods in a namespace.
type label struct{ namespace, key, value string }

// selected are the workloads whose Pods a Service selects.
func (l *linker) selected(svc *object) []*object {
	selector := svc.node().Get("spec", "selector")
	if l.byLabel == nil {
		l.indexLabels()
	}
	var list []*object
	for k, v := range selector.All() {
		for _, o := range l.byLabel[label{svc.Namespace, k, v.Text()}] {
			if selects(selector, asked.PodTemplate(o.node()).Get("metadata", "labels")) {
				list = append(list, o)
			}
		}
		break // whoever has all labels has the first
	}
	return list
}

func (l *linker) indexLabels() {
	l.byLabel = map[label][]*object{}
	for _, o := range l.objects {
		for k, v := range asked.PodTemplate(o.node()).Get("metadata", "labels").All() {
			at := label{o.Namespace, k, v.Text()}
			l.byLabel[at] = append(l.byLabel[at], o)
		}
	}
}

func selects(selector, labels kube.Node) bool {
	for k, v := range selector.All() {
		if labels.Get(k).Text() != v.Text() || !labels.Get(k).Exists() {
			return false
		}
	}
	return true
}
