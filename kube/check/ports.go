package check

import (
	"strconv"

	"github.com/starctl/starctl/kube"
)

// wantPort says what is wrong with a port's number.
func wantPort(n kube.Node) string {
	if i, ok := n.Int(); ok && i >= 1 && i <= 65535 {
		return ""
	}
	return "a number from 1 to 65535"
}

// show is a scalar as a message shows it, with its quotes if it is text.
func show(n kube.Node) string {
	switch n.Kind() {
	case kube.String:
		return strconv.Quote(n.Str())
	case kube.Absent:
		return "nothing"
	case kube.List, kube.Map, kube.Record:
		return "a " + n.Kind().String()
	}
	return n.Text()
}

func containerPort(r *run, p *pod, c *container) {
	for i := range c.ports {
		x := &c.ports[i]
		if want := wantPort(x.number); want != "" {
			r.report(p.object, p.inPort(c, i, kube.Field("containerPort")), "got %s, want %s", show(x.number), want)
		}
		if n, _ := x.hostPort.Int(); x.hostPort.Exists() && n != 0 && wantPort(x.hostPort) != "" {
			r.report(p.object, p.inPort(c, i, kube.Field("hostPort")), "got %s, want %s", show(x.hostPort), wantPort(x.hostPort))
		}
		r.portName(p, c, i)
		r.hostNetwork(p, c, i)
	}
}

func (r *run) portName(p *pod, c *container, i int) {
	name := c.ports[i].name
	if name == "" {
		return
	}
	if want := portName.want(name, r.minor); want != "" {
		r.report(p.object, p.inPort(c, i, kube.Field("name")), "got %q, want %s", name, want).near(name, portName, r.minor)
	}
	for j := range i {
		if c.ports[j].name == name {
			r.report(p.object, p.inPort(c, i, kube.Field("name")), "two ports of the container are called %q", name).
				see(p.object, p.inPort(c, j), "the other one")
			return
		}
	}
}

// hostNetwork: on the node's network a container's port is the node's.
func (r *run) hostNetwork(p *pod, c *container, i int) {
	x := &c.ports[i]
	host, ok := x.hostPort.Int()
	if number, _ := x.number.Int(); ok && p.hostNetwork.Bool() && host != 0 && host != number {
		r.report(p.object, p.inPort(c, i, kube.Field("hostPort")), "got %d, want the containerPort %d, as the Pod has hostNetwork", host, number)
	}
}

// sharedPort: the containers of a Pod have one network.
func sharedPort(r *run, p *pod) {
	if len(p.allPorts) < 2 {
		return
	}
	for i := range p.containers {
		c := &p.containers[i]
		for j := range p.containers[:i] {
			if d := &p.containers[j]; d.list != "ephemeralContainers" && !c.passing() && !d.passing() {
				r.shared(p, d, c)
			}
		}
	}
}

func (r *run) shared(p *pod, d, c *container) {
	for i := range c.ports {
		x := &c.ports[i]
		for j := range d.ports {
			y := &d.ports[j]
			switch {
			case kube.Equal(x.number, y.number) && orDefault(x.protocol, "TCP") == orDefault(y.protocol, "TCP"):
				r.report(p.object, p.inPort(c, i), "container %q has this port as well: only one of them can listen on it", d.name).
					see(p.object, p.inPort(d, j), "the other one")
			case x.name != "" && x.name == y.name:
				r.report(p.object, p.inPort(c, i, kube.Field("name")), "container %q has a port %q as well: Services and probes may mean either", d.name, x.name).
					see(p.object, p.inPort(d, j), "the other one")
			}
		}
	}
}

// hostPorts: what two containers of a Pod want of the node, the node cannot give.
func hostPorts(r *run, p *pod) {
	for i := range p.containers {
		c := &p.containers[i]
		if c.list != "containers" {
			continue // others may have stopped by then
		}
		for j := range c.ports {
			if n := p.hostPort(c, j); n != 0 {
				r.sameHostPort(p, i, j, n)
			}
		}
	}
}

// hostPort is the port of the node that leads to port i of a container, or 0.
func (p *pod) hostPort(c *container, i int) int64 {
	n, _ := c.ports[i].hostPort.Int()
	if n == 0 && p.hostNetwork.Bool() {
		n, _ = c.ports[i].number.Int()
	}
	return n
}

// sameHostPort looks for the port among those before port j of container i.
func (r *run) sameHostPort(p *pod, i, j int, n int64) {
	c := &p.containers[i]
	x := &c.ports[j]
	for k := range p.containers[:i+1] {
		d := &p.containers[k]
		for l := range d.ports {
			y := &d.ports[l]
			if k == i && l >= j || d.list != c.list || p.hostPort(d, l) != n || orDefault(x.protocol, "TCP") != orDefault(y.protocol, "TCP") || x.hostIP != y.hostIP {
				continue
			}
			if k == i && kube.Equal(x.number, y.number) {
				return // they are one port, of which duplicate-item speaks
			}
			r.report(p.object, p.inPort(c, j), "port %d of the node leads to two ports of the Pod", n).see(p.object, p.inPort(d, l), "the other one")
			return
		}
	}
}
