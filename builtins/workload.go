package builtins

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// workloadForm is the form of an object with a Pod template. Its keywords are those of the object's own spec, of the Pod
// and of the application's container. Where two have a field of one name, the object's spec keeps the plain name, then
// the container; the other one's begins with pod_ (pod_security_context, pod_resources) or job_ (a CronJob's job_suspend).
// Only restart_policy is the Pod's; the container's own is container_restart_policy.
type workloadForm struct {
	*form
	controller int // the section that holds template: spec, for a CronJob the spec of the Job
	template   int
	podMeta    int
	podSpec    int
	container  int
}

func newWorkloadForm(name, typ string) *workloadForm {
	f := newObjectForm(name, typ)
	w := &workloadForm{form: f}
	w.controller = f.inside(theObject, "spec")
	if f.kind() == "CronJob" {
		w.controller = f.inside(f.inside(theSpec, "jobTemplate"), "spec")
	}
	w.template = f.inside(w.controller, "template")
	w.podMeta = f.inside(w.template, "metadata")
	w.podSpec = f.inside(w.template, "spec")
	w.container = f.inside(w.podSpec, "containers")

	f.shape(w.controller, "selector")
	f.shape(w.podMeta, "pod_annotations")
	f.shape(w.podSpec, "containers", "volumes", "service_account")
	f.shape(w.container, "container_name", "env", "ports", "readiness", "liveness", "startup")
	if f.kind() == "StatefulSet" {
		f.shape(theSpec, "service")
	}
	f.fields(theSpec, "", "jobTemplate", "selector", "template")
	if w.controller != theSpec {
		f.fields(w.controller, "job_", "selector", "template")
	}
	f.field(w.podSpec, "pod_", "restartPolicy")
	f.fields(w.container, "container_", "env", "livenessProbe", "name", "ports", "readinessProbe", "startupProbe", "volumeMounts")
	f.fields(w.podSpec, "pod_", "containers", "ephemeralContainers", "restartPolicy", "serviceAccount", "volumes")
	f.done()
	return w
}

// kind is the kind of the object that a form makes, if it stands alone.
func (f *form) kind() string { return f.sections[theObject].typ.Kind }

// workload is a call of a workload's short form.
type workload struct {
	*call
	form *workloadForm
}

// makeWorkload makes the object with all that workloads have in common.
func (f *workloadForm) makeWorkload(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) *workload {
	c := f.begin(thread, args, kwargs)
	w := &workload{c, f}
	w.metadata()
	w.identify()
	w.containerOf()
	w.podOf()
	return w
}

// plain makes a workload that needs nothing besides.
func (f *workloadForm) plain(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := f.makeWorkload(thread, args, kwargs)
	return w.records[theObject], nil
}

// identify sets the labels by which the workload finds its Pods, and those the user wants on both.
func (w *workload) identify() {
	labels := w.dict(theMetadata, "labels")
	selector := w.selector(labels)
	w.label(theMetadata, selector, labels)
	w.label(w.form.podMeta, selector, labels)
	if v := w.arg("pod_annotations"); v != nil {
		w.set(w.form.podMeta, "annotations", v, "pod_annotations")
	}
	job := w.form.kind() == "Job" || w.form.kind() == "CronJob"
	if job && !w.selectsByHand() {
		return
	}
	w.matchLabels(selector)
}

// selectsByHand reports whether a Job has a selector of its own, and refuses one that its controller would not use.
func (w *workload) selectsByHand() bool {
	manual := w.record(w.form.controller).Get("manualSelector") == starlark.True
	if w.arg("selector") != nil && !manual {
		w.mistake(w.form.controller, kube.Fields("selector"),
			fmt.Errorf("the job controller writes a Job's selector: leave it out, or give manual_selector = True as well"), "selector")
	}
	return manual
}

// label is one entry of a dict of labels.
type label struct {
	key   string
	value starlark.Value
}

// dict returns the entries of a dict in a shaped keyword.
func (w *workload) dict(sec int, name string) []label {
	v := w.arg(name)
	if v == nil {
		return nil
	}
	items, ok := pairs(v)
	if !ok {
		w.mistake(sec, kube.Fields(name), fmt.Errorf("got %s, want dict", kindOf(v)), name)
		return nil
	}
	list := make([]label, 0, size(v))
	for k, v := range items {
		if key, ok := k.(starlark.String); ok {
			list = append(list, label{string(key), v})
		} else {
			w.mistake(sec, kube.Fields(name), fmt.Errorf("got %s %s, want string as a key", kindOf(k), k), name)
		}
	}
	return list
}

// selector returns the labels that select the Pods.
func (w *workload) selector(labels []label) []label {
	if list := w.dict(w.form.controller, "selector"); list != nil {
		w.agree(list, labels)
		return list
	}
	value := w.arg("name")
	for _, l := range labels {
		if l.key == nameLabel {
			value = l.value
		}
	}
	if _, ok := value.(starlark.String); !ok {
		return nil // reported with the name or the label
	}
	return []label{{nameLabel, value}}
}

// agree refuses labels that contradict the selector: the Pods carry both.
func (w *workload) agree(selector, labels []label) {
	for _, s := range selector {
		for _, l := range labels {
			if l.key == s.key && l.value != s.value {
				w.mistake(theMetadata, kube.Path{kube.Field("labels"), kube.Key(l.key)},
					fmt.Errorf("got %s, but the selector wants %s", l.value, s.value), "labels", l.key)
			}
		}
	}
}

// label puts labels on the object or its Pods. What is wrong with them is reported once, for the object.
func (w *workload) label(sec int, selector, labels []label) {
	m := w.record(sec).Entries("labels")
	m.Grow(len(selector) + len(labels))
	for _, l := range selector {
		_ = m.Put(l.key, l.value) // matchLabels reports it
	}
	for _, l := range labels {
		if err := m.Put(l.key, l.value); err != nil && sec == theMetadata {
			w.mistake(sec, kube.Fields("labels"), err, "labels", l.key)
		}
	}
}

func (w *workload) matchLabels(selector []label) {
	if selector == nil { // for want of a name, which is reported
		w.record(w.form.controller).Poison()
		return
	}
	m := w.record(w.form.controller).Child("selector").Entries("matchLabels")
	m.Grow(len(selector))
	for _, l := range selector {
		if err := m.Put(l.key, l.value); err != nil {
			w.mistake(w.form.controller, kube.Fields("selector", "matchLabels"), err, "selector", l.key)
		}
	}
}

// containerOf fills the application's container.
func (w *workload) containerOf() {
	sec := w.form.container
	name := w.arg("container_name")
	keyword := "container_name"
	if name == nil {
		name, keyword = w.arg("name"), "name"
	}
	if _, ok := name.(starlark.String); ok || keyword != "name" {
		w.set(sec, "name", name, keyword)
	} else {
		w.record(sec).Poison() // the metadata's name is reported
	}
	if v := w.arg("env"); v != nil {
		w.env(v)
	}
	if v := w.arg("ports"); v != nil {
		w.ports(v)
	}
	w.probe("readiness", "readinessProbe")
	w.probe("liveness", "livenessProbe")
	w.probe("startup", "startupProbe")
}

// podOf fills what the Pod has besides that container.
func (w *workload) podOf() {
	if v := w.arg("containers"); v != nil {
		w.moreContainers(v)
	}
	if v := w.arg("volumes"); v != nil {
		w.volumes(v)
	}
	if v := w.arg("service_account"); v != nil {
		w.serviceAccount(v)
	}
}

// moreContainers puts further containers behind the application's.
func (w *workload) moreContainers(v starlark.Value) {
	seq, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); !ok || text {
		w.mistake(w.form.podSpec, kube.Fields("containers"), fmt.Errorf("got %s, want list", kindOf(v)), "containers")
		return
	}
	list := w.record(w.form.podSpec).Items("containers")
	for i := range seq.Len() {
		if err := list.Append(seq.Index(i)); err != nil {
			w.mistake(w.form.podSpec, kube.Fields("containers"), err, "containers", fmt.Sprintf("[%d]", i))
		}
		if _, made := seq.Index(i).(*typed.Record); made || list.Len() == 0 {
			continue // it knows its own place
		}
		if c, ok := list.Index(list.Len() - 1).(*typed.Record); ok {
			c.From("containers", "["+strconv.Itoa(i)+"]")
		}
	}
}

// serviceAccount takes what the API's own alias serviceAccount would; only serviceAccountName is written.
func (w *workload) serviceAccount(v starlark.Value) {
	if w.record(w.form.podSpec).Get("serviceAccountName") != nil {
		w.mistake(w.form.podSpec, kube.Fields("serviceAccountName"),
			fmt.Errorf("service_account and service_account_name are the same: give one"), "service_account")
		return
	}
	w.set(w.form.podSpec, "serviceAccountName", v, "service_account")
}

// restartNever is for Jobs, whose Pods may not be restarted for ever: the API's default is refused there.
func (w *workload) restartNever() {
	pod := w.record(w.form.podSpec)
	switch pod.Get("restartPolicy") {
	case nil:
		put(pod, "restartPolicy", starlark.String("Never"))
	case starlark.String("Always"):
		w.mistake(w.form.podSpec, kube.Fields("restartPolicy"),
			fmt.Errorf(`got "Always", want "Never" or "OnFailure": a Job is done when its Pods have succeeded`), "restart_policy")
	}
}

// workloadKinds are the kinds with a Pod template, and Pod itself.
var workloadKinds = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"}

// podTemplate views what describes a workload's Pods: a Pod template, or the Pod itself.
func podTemplate(workload *typed.Record) kube.Node {
	n := typed.Node(workload)
	switch workload.Schema().Kind {
	case "Pod":
		return n
	case "CronJob":
		return n.Get("spec", "jobTemplate", "spec", "template")
	}
	return n.Get("spec", "template")
}

// mistaken reports whether a mistake was found in one of a workload's containers, so that what it seems to lack may have
// been meant to be there.
func mistaken(workload *typed.Record) bool {
	r := workload
	path := []string{"spec", "template", "spec"}
	switch r.Schema().Kind {
	case "Pod":
		path = path[:1]
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template", "spec"}
	}
	for _, field := range path {
		next, ok := r.Get(field).(*typed.Record)
		if !ok || next.Poisoned() {
			return true
		}
		r = next
	}
	list, ok := r.Get("containers").(*typed.List)
	if !ok {
		return true
	}
	for i := range list.Len() {
		if c, ok := list.Index(i).(*typed.Record); ok && c.Poisoned() {
			return true
		}
	}
	return false
}

// selectorOf returns the labels that select a workload's Pods: its selector's, else the label that names the application,
// else all labels of its Pods.
func selectorOf(workload *typed.Record) ([]label, error) {
	n := typed.Node(workload)
	sel := n.Get("spec", "selector")
	if sel.Get("matchExpressions").Len() > 0 {
		return nil, fmt.Errorf("%s %s selects by matchExpressions: give selector = {...}", workload.Schema().Kind, kube.Identify(n).Name)
	}
	labels := sel.Get("matchLabels")
	if labels.Len() == 0 {
		labels = podTemplate(workload).Get("metadata", "labels")
		if name := labels.Get(nameLabel); name.Exists() {
			return []label{{nameLabel, starlark.String(name.Str())}}, nil
		}
	}
	var list []label
	for k, v := range labels.All() {
		list = append(list, label{k, starlark.String(v.Str())})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s %s has no labels on its Pods that could select them", workload.Schema().Kind, kube.Identify(n).Name)
	}
	return list, nil
}
