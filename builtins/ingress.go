package builtins

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
	"github.com/starctl/starctl/starlark/diag"
)

var ingressForm = sync.OnceValue(func() *form {
	f := newObjectForm("ingress", "networking.v1.Ingress")
	f.inside(theObject, "spec")
	f.shape(theSpec, "hosts", "tls", "class_name", "path_type", "default_backend")
	return f.fields(theSpec, "", "defaultBackend", "ingressClassName", "rules", "tls").done()
})

// ingress(name, *, hosts = {}, tls = None, class_name = None, path_type = "Prefix", default_backend = None,
// namespace = None, labels = {}, annotations = {}) -> Ingress
//
// An Ingress: which host and path leads to which Service:
//
//	ingress("api", hosts = {"api.example.com": {"/": svc}}, tls = "api-tls", class_name = "nginx")
//
// A backend is a Service object with one port, or a tuple of a Service, or its name, and the name or number of a port:
// (svc, "http"), ("legacy", 80).
//
// Args:
//
//	name: of the Ingress.
//	hosts: a dict from a host, such as "api.example.com" or "*.example.com", to a dict from a path to a backend; a
//	  backend alone is short for {"/": backend}. The host "" is any.
//	tls: the Secret that holds the certificate of all hosts, a name or object; or a dict from Secrets' names to lists of
//	  hosts; or a list as in the API.
//	class_name: the controller, the name of an IngressClass or the object; by default the cluster's default.
//	path_type: "Prefix", "Exact" or "ImplementationSpecific", of all paths.
//	default_backend: where all else leads.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the Ingress.
func ingress(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := ingressForm().begin(thread, args, kwargs)
	c.plainMetadata()
	i := &ingressCall{call: c, pathType: starlark.String("Prefix")}
	if v := c.arg("class_name"); v != nil {
		c.set(theSpec, "ingressClassName", v, "class_name")
	}
	i.setPathType()
	if v := c.arg("default_backend"); v != nil {
		if b := i.backend(kube.Fields("defaultBackend"), v, "default_backend"); b != nil {
			c.set(theSpec, "defaultBackend", b, "default_backend")
		}
	}
	i.hosts()
	i.tls()
	if c.lacks("hosts", "default_backend") {
		c.mistake(theSpec, kube.Fields("rules"), errors.New(`an Ingress needs hosts, such as hosts = {"api.example.com": {"/": svc}}`))
	}
	return c.records[theObject], nil
}

type ingressCall struct {
	*call
	pathType starlark.Value
	names    []starlark.Value // of the hosts
}

func (i *ingressCall) setPathType() {
	v := i.arg("path_type")
	switch v {
	case nil:
	case starlark.String("Prefix"), starlark.String("Exact"), starlark.String("ImplementationSpecific"):
		i.pathType = v
	default:
		i.misuse("path_type", oneOfStrings(v, "Prefix", "Exact", "ImplementationSpecific"))
	}
}

func (i *ingressCall) hosts() {
	v := i.arg("hosts")
	if v == nil {
		return
	}
	items, ok := pairs(v)
	if !ok {
		i.mistake(theSpec, kube.Fields("rules"), fmt.Errorf(`got %s, want a dict such as {"api.example.com": {"/": svc}}`, kindOf(v)), "hosts")
		return
	}
	var rules starlark.Tuple
	for k, v := range items {
		host, ok := k.(starlark.String)
		if !ok {
			i.mistake(theSpec, kube.Fields("rules"), fmt.Errorf("got %s %s, want a host as string", kindOf(k), k), "hosts")
			continue
		}
		if v != starlark.None {
			rules = append(rules, i.rule(host, v))
		}
	}
	if err := i.record(theSpec).Put("rules", rules); err != nil {
		i.misread(theSpec, nil, err, "hosts")
	}
	i.sources()
}

// sources notes where the rules and their paths stand in the source.
func (i *ingressCall) sources() {
	rules := i.record(theSpec).Items("rules")
	for n := range rules.Len() {
		rule := rules.Index(n).(*typed.Record)
		host := fmt.Sprintf("[%d]%s", n, typed.Node(rule).Get("host").Str())
		rule.From("hosts", host)
		paths := rule.Child("http").Items("paths")
		for m := range paths.Len() {
			p := paths.Index(m).(*typed.Record)
			p.From("hosts", host, fmt.Sprintf("[%d]%s", m, typed.Node(p).Get("path").Str()))
		}
	}
}

// rule makes the rule of one host.
func (i *ingressCall) rule(host starlark.String, v starlark.Value) *starlark.Dict {
	path := kube.Path{kube.Field("rules"), kube.Item(len(i.names), string(host))}
	i.names = append(i.names, host)
	items, ok := pairs(v)
	if !ok {
		whole := starlark.NewDict(1)
		_ = whole.SetKey(starlark.String("/"), v) // cannot fail: nothing iterates
		items, _ = pairs(whole)
	}
	var paths []starlark.Value
	for k, v := range items {
		p, ok := k.(starlark.String)
		if !ok || !strings.HasPrefix(string(p), "/") {
			err := &typed.Error{Err: fmt.Errorf("got %s, want a path that begins with /", k)}
			if ok {
				err.Suggest = "/" + string(p)
			}
			i.mistake(theSpec, path, err, "hosts", string(host))
			continue
		}
		if b := i.backend(path.With(kube.Item(len(paths), string(p))), v, "hosts", string(host), string(p)); b != nil {
			paths = append(paths, dict("path", p, "pathType", i.pathType, "backend", b))
		}
	}
	r := dict("http", dict("paths", starlark.NewList(paths)))
	if host != "" {
		_ = r.SetKey(starlark.String("host"), host) // cannot fail: nothing iterates
	}
	return r
}

// backend makes a backend, or reports why not and returns nil.
func (i *ingressCall) backend(path kube.Path, v starlark.Value, names ...string) starlark.Value {
	var port starlark.Value
	if pair, ok := v.(starlark.Tuple); ok && len(pair) == 2 {
		v, port = pair[0], pair[1]
	}
	name, err := reference(v, "Service")
	if err == nil && port == nil {
		port, err = onlyPort(v)
	} else if err == nil {
		err = checkPort(v, port)
	}
	if err == nil && syntax.Label(string(name)) != "" {
		s := string(name)
		err = &typed.Error{Err: fmt.Errorf("got the Service %q, want %s", s, syntax.Label(s)), Suggest: syntax.Near(s, syntax.Label)}
	}
	if err != nil {
		i.mistake(theSpec, path, err, names...)
		return nil
	}
	key := "number"
	if _, ok := port.(starlark.String); ok {
		key = "name"
	}
	return dict("service", dict("name", name, "port", dict(key, port)))
}

// onlyPort is the port of a Service that has but one.
func onlyPort(v starlark.Value) (starlark.Value, error) {
	svc, ok := v.(*typed.Record)
	if !ok {
		return nil, fmt.Errorf("got a name alone: write (%s, PORT)", v)
	}
	ports := typed.Node(svc).Get("spec", "ports")
	if ports.Len() != 1 {
		return nil, fmt.Errorf("the Service %s has %d ports: write (service, PORT)", svc.ID().Name, ports.Len())
	}
	var port starlark.Value
	for _, p := range ports.Items() {
		if name := p.Get("name").Str(); name != "" {
			port = starlark.String(name)
		} else if number, ok := p.Get("port").Int(); ok {
			port = starlark.MakeInt64(number)
		}
	}
	if port == nil {
		return nil, fmt.Errorf("the port of Service %s has neither name nor number", svc.ID().Name)
	}
	return port, nil
}

// checkPort checks the port of a backend: what it is and, where the Service is at hand, that it is there.
func checkPort(v, port starlark.Value) error {
	field := "port"
	switch port := port.(type) {
	case starlark.String:
		if _, err := strconv.ParseUint(string(port), 10, 16); err == nil {
			return &typed.Error{Err: fmt.Errorf("got the port %s as text, want a number", port), Help: []string{"write " + string(port)}}
		}
		field = "name"
	case starlark.Int:
		if n, ok := port.Int64(); !ok || n < 1 || n > 65535 {
			return fmt.Errorf("got port %s, want 1 to 65535", port)
		}
	default:
		return fmt.Errorf("got %s as the port, want its name or number", kindOf(port))
	}
	svc, ok := v.(*typed.Record)
	if !ok {
		return nil
	}
	var names []string
	for _, p := range typed.Node(svc).Get("spec", "ports").Items() {
		if kube.Equal(p.Get(field), typed.Node(port)) {
			return nil
		}
		names = append(names, p.Get("name").Str())
	}
	err := &typed.Error{Err: fmt.Errorf("the Service %s has no port %s", svc.ID().Name, port)}
	if s, ok := port.(starlark.String); ok {
		err.Suggest = diag.Nearest(string(s), names)
	}
	return err
}

func (i *ingressCall) tls() {
	v := i.arg("tls")
	if v == nil {
		return
	}
	if items, ok := pairs(v); ok {
		var list starlark.Tuple
		for secret, hosts := range items {
			list = append(list, dict("hosts", hosts, "secretName", secret))
		}
		i.putList("tls", list, "tls")
		return
	}
	switch v.(type) {
	case starlark.String, *typed.Record:
		name, err := reference(v, "Secret")
		if err != nil {
			i.mistake(theSpec, kube.Fields("tls"), err, "tls")
			return
		}
		entry := dict("secretName", name)
		if hosts := i.named(); len(hosts) > 0 {
			_ = entry.SetKey(starlark.String("hosts"), starlark.NewList(hosts)) // cannot fail: nothing iterates
		}
		i.putList("tls", starlark.Tuple{entry}, "tls")
	default:
		i.set(theSpec, "tls", v, "tls")
	}
}

// named are the hosts that have a name. Of one that cannot be, its rule says so.
func (i *ingressCall) named() []starlark.Value {
	var list []starlark.Value
	for _, h := range i.names {
		if s, _ := starlark.AsString(h); s != "" && syntax.Host(s) == "" {
			list = append(list, h)
		}
	}
	return list
}

// putList sets a list that was built from a keyword's value.
func (c *call) putList(field string, list starlark.Tuple, keyword string) {
	if err := c.record(theSpec).Put(field, list); err != nil {
		c.misread(theSpec, nil, err, keyword)
	}
}
