package envoy

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// HeadlessService is the note on a Service that names every Pod of a workload. What Fill writes is written again after main
// has returned, from what the workload is then.
type HeadlessService struct {
	Workload *typed.Record
	Drain    int // seconds that the workload's containers serve on after they leave DNS
	Given    []starlark.Tuple
	Mark     typed.Mark
	Broken   bool // a mistake was reported
	service  *typed.Record
	ports    []ServicePort  // that were given
	selector *starlark.Dict // that was written during the call
	filled   starlark.Tuple // the ports that were
}

// ServicePort is a port of the Service and of the Pods.
type ServicePort struct {
	Name     string
	Number   int
	Protocol string // "" is TCP
}

// defaultDrain is how long Pods must serve on after they leave DNS: the sidecars of others ask every 5 to 6 s, and a record
// takes a moment to go.
const defaultDrain = 8

var headlessKeywords = []string{"drain", "name", "ports"}

func (h *HeadlessService) keywords() []string { return headlessKeywords }

func (h *HeadlessService) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "name":
		return h.service.Child("metadata").Put("name", v)
	case "drain":
		return number(&h.Drain, v, 0, 3600)
	case "ports":
		return h.setPorts(r, v)
	}
	return errUnknown
}

// setPorts reads a dict from names to numbers.
func (h *HeadlessService) setPorts(r *reader, v starlark.Value) error {
	entries, err := pairs(v, `a dict such as {"grpc": 8080}`)
	if err != nil {
		return err
	}
	h.ports = []ServicePort{}
	for _, e := range entries {
		p := ServicePort{Name: e.key}
		if err := port(&p.Number, e.value); err != nil {
			r.mistake(typed.Within(kube.Path{kube.Key(e.key)}, err), "ports", e.key)
			continue
		}
		h.ports = append(h.ports, p)
	}
	return nil
}

// headless_service(workload, *, name = workload.metadata.name, ports = {}, drain = 8) -> Service
//
// What an upstream needs so that others find its Pods: a Service without an address of its own, whose DNS name lists every
// ready Pod of a workload. Its containers get a preStop sleep, unless they have a preStop: a Pod that ends serves on until
// the last caller has noticed.
//
//	[app, envoy.headless_service(app)]
//
// Args:
//
//	workload: whose Pods it names; its selector and all its named ports become the Service's.
//	name: of the Service. Beside an ordinary Service of the workload's name, say "payments-headless" here and
//	  service = "payments-headless" in the upstream.
//	ports: a dict from names to the numbers that the Pods listen on, instead of the workload's named ports.
//	drain: seconds of that sleep, 0 for none. Callers ask DNS every 5 to 6 s; more is needed where cluster.local is cached.
func headlessService(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := positional(b.Name(), args, 1, "workload"); err != nil {
		return nil, err
	}
	v, kwargs, err := first(b.Name(), "workload", args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	svc := run.New(serviceType())
	h := &HeadlessService{Drain: defaultDrain, Given: kwargs, Mark: run.Mark(), service: svc}
	r := reader{run: run, builtin: b.Name(), object: "Service"}
	if err := h.setWorkload(v); err != nil {
		r.argument(err, 0)
	} else {
		r.object = kube.ID{Kind: "Service", Name: h.Workload.ID().Name}.String()
	}
	h.fixed()
	r.keywords(h, kwargs)
	if h.Workload != nil && !r.broken {
		w := typed.Node(h.Workload)
		h.Fill(svc, w)
		h.selector, h.filled = selectorOf(w), h.portList(w)
		h.selector.Freeze() // files that load this one compare with them at the same time
		h.filled.Freeze()
	}
	if h.Broken = r.broken; r.broken {
		svc.Poison()
	}
	svc.Annotate(h)
	return svc, nil
}

// setWorkload reads the workload. It may be frozen: only link changes it, on a copy.
func (h *HeadlessService) setWorkload(v starlark.Value) error {
	w, ok := v.(*typed.Record)
	if !ok || !HasPods(w) {
		return wrong(v, "a workload: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod")
	}
	h.Workload = w
	meta := typed.Node(w).Get("metadata")
	for _, field := range []string{"name", "namespace"} {
		if s := meta.Get(field).Str(); s != "" {
			put(h.service.Child("metadata"), field, starlark.String(s))
		}
	}
	return nil
}

// fixed sets what does not depend on the workload.
func (h *HeadlessService) fixed() {
	spec := h.service.Child("spec")
	put(spec, "clusterIP", starlark.String("None"))
	put(spec, "publishNotReadyAddresses", starlark.False)
}

// Fill writes selector and ports from the workload, unless the user has set others since the call.
func (h *HeadlessService) Fill(svc *typed.Record, workload kube.Node) {
	spec := svc.Own("spec")
	now := typed.Node(spec)
	if s := now.Get("selector"); !s.Exists() || kube.Equal(s, typed.Node(h.selector)) {
		put(spec, "selector", selectorOf(workload))
	}
	if p := now.Get("ports"); !p.Exists() || kube.Equal(p, typed.Node(h.filled)) {
		put(spec, "ports", h.portList(workload))
	}
}

// selectorOf are the labels that select a workload's Pods.
func selectorOf(workload kube.Node) *starlark.Dict {
	labels := workload.Get("spec", "selector", "matchLabels")
	if labels.Len() == 0 {
		labels = PodTemplate(workload).Get("metadata", "labels")
		if name := labels.Get(nameLabel); name.Exists() {
			labels = kube.OfMap(kube.Pairs{{Key: nameLabel, Value: name}})
		}
	}
	d := starlark.NewDict(labels.Len())
	for k, v := range labels.All() {
		_ = d.SetKey(starlark.String(k), starlark.String(v.Text())) // a string is hashable
	}
	return d
}

// nameLabel is the recommended label that names an application.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
const nameLabel = "app.kubernetes.io/name"

// namedPorts are the named ports of a workload's own containers.
func namedPorts(workload kube.Node) []ServicePort {
	var list []ServicePort
	for _, c := range PodTemplate(workload).Get("spec", "containers").Items() {
		for _, p := range c.Get("ports").Items() {
			if name := p.Get("name").Str(); name != "" {
				n, _ := p.Get("containerPort").Int()
				list = append(list, ServicePort{name, int(n), p.Get("protocol").Str()})
			}
		}
	}
	return list
}

// portList are the Service's ports: those that were given, else the workload's named ones.
func (h *HeadlessService) portList(workload kube.Node) starlark.Tuple {
	ports := h.ports
	if ports == nil {
		ports = namedPorts(workload)
	}
	list := make(starlark.Tuple, len(ports))
	for i, p := range ports {
		d := starlark.NewDict(5)
		set := func(k string, v starlark.Value) { _ = d.SetKey(starlark.String(k), v) } // a string is hashable
		set("name", starlark.String(p.Name))
		if p.Protocol != "" && p.Protocol != "TCP" {
			set("protocol", starlark.String(p.Protocol))
		}
		if s := appProtocol(p.Name); s != "" {
			set("appProtocol", starlark.String(s))
		}
		set("port", starlark.MakeInt(p.Number))
		set("targetPort", starlark.MakeInt(p.Number))
		list[i] = d
	}
	return list
}

// appProtocol is what a port's name says: grpc, grpc-admin, http.
// https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol
func appProtocol(name string) string {
	switch word, _, _ := strings.Cut(name, "-"); word {
	case "grpc":
		return "kubernetes.io/h2c"
	case "http":
		return "http"
	}
	return ""
}

// put sets a field to what is known to fit.
func put(r *typed.Record, field string, v starlark.Value) {
	if err := r.Put(field, v); err != nil {
		panic(fmt.Sprintf("%s: %v", field, err))
	}
}
