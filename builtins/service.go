package builtins

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

var serviceForm = sync.OnceValue(func() *form {
	f := newObjectForm("service", "core.v1.Service")
	f.required = 0
	f.inside(theObject, "spec")
	return f.shape(theSpec, "workload", "selector", "ports", "headless").fields(theSpec, "", "ports", "selector").done()
})

// service(name = workload.name, *, workload = None, selector = None, ports = the workload's, headless = False,
// type = None, namespace = None, labels = {}, annotations = {}, ...) -> Service
//
// A Service for the Pods of a workload:
//
//	service("api", workload = app, ports = {"http": port(80, target = "http")})
//
// Every field of ServiceSpec is a keyword, in snake_case and with the API's meaning: type, cluster_ip, external_name,
// session_affinity, publish_not_ready_addresses, load_balancer_class and so on.
//
// Args:
//
//	name: of the Service; by default the workload's.
//	workload: the object whose Pods it is for: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod.
//	selector: labels of the Pods, instead of a workload's; {} where something else keeps its endpoints.
//	ports: a dict from a port's name to the number that clients connect to, or to port(80, target = "http"). A number
//	  leads to the workload's port of the same name, else to that with the same number. By default the workload's ports,
//	  under their own numbers.
//	headless: whether DNS answers with the Pods' addresses instead of the Service's own, as gRPC clients and the sidecar
//	  need it: cluster_ip = "None".
//	type: "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName"; Kubernetes takes "ClusterIP".
//	namespace: a name or Namespace object; by default the workload's, else that of the target.
//	labels, annotations: of the Service.
func service(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := serviceForm().begin(thread, args, kwargs)
	s := &serviceCall{call: c, workload: c.objectIn("workload", workloadKinds...)}
	c.nameAfter(s.workload)
	c.plainMetadata()
	if c.flag("headless") {
		s.headless()
	}
	s.selector()
	s.ports()
	return c.records[theObject], nil
}

type serviceCall struct {
	*call
	workload *typed.Record
}

func (s *serviceCall) headless() {
	spec := s.record(theSpec)
	if ip, ok := spec.Get("clusterIP").(starlark.String); ok && ip != "None" {
		s.mistake(theSpec, kube.Fields("clusterIP"), fmt.Errorf("a headless Service has no address, but cluster_ip is %s", ip), "headless")
		return
	}
	put(spec, "clusterIP", starlark.String("None"))
}

// external reports whether the Service is but a name for something else.
func (s *serviceCall) external() bool {
	return s.record(theSpec).Get("type") == starlark.String("ExternalName")
}

func (s *serviceCall) selector() {
	v := s.arg("selector")
	switch {
	case v != nil && s.arg("workload") != nil:
		s.mistake(theSpec, kube.Fields("selector"), errors.New("give workload or selector, not both"), "selector")
	case v != nil:
		if d, ok := v.(*starlark.Dict); ok && d.Len() == 1 {
			if labels, nested, _ := d.Get(starlark.String("matchLabels")); nested {
				s.mistake(theSpec, kube.Fields("selector"), &typed.Error{
					Err: errors.New("got matchLabels, want the labels themselves"), Help: []string{"write selector = " + labels.String()},
				}, "selector")
				return
			}
		}
		s.set(theSpec, "selector", v, "selector")
	case s.workload != nil:
		s.selectWorkload()
	case s.lacks("workload", "selector") && !s.external():
		s.mistake(theSpec, kube.Fields("selector"),
			errors.New("a Service needs the workload it is for: workload = app, or selector = {...}"))
	}
}

func (s *serviceCall) selectWorkload() {
	labels, err := selectorOf(s.workload)
	if err != nil {
		s.mistake(theSpec, kube.Fields("selector"), err, "workload")
		return
	}
	m := s.record(theSpec).Entries("selector")
	for _, l := range labels {
		if err := m.Put(l.key, l.value); err != nil {
			s.mistake(theSpec, kube.Fields("selector"), err, "workload")
		}
	}
}

func (s *serviceCall) ports() {
	if v := s.arg("ports"); v != nil {
		s.givenPorts(v)
		return
	}
	var list starlark.Tuple
	for _, p := range s.workloadPorts() {
		if number, ok := p.Get("containerPort").Int(); ok { // else it is reported as missing there
			list = append(list, s.samePort(p, number))
		}
	}
	if len(list) > 0 {
		put(s.record(theSpec), "ports", list)
		return
	}
	spec := s.record(theSpec)
	if s.external() || spec.Get("clusterIP") == starlark.String("None") || spec.Poisoned() || !s.lacks("ports") {
		return
	}
	err := errors.New(`a Service needs ports, such as ports = {"http": 80}`)
	if s.workload != nil {
		if mistaken(s.workload) {
			return
		}
		err = fmt.Errorf("%s %s has no ports that the Service could take over: give ports to one of them",
			s.workload.Schema().Kind, s.workload.ID().Name)
	}
	s.mistake(theSpec, kube.Fields("ports"), err)
}

// workloadPorts are the ports of all containers of the workload.
func (s *serviceCall) workloadPorts() []kube.Node {
	if s.workload == nil {
		return nil
	}
	var list []kube.Node
	for _, c := range podTemplate(s.workload).Get("spec", "containers").Items() {
		for _, p := range c.Get("ports").Items() {
			list = append(list, p)
		}
	}
	return list
}

// samePort is the Service's port for one of a container's.
func (s *serviceCall) samePort(p kube.Node, number int64) *typed.Record {
	x := s.run.NewPart(types().servicePort, 4)
	if name := p.Get("name").Str(); name != "" {
		put(x, "name", starlark.String(name))
		put(x, "targetPort", starlark.String(name))
	}
	put(x, "port", starlark.MakeInt64(number))
	if protocol := p.Get("protocol").Str(); protocol != "" && protocol != "TCP" {
		put(x, "protocol", starlark.String(protocol))
	}
	return x
}

func (s *serviceCall) givenPorts(v starlark.Value) {
	items, ok := pairs(v)
	if !ok {
		s.mistake(theSpec, kube.Fields("ports"), fmt.Errorf(`got %s, want a dict such as {"http": 80}`, kindOf(v)), "ports")
		return
	}
	have := s.workloadPorts()
	var list starlark.Tuple
	for k, v := range items {
		name, ok := k.(starlark.String)
		if !ok {
			s.mistake(theSpec, kube.Fields("ports"), fmt.Errorf("got %s %s, want a port's name as string", kindOf(k), k), "ports")
			continue
		}
		if v != starlark.None {
			list = append(list, s.servicePort(string(name), v, have))
		}
	}
	put(s.record(theSpec), "ports", list)
}

// servicePort makes one port; have are those of the workload.
func (s *serviceCall) servicePort(name string, v starlark.Value, have []kube.Node) *typed.Record {
	x := s.run.NewPart(types().servicePort, 4)
	put(x, "name", starlark.String(name))
	p, ok := v.(*portValue)
	if !ok {
		p = &portValue{number: v}
	}
	path := kube.Path{kube.Field("ports"), kube.Item(0, name)}
	set := func(field string, v starlark.Value, names ...string) {
		if err := x.Put(field, v); err != nil {
			s.mistake(theSpec, path, err, append([]string{"ports", name}, names...)...)
		}
	}
	s.takeOver(p, x)
	if e := notPort(p.number, s.name); e != nil {
		x.Poison()
		s.mistake(theSpec, path.With(kube.Field("port")), e, "ports", name)
	} else if p.number != nil {
		set("port", p.number)
	}
	for _, a := range p.given {
		field := portFields[a.name].service
		if field == "" {
			s.mistake(theSpec, path, fmt.Errorf("%s is for the ports of a workload, not of a Service", a.name), "ports", name, a.name)
			continue
		}
		set(field, a.value, a.name)
	}
	if s.workload != nil {
		s.target(x, name, path, have)
	}
	return x
}

// target finds the workload's port that one of the Service leads to, or checks the one that was given.
func (s *serviceCall) target(x *typed.Record, name string, path kube.Path, have []kube.Node) {
	var names []string
	for _, p := range have {
		names = append(names, p.Get("name").Str())
	}
	if t := x.Get("targetPort"); t != nil {
		if t, ok := t.(starlark.String); ok && findPort(have, "name", kube.OfString(string(t))) == nil {
			s.noTarget(path, "port", string(t), names, "target")
		}
		return
	}
	if findPort(have, "name", kube.OfString(name)) != nil {
		put(x, "targetPort", starlark.String(name))
		return
	}
	number := typed.Node(x).Get("port")
	if p := findPort(have, "containerPort", number); p != nil {
		if name := p.Get("name").Str(); name != "" {
			put(x, "targetPort", starlark.String(name))
		}
		return
	}
	if len(have) > 0 && number.Exists() {
		s.noTarget(path, fmt.Sprintf("port %s or one called", number.Text()), name, names)
	}
}

func findPort(list []kube.Node, field string, want kube.Node) *kube.Node {
	for i := range list {
		if kube.Equal(list[i].Get(field), want) {
			return &list[i]
		}
	}
	return nil
}

func (s *serviceCall) noTarget(path kube.Path, what, name string, names []string, inner ...string) {
	err := &typed.Error{
		Err:     fmt.Errorf("%s %s has no %s %q", s.workload.Schema().Kind, s.workload.ID().Name, what, name),
		Suggest: diag.Nearest(name, names),
	}
	if err.Suggest == "" && len(names) > 0 {
		err.Help = []string{fmt.Sprintf("its ports are %s; write port(NUMBER, target = %q)", strings.Join(names, ", "), names[0])}
	}
	s.mistake(theSpec, path.With(kube.Field("targetPort")), err, append([]string{"ports", path[1].Name}, inner...)...)
}
