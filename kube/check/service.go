package check

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

// servicePort is a port of a Service; its target is the port itself if it does not say.
type servicePort struct {
	at                     int
	name, protocol         string
	number, target, atNode kube.Node
}

// servicePorts reads the ports of a Service into a slice that the next call reuses.
func (r *run) servicePorts(o *object) []servicePort {
	r.ports = r.ports[:0]
	for i, v := range o.spec.Get("ports").Items() {
		x := servicePort{at: i}
		for key, f := range v.All() {
			switch key {
			case "name":
				x.name = f.Str()
			case "port":
				x.number = f
			case "targetPort":
				if i, ok := f.Int(); !(ok && i == 0) && !(f.Kind() == kube.String && f.Str() == "") { // the API's ways to say nothing
					x.target = f
				}
			case "nodePort":
				x.atNode = f
			case "protocol":
				x.protocol = f.Str()
			}
		}
		r.ports = append(r.ports, x)
	}
	return r.ports
}

// in is a path into the port.
func (x *servicePort) in(steps ...kube.Step) kube.Path {
	key := x.number.Text()
	if x.protocol != "" {
		key += "/" + x.protocol
	}
	return kube.Fields("spec", "ports").With(kube.Item(x.at, key)).With(steps...)
}

func servicePortSyntax(r *run, o *object) {
	if o.kind.id != service {
		return
	}
	ports := r.servicePorts(o)
	if len(ports) == 0 {
		r.noPorts(o)
	}
	for i := range ports {
		x := &ports[i]
		want := label.want(x.name, r.minor)
		switch {
		case x.name == "" && len(ports) > 1:
			r.report(o, x.in(kube.Field("name")), "a Service with several ports names each of them")
		case x.name != "" && want != "":
			r.report(o, x.in(kube.Field("name")), "got %q, want %s", x.name, want).near(x.name, label, r.minor)
		}
		r.portNumbers(o, x)
		for j := range ports[:i] {
			r.samePort(o, &ports[j], x)
		}
	}
}

func (r *run) portNumbers(o *object, x *servicePort) {
	if want := wantPort(x.number); want != "" {
		r.report(o, x.in(kube.Field("port")), "got %s, want %s", show(x.number), want)
	}
	if x.target.Exists() {
		if want := wantTarget(x.target, r.minor); want != "" {
			r.report(o, x.in(kube.Field("targetPort")), "got %s, want %s", show(x.target), want)
		}
	}
	if n, ok := x.atNode.Int(); x.atNode.Exists() && !(ok && n == 0) && wantPort(x.atNode) != "" {
		r.report(o, x.in(kube.Field("nodePort")), "got %s, want %s", show(x.atNode), wantPort(x.atNode))
	}
}

func (r *run) noPorts(o *object) {
	if o.spec.Get("clusterIP").Str() != "None" && o.spec.Get("type").Str() != "ExternalName" && !headless(o) {
		r.report(o, kube.Fields("spec", "ports"), "a Service needs ports, unless it is headless (clusterIP \"None\") or an ExternalName")
	}
}

// samePort compares a port with one before it.
func (r *run) samePort(o *object, x, y *servicePort) {
	if y.name != "" && x.name == y.name {
		r.report(o, y.in(kube.Field("name")), "two ports of the Service are called %q", y.name).see(o, x.in(), "the other one")
	}
	n, _ := y.atNode.Int()
	if m, _ := x.atNode.Int(); n != 0 && n == m && orDefault(x.protocol, "TCP") == orDefault(y.protocol, "TCP") {
		r.report(o, y.in(kube.Field("nodePort")), "two ports of the Service have node port %d", n).see(o, x.in(), "the other one")
	}
}

// headless reports whether the Service has no address of its own.
func headless(o *object) bool {
	if ip := o.spec.Get("clusterIP"); ip.Exists() {
		return ip.Str() == "None"
	}
	for _, ip := range o.spec.Get("clusterIPs").Items() {
		return ip.Str() == "None"
	}
	return false
}

// serviceType: which fields go with which type, as in k8s.io/kubernetes' validateService.
func serviceType(r *run, o *object) {
	if o.kind.id != service {
		return
	}
	ip := o.spec.Get("clusterIP")
	at := kube.Fields
	switch typ := o.spec.Get("type").Str(); typ {
	case "ExternalName":
		name := o.spec.Get("externalName").Str()
		if want := syntax.Subdomain(trimDot(name), maxSubdomain); want != "" {
			r.report(o, at("spec", "externalName"), "got %q, want a DNS name", name)
		}
		if ip.Str() != "" {
			r.report(o, at("spec", "clusterIP"), "a Service of type ExternalName has no address, got %q", ip.Str())
		}
		return
	case "NodePort", "LoadBalancer":
		if headless(o) {
			r.report(o, at("spec", "clusterIP"), "a Service of type %s is not headless, got \"None\"", typ)
		}
	case "", "ClusterIP":
		if v := o.spec.Get("externalTrafficPolicy"); v.Str() != "" && o.spec.Get("externalIPs").Len() == 0 {
			r.report(o, at("spec", "externalTrafficPolicy"), "a Service of type ClusterIP has no traffic from outside, want type NodePort or LoadBalancer").
				help("internalTrafficPolicy is about traffic inside of the cluster")
		}
		for _, x := range r.servicePorts(o) {
			if n, _ := x.atNode.Int(); n != 0 {
				r.report(o, x.in(kube.Field("nodePort")), "a Service of type ClusterIP has no node ports, want type NodePort or LoadBalancer")
			}
		}
	}
	if s := ip.Str(); s != "" && s != "None" {
		if _, err := netip.ParseAddr(s); err != nil {
			r.report(o, at("spec", "clusterIP"), "got %q, want an IP address or \"None\"", s)
		}
	}
}

func trimDot(s string) string {
	if s != "" && s[len(s)-1] == '.' {
		return s[:len(s)-1]
	}
	return s
}

// serviceSelects: a Service without Pods is accepted, and answers nobody.
func serviceSelects(r *run, o *object) {
	if o.kind.id != service {
		return
	}
	labels := o.selector
	if labels.Len() == 0 || r.selects(o.namespace, selector{labels: labels}) || r.external("Pod", o.namespace, "") {
		return
	}
	f := r.report(o, atSelector(), "no Pod template of the set has these labels")
	r.closest(f, o.namespace, labels, atSelector)
}

// closest adds to a Finding the Pod template that comes nearest to a selector's labels.
func (r *run) closest(f *Finding, namespace string, labels kube.Node, path where) {
	most, total := 0, labels.Len()
	var best *template
	for i := range r.pods.templates {
		t := &r.pods.templates[i]
		if r.objects[t.of].namespace != namespace {
			continue
		}
		count := 0
		for k, v := range labels.All() {
			if got := t.labels.Get(k); got.Exists() && got.Text() == v.Text() {
				count++
			}
		}
		if count > most {
			most, best = count, t
		}
	}
	if best == nil {
		f.help("if the Pods are declared elsewhere, say so with vet.external, or silence %s", f.Check)
		return
	}
	o := &r.objects[best.of]
	for k, v := range labels.All() {
		if got := best.labels.Get(k); !got.Exists() || got.Text() != v.Text() {
			f.Path = path(kube.Key(k))
			f.see(o, o.inTemplate(kube.Field("metadata"), kube.Field("labels")), fmt.Sprintf("%d of %d labels match here, %q does not", most, total, k))
			return
		}
	}
}

// targetPort: a Service whose port leads to one that its Pods do not have answers with refused connections.
func targetPort(r *run, o *object) {
	if o.kind.id != service {
		return
	}
	labels := o.selector
	if labels.Len() == 0 {
		return
	}
	selected := r.selected(o.namespace, selector{labels: labels})
	for _, x := range r.servicePorts(o) {
		if !x.target.Exists() {
			x.target = x.number
		}
		r.target(o, selected, &x)
	}
}

func (r *run) target(o *object, selected []*object, x *servicePort) {
	var pod *object
	declared := false
	for _, t := range selected {
		served, any := serves(t, x.target, orDefault(x.protocol, "TCP"))
		if served {
			return
		}
		pod, declared = t, declared || any
	}
	named := x.target.Kind() == kube.String
	if pod == nil || !named && !declared {
		return // numbers work undeclared
	}
	names := portsOf(pod)
	f := r.report(o, x.in(kube.Field("targetPort")), "no Pod that the Service selects has a port %s", show(x.target))
	if len(names) > 0 {
		f.help("%s has %s", pod.ID, list(names))
	}
	if named {
		f.Suggest = nearest(x.target.Str(), names)
	}
	f.see(pod, pod.inTemplate(kube.Field("spec"), kube.Field("containers")), "selected here")
}

// serves reports whether a container of the object's Pods declares the port, and whether any port is declared.
func serves(o *object, target kube.Node, protocol string) (served, declared bool) {
	eachPort(o, func(name, proto string, number kube.Node) bool {
		declared = true
		served = proto == protocol && (target.Kind() == kube.String && name == target.Str() || kube.Equal(number, target))
		return !served
	})
	return served, declared
}

// eachPort yields the ports of the containers that run as long as the Pod.
func eachPort(o *object, yield func(name, protocol string, number kube.Node) bool) {
	spec := templateOf(o).Get("spec")
	for _, list := range containerLists[:2] {
		for _, c := range spec.Get(list).Items() {
			if list == "initContainers" && c.Get("restartPolicy").Str() != "Always" {
				continue
			}
			for _, p := range c.Get("ports").Items() {
				if !yieldPort(p, yield) {
					return
				}
			}
		}
	}
}

func yieldPort(n kube.Node, yield func(name, protocol string, number kube.Node) bool) bool {
	var number kube.Node
	name, protocol := "", "TCP"
	for key, v := range n.All() {
		switch key {
		case "name":
			name = v.Str()
		case "containerPort":
			number = v
		case "protocol":
			protocol = v.Str()
		}
	}
	return yield(name, protocol, number)
}

// portsOf lists the ports of the object's Pods by name, or number where there is none.
func portsOf(o *object) []string {
	var names []string
	eachPort(o, func(name, _ string, number kube.Node) bool {
		names = append(names, orDefault(name, number.Text()))
		return true
	})
	return names
}

// list writes names as a sentence does: a, b and c.
func list(names []string) string {
	names = slices.Compact(slices.Clone(names))
	s := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s += " and "
		default:
			s += ", "
		}
		s += name
	}
	return s
}
