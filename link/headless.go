package link

import (
	"fmt"

	"go.starlark.net/starlark"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// headlessServices writes the Services of envoy.headless_service from what their workloads are now, and lets the workloads'
// containers serve on while callers still know them.
func (l *linker) headlessServices() {
	var drained []*object
	longest := map[*object]*asked.HeadlessService{} // of the Services of one workload
	for _, o := range l.objects {
		h, ok := o.Annotation().(*asked.HeadlessService)
		if !ok || h.Broken || h.Workload == nil {
			continue
		}
		l.beside(o, h)
		w := l.workloadOf(h)
		if w == nil {
			continue // it names Pods that somebody else makes
		}
		h.Fill(o.Record, w.node())
		if o.node().Get("spec", "ports").Len() == 0 {
			d := l.fail(h.Mark.Place("[0]"), o.ID.String(), "%s has no named ports", w.ID)
			d.Help = []string{`name one on the workload: ports = {"grpc": 8080}, or here`}
		}
		if longest[w] == nil {
			drained = append(drained, w)
		}
		if longest[w] == nil || h.Drain > longest[w].Drain {
			longest[w] = h
		}
	}
	for _, w := range drained {
		if h := longest[w]; h.Drain > 0 {
			l.drain(w, h)
		}
	}
}

// workloadOf is the workload that a Service was made for, or one that stands in for it: a copy with its identity.
func (l *linker) workloadOf(h *asked.HeadlessService) *object {
	if l.byGiven == nil {
		l.byGiven = map[*typed.Record]*object{}
		for _, o := range l.objects {
			if asked.HasPods(o.given) {
				l.byGiven[o.given] = o
			}
		}
	}
	if o := l.byGiven[h.Workload]; o != nil {
		return o
	}
	id := h.Workload.ID()
	for _, o := range l.objects {
		if o.Kind == id.Kind && o.Name == id.Name && (id.Namespace == "" || o.Namespace == id.Namespace) {
			return o
		}
	}
	return nil
}

// beside refuses a headless Service that has the name of an ordinary one.
func (l *linker) beside(o *object, h *asked.HeadlessService) {
	k := key{"Service", o.Namespace, o.Name}
	for _, other := range append([]*object{l.byName[k]}, l.again...) {
		if other == o || other.Kind != k.kind || other.Name != k.name || other.Namespace != k.namespace || headless(other.node()) {
			continue
		}
		d := l.fail(h.Mark.Place("name"), o.ID.String(), "there is another Service of that name, which is not headless")
		d.Help = []string{fmt.Sprintf("write name = %q, and service = %q in the upstreams of its callers", o.Name+"-headless", o.Name+"-headless")}
		d.Related = []diag.Related{l.related(whereMade(other.Record), "the other Service")}
	}
}

// headless reports whether a Service's name leads to its Pods.
func headless(svc kube.Node) bool { return svc.Get("spec", "clusterIP").Str() == "None" }

// drain gives the workload's containers a preStop sleep where they have no preStop.
func (l *linker) drain(w *object, h *asked.HeadlessService) {
	spec := asked.PodTemplate(w.node()).Get("spec")
	var plain []int
	for i, c := range spec.Get("containers").Items() {
		if !c.Get("lifecycle", "preStop").Exists() {
			plain = append(plain, i)
		}
	}
	path := fields(templateSteps(w.Kind)...).With(kube.Field("spec"))
	switch grace := graceOf(spec); {
	case len(plain) == 0:
		return
	case l.version < sleepHook:
		d := l.fail(h.Mark.Place("drain"), w.ID.String(), "preStop.sleep came with Kubernetes %s, and the target may run %s", sleepHook, l.version)
		d.Help = []string{"write drain = 0, and give the containers a preStop of their own, such as an exec of sleep"}
		return
	case grace <= h.Drain:
		d := l.fail(h.Mark.Place("drain"), w.ID.String(), "got %d s, want more than the %d s that its containers serve on after they leave DNS", grace, h.Drain)
		d.Path = path.With(kube.Field("terminationGracePeriodSeconds")).String()
		d.Help = []string{fmt.Sprintf("write termination_grace_period_seconds = %d", h.Drain+22), "or drain = with less"}
		if at := w.Where(path.With(kube.Field("terminationGracePeriodSeconds"))); len(at.Frames) > 0 {
			d.Related = []diag.Related{l.related(at, "set here")}
		}
		return
	}
	list := template(w.Record).Own("spec").OwnItems("containers")
	for _, i := range plain {
		c := list.Own(i)
		put(c.Own("lifecycle").Own("preStop").Own("sleep"), "seconds", starlark.MakeInt(h.Drain))
	}
}
