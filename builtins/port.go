package builtins

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// portValue is what port(...) returns: a number and what a container's or a Service's port says besides.
type portValue struct {
	number starlark.Value
	given  []argument    // keywords, in order
	record *typed.Record // stands for what it will be; nil for a plain number
}

func (p *portValue) String() string        { return fmt.Sprintf("port(%s)", p.number) }
func (p *portValue) Type() string          { return "port" }
func (p *portValue) Freeze()               {}
func (p *portValue) Truth() starlark.Bool  { return true }
func (p *portValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: port") }

// portFields says which field each keyword of port is, of a container's port and of a Service's.
var portFields = map[string]struct{ container, service string }{
	"protocol":     {"protocol", "protocol"},
	"host_port":    {"hostPort", ""},
	"host_ip":      {"hostIP", ""},
	"target":       {"", "targetPort"},
	"node_port":    {"", "nodePort"},
	"app_protocol": {"", "appProtocol"},
}

var portForm = sync.OnceValue(func() *form {
	f := newForm("port", "core.v1.ServicePort", 1, "number")
	return f.shape(theObject, "protocol", "target", "node_port", "app_protocol", "host_port", "host_ip").done()
})

// port(number, *, protocol = None, target = None, node_port = None, app_protocol = None, host_port = None, host_ip = None) -> port
//
// A port that needs more than its number, for the ports of a workload or of a service: {"dns": port(53, protocol = "UDP")}.
//
// Args:
//
//	number: the port, 1 to 65535; of a workload where the container listens, of a service where clients connect.
//	protocol: "TCP", "UDP" or "SCTP"; Kubernetes takes TCP if it is left out.
//	target: services only: where the Pods listen, a port's name or number; by default the workload's port of the same name
//	  or number.
//	node_port: services only: the port on every node, for type = "NodePort" and "LoadBalancer"; by default Kubernetes picks one.
//	app_protocol: services only: what is spoken, such as "http" or "kubernetes.io/h2c".
//	host_port: workloads only: the port of the node that leads here.
//	host_ip: workloads only: the node's address that host_port listens on; by default all.
func port(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := portForm().begin(thread, args, kwargs)
	p := &portValue{number: c.arg("number"), record: c.records[theObject]}
	for _, a := range c.given {
		if a.name != "number" {
			p.given = append(p.given, a)
		}
	}
	return p, nil
}

// ports sets the container's ports from a dict of names and numbers.
func (w *workload) ports(v starlark.Value) {
	sec := w.form.container
	items, ok := pairs(v)
	if !ok {
		w.mistake(sec, kube.Fields("ports"), fmt.Errorf(`got %s, want a dict such as {"http": 8080}`, kindOf(v)), "ports")
		return
	}
	list := make(starlark.Tuple, 0, size(v))
	for k, v := range items {
		name, ok := k.(starlark.String)
		if !ok {
			w.mistake(sec, kube.Fields("ports"), fmt.Errorf("got %s %s, want a port's name as string", kindOf(k), k), "ports")
			continue
		}
		if v != starlark.None {
			list = append(list, w.containerPort(string(name), k, v))
		}
	}
	put(w.record(sec), "ports", list)
}

// notPort is the error of what can be no port, or nil. A port of a Service may come with its target.
func notPort(v starlark.Value, service string) error {
	switch v := v.(type) {
	case nil, starlark.Int, starlark.Float, starlark.Bool:
		return nil
	case starlark.String:
		e := typed.Wrong("string", v, "a number or port(...)")
		from, to, pair := strings.Cut(string(v), ":")
		if !number(from) || pair && !number(to) {
			return e
		}
		switch e.Help = []string{"write " + string(v)}; {
		case pair && service == "":
			e.Help = []string{"write " + to + ": a container's ports have no other number outside"}
		case pair:
			e.Help = []string{fmt.Sprintf("write port(%s, target = %s)", from, to)}
		}
		return e
	}
	return typed.Wrong(kindOf(v), v, "a number or port(...)")
}

// number reports whether s is one.
func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// takeOver makes what is wrong with p be about the port that is made of it.
func (c *call) takeOver(p *portValue, port *typed.Record) {
	if p.record == nil {
		return
	}
	c.run.Replace(p.record, port)
	if p.record.Poisoned() {
		port.Poison()
	}
}

func (w *workload) containerPort(name string, k, v starlark.Value) *typed.Record {
	x := w.run.NewPart(types().containerPort, 3)
	put(x, "name", k)
	p, ok := v.(*portValue)
	if !ok {
		p = &portValue{number: v}
	}
	set := func(field string, v starlark.Value) {
		if err := x.Put(field, v); err != nil {
			x.Poison()
			w.mistake(w.form.container, kube.Path{kube.Field("ports"), kube.Item(0, name)}, err, "ports", name)
		}
	}
	w.takeOver(p, x)
	if e := notPort(p.number, ""); e != nil {
		x.Poison()
		w.mistake(w.form.container, kube.Path{kube.Field("ports"), kube.Item(0, name), kube.Field("containerPort")}, e, "ports", name)
	} else if p.number != nil {
		set("containerPort", p.number)
	}
	for _, a := range p.given {
		field := portFields[a.name].container
		if field == "" {
			w.mistake(w.form.container, kube.Path{kube.Field("ports"), kube.Item(0, name)},
				fmt.Errorf("%s is for the ports of a service, not of a container", a.name), "ports", name, a.name)
			continue
		}
		set(field, a.value)
	}
	return x
}
