package check

import (
	"net/netip"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// ingressPath is a path of an Ingress and where it leads.
type ingressPath struct {
	of         *object
	rule, at   int
	host, path string
	kind       string // its pathType
	backend    kube.Node
}

// in is a path into the rule's path.
func (x *ingressPath) in(steps ...kube.Step) kube.Path {
	return kube.Fields("spec", "rules").With(kube.Item(x.rule, ""), kube.Field("http"), kube.Field("paths"), kube.Item(x.at, "")).With(steps...)
}

// ingressPaths yields the paths of an Ingress.
func ingressPaths(o *object, yield func(ingressPath)) {
	for i, rule := range o.spec.Get("rules").Items() {
		for j, p := range rule.Get("http", "paths").Items() {
			x := ingressPath{of: o, rule: i, at: j, host: rule.Get("host").Str()}
			for key, v := range p.All() {
				switch key {
				case "path":
					x.path = v.Str()
				case "pathType":
					x.kind = v.Str()
				case "backend":
					x.backend = v
				}
			}
			yield(x)
		}
	}
}

// ingressSyntax holds an Ingress to the rules of k8s.io/kubernetes' validateIngressSpec.
func ingressSyntax(r *run, o *object) {
	if o.kind.id != ingress || o.Version != "v1" {
		return
	}
	if o.spec.Get("rules").Len() == 0 && !o.spec.Get("defaultBackend").Exists() {
		r.report(o, kube.Fields("spec"), "an Ingress needs rules or a defaultBackend")
	}
	for i, rule := range o.spec.Get("rules").Items() {
		host := rule.Get("host").Str()
		at := func() kube.Path { return kube.Fields("spec", "rules").With(kube.Item(i, ""), kube.Field("host")) }
		if _, err := netip.ParseAddr(host); err == nil {
			r.report(o, at(), "got the address %q, want a DNS name", host)
		} else if want := syntax.Subdomain(strings.TrimPrefix(host, "*."), maxSubdomain); host != "" && want != "" {
			f := r.report(o, at(), "got %q, want %s, before it \"*.\" if wanted", host, want)
			if f.Suggest = nearHost(host); host == "*" {
				f.help("leave the host out, and the rule is for all of them")
			}
		}
		if http := rule.Get("http"); http.Exists() && http.Get("paths").Len() == 0 {
			r.report(o, kube.Fields("spec", "rules").With(kube.Item(i, ""), kube.Field("http"), kube.Field("paths")), "a rule needs paths, such as \"/\"")
		}
	}
	if b := o.spec.Get("defaultBackend"); b.Exists() {
		if text, steps := wrongBackend(b); text != "" {
			r.report(o, kube.Fields("spec", "defaultBackend").With(steps...), "%s", text)
		}
	}
	ingressPaths(o, func(x ingressPath) {
		if text, steps := wrongBackend(x.backend); text != "" {
			r.report(o, x.in(kube.Field("backend")).With(steps...), "%s", text)
		}
		switch x.kind {
		case "Exact", "Prefix":
			if !strings.HasPrefix(x.path, "/") {
				r.report(o, x.in(kube.Field("path")), "got %q, want a path that begins with \"/\"", x.path)
			} else if s := badPath(x.path); s != "" {
				r.report(o, x.in(kube.Field("path")), "got %q, want a path without %q", x.path, s)
			}
		case "ImplementationSpecific":
			if x.path != "" && !strings.HasPrefix(x.path, "/") {
				r.report(o, x.in(kube.Field("path")), "got %q, want a path that begins with \"/\"", x.path)
			}
		default:
			r.report(o, x.in(kube.Field("pathType")), "got %q, want \"Exact\", \"Prefix\" or \"ImplementationSpecific\"", x.kind)
		}
	})
}

// wrongBackend says what is wrong with a backend, and where in it: it is a Service with one port, or another resource.
func wrongBackend(n kube.Node) (text string, at []kube.Step) {
	svc, resource := n.Get("service"), n.Get("resource")
	switch {
	case !n.Exists(): // required, and said to be missing
	case !svc.Exists() && !resource.Exists():
		return "got nothing, want a service or a resource", nil
	case svc.Exists() && resource.Exists():
		return "got a service and a resource, want one of them", nil
	case svc.Exists():
		number, _ := svc.Get("port", "number").Int()
		switch name := svc.Get("port", "name").Str(); {
		case number == 0 && name == "":
			return "got no port, want its name or number", kube.Fields("service", "port")
		case number != 0 && name != "":
			return "got a name and a number, want one of them", kube.Fields("service", "port")
		}
	}
	return "", nil
}

// nearHost is the host that a URL, or an address with a port, was probably meant to be.
func nearHost(s string) string {
	near := strings.ToLower(s)
	if _, rest, ok := strings.Cut(near, "://"); ok {
		near = rest
	}
	near, _, _ = strings.Cut(near, "/")
	near, _, _ = strings.Cut(near, ":")
	if near == s || syntax.Host(near) != "" {
		return ""
	}
	return near
}

// badPath is what an Ingress's path must not have in it.
func badPath(path string) string {
	for _, s := range [...]string{"//", "/./", "/../", "%2f", "%2F"} {
		if strings.Contains(path, s) {
			return s
		}
	}
	for _, s := range [...]string{"/..", "/."} {
		if strings.HasSuffix(path, s) {
			return s
		}
	}
	return ""
}

// ingressBackend: a backend that is not there answers with 503.
func ingressBackend(r *run, o *object) {
	if o.kind.id != ingress || o.Version != "v1" {
		return
	}
	if b := o.spec.Get("defaultBackend"); b.Exists() {
		r.backend(o, b, func(s ...kube.Step) kube.Path { return kube.Fields("spec", "defaultBackend").With(s...) })
	}
	ingressPaths(o, func(x ingressPath) {
		r.backend(o, x.backend, func(s ...kube.Step) kube.Path { return x.in(kube.Field("backend")).With(s...) })
	})
}

func (r *run) backend(o *object, n kube.Node, path where) {
	svc := n.Get("service")
	t := r.refer(o, "", "Service", svc.Get("name").Str(), func() kube.Path { return path(kube.Field("service"), kube.Field("name")) })
	if t == nil || t.spec.Get("type").Str() == "ExternalName" {
		return
	}
	number, name := svc.Get("port", "number"), svc.Get("port", "name").Str()
	var names []string
	for _, x := range r.servicePorts(t) {
		if name != "" && x.name == name || number.Exists() && kube.Equal(x.number, number) {
			return
		}
		names = append(names, orDefault(x.name, x.number.Text()))
	}
	if name == "" && !number.Exists() {
		return
	}
	f := r.report(o, path(kube.Field("service"), kube.Field("port")), "%s has no port %s", t.ID, orDefault(name, number.Text())).see(t, kube.Fields("spec", "ports"), "its ports")
	f.Suggest = nearest(name, names)
}

// ingressKey is what two paths of Ingresses of one class must not share.
type ingressKey struct{ class, host, path, kind string }

// duplicatePath: of two Ingresses with one host and path, which one answers is not said.
func duplicatePath(r *run) {
	var seen map[ingressKey]ingressPath
	for i := range r.objects {
		o := &r.objects[i]
		if o.kind.id != ingress {
			continue
		}
		if seen == nil {
			seen = map[ingressKey]ingressPath{}
		}
		class := o.spec.Get("ingressClassName").Str()
		ingressPaths(o, func(x ingressPath) {
			key := ingressKey{class, x.host, x.path, x.kind}
			if y, ok := seen[key]; ok {
				r.report(o, x.in(), "%s%s has two backends", orDefault(x.host, "every host "), orDefault(x.path, "/")).see(y.of, y.in(), "the other one")
				return
			}
			seen[key] = x
		})
	}
}
