package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/syntax"
)

func resources(r *run, p *pod, c *container) {
	if !c.resources.Exists() {
		return
	}
	r.requirements(p, c.resources, func(s ...kube.Step) kube.Path { return p.in(c, kube.Field("resources")).With(s...) })
}

func podResources(r *run, p *pod) {
	if p.resources.Exists() {
		r.requirements(p, p.resources, func(s ...kube.Step) kube.Path { return p.inSpec(kube.Field("resources")).With(s...) })
	}
}

// requirements holds requests and limits to the rules of k8s.io/kubernetes' validateResourceRequirements.
func (r *run) requirements(p *pod, n kube.Node, path where) {
	var limits, requests kube.Node
	for key, v := range n.All() {
		switch key {
		case "limits":
			limits = v
		case "requests":
			requests = v
		}
	}
	for name, v := range limits.All() {
		r.amount(p, name, v, func() kube.Path { return path(kube.Field("limits"), kube.Key(name)) })
	}
	for name, v := range requests.All() {
		here := func() kube.Path { return path(kube.Field("requests"), kube.Key(name)) }
		if request, ok := r.amount(p, name, v, here); ok {
			r.request(p, name, v, request, limits.Get(name), path)
		}
	}
}

// request compares a request with its limit.
func (r *run) request(p *pod, name string, v kube.Node, request quantity, most kube.Node, path where) {
	here := func() kube.Path { return path(kube.Field("requests"), kube.Key(name)) }
	there := func() kube.Path { return path(kube.Field("limits"), kube.Key(name)) }
	limit, ok := parseQuantity(most)
	switch {
	case !most.Exists() && !overcommits(name):
		r.report(p.object, here(), "%s cannot be shared: it needs a limit, equal to the request", name)
	case !ok:
	case request.compare(limit) > 0:
		r.report(p.object, here(), "the request %s is above the limit %s", v.Text(), most.Text()).see(p.object, there(), "the limit")
	case !overcommits(name) && request.compare(limit) < 0:
		r.report(p.object, here(), "%s cannot be shared: want the limit, %s, got %s", name, most.Text(), v.Text()).see(p.object, there(), "the limit")
	}
}

// amount checks a resource's name and quantity.
func (r *run) amount(p *pod, name string, v kube.Node, path func() kube.Path) (quantity, bool) {
	if want := wantResource(name); want != "" {
		r.report(p.object, path(), "%q is no resource of containers, want %s", name, want).
			Suggest = nearest(name, []string{"cpu", "memory", "ephemeral-storage"})
	}
	q, ok := parseQuantity(v)
	switch {
	case !ok:
		r.report(p.object, path(), "got %s, want a quantity such as \"100m\" or \"128Mi\"", show(v))
	case q.sign() < 0:
		r.report(p.object, path(), "got %s, want no negative quantity", show(v))
	case !isNative(name) && !q.whole():
		r.report(p.object, path(), "got %s, want a whole number of %s", show(v), name)
	case !strings.ContainsAny(v.Text(), "0123456789"):
		r.report(p.object, path(), "got %s, which is 0, as it has no digits", show(v)).warn()
	case name == "memory" && q.sign() > 0 && !q.whole():
		r.report(p.object, path(), "got %s, which is a part of a byte", show(v)).warn().help(`"128Mi" are 128 mebibytes, "m" are thousandths`)
	}
	return q, ok
}

// wantResource says what is wrong with the name of a resource of containers.
func wantResource(name string) string {
	switch {
	case name == "cpu", name == "memory", name == "ephemeral-storage", strings.HasPrefix(name, "hugepages-") && len(name) > len("hugepages-"):
		return ""
	case !strings.Contains(name, "/"):
		return "cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain such as example.com/gpu"
	}
	return syntax.Qualified(name)
}

// isNative reports whether a resource is Kubernetes' own.
func isNative(name string) bool {
	return !strings.Contains(name, "/") || strings.Contains(name, "kubernetes.io/")
}

// overcommits reports whether requests may be below limits.
func overcommits(name string) bool { return isNative(name) && !strings.HasPrefix(name, "hugepages-") }
