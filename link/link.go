// Package link joins what a deploy file declared apart, after its main has returned, so that the order of declarations never
// matters: sidecars with the ConfigMaps that configure them, upstreams with the Services whose Pods they mean, Services with
// the workloads they name, objects with the namespace and labels of the target.
//
// A file's calls only recorded what is wanted: the notes of builtins/envoy, here called asked. [Link] reads them in fixed
// steps, each over all objects, and never changes an object that it was given: what a step changes it owns first
// (typed.Run.Own). So objects may be frozen, shared by several files, or share parts, and linking them again gives the same.
//
// Read Link, which lists the steps; then config.go (a ConfigMap and its sidecars), ports.go, pod.go (what a Pod gets, and
// when it is refused), sidecar.go (the container), application.go (variables and flags), headless.go, across.go (what can be
// seen only from several objects). Places and messages are in message.go.
package link

import (
	"go.starlark.net/starlark"

	asked "github.com/starctl/starctl/builtins/envoy"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// Options say where the objects go. The zero Options are those of a lone file without --namespace.
type Options struct {
	Namespace  string           // of objects that name none
	Region     string           // of the target
	Kubernetes string           // the oldest version that the cluster runs; project.DefaultKubernetes
	Defaults   project.Defaults // what the project says for all files
	Declared   []any            // of the file's typed.Run: what vet.external says is somebody else's
	Vet        bool             // say also what matters only to who looks for it
	Sources    diag.Sources     // to underline what a message is about; nil points at calls alone
}

// Link returns the objects as they are to be checked and written, in the order given, and everything that is wrong or
// doubtful. With an error among the Diagnostics the objects must not be used.
func Link(objects []*typed.Record, o Options) ([]*kube.Object, diag.List) {
	l := newLinker(objects, o)
	l.readDefaults()
	l.labels()
	l.namespaces()
	l.index()
	l.findConfigs()
	l.headlessServices()
	l.configure()
	l.build()
	l.unused()
	l.neverCalled()
	l.across()
	l.diags.Sort()
	return l.result(), l.diags
}

// linker is one Link at work.
type linker struct {
	Options
	version  version
	run      *typed.Run // what Link makes and changes belongs to it
	shared   *typed.Run // parts of containers that many have: copied before a change
	places   *diag.Forest
	objects  []*object
	byName   map[key]*object
	again    []*object                 // whose identity another has that came first
	byGiven  map[*typed.Record]*object // workloads
	byLabel  map[label][]*object       // workloads, see selected
	meshed   bool                      // an object has a sidecar or is the configuration of one
	defaults *asked.Defaults
	configs  []*config
	byConfig map[configName]*config
	pods     []*pod
	parts    parts
	buffer   []byte // of the texts of configurations
	diags    diag.List
}

// object is one object as it is now.
type object struct {
	*typed.Record
	given *typed.Record // as main returned it
	kube.ID
}

func newLinker(objects []*typed.Record, o Options) *linker {
	l := &linker{Options: o, version: parseVersion(o.Kubernetes), run: newRun(), shared: newRun(), places: diag.NewForest(o.Sources)}
	l.objects = make([]*object, len(objects))
	all := make([]object, len(objects))
	for i, r := range objects {
		all[i] = object{Record: l.run.Own(r), given: r, ID: r.ID()}
		l.objects[i] = &all[i]
		switch r.Annotation().(type) {
		case asked.Sidecars, *asked.ConfigMap:
			l.meshed = true
		}
	}
	return l
}

func newRun() *typed.Run { return typed.NewRun(&starlark.Thread{Name: "link"}) }

// node views the object.
func (o *object) node() kube.Node { return typed.Node(o.Record) }

// result views the objects.
func (l *linker) result() []*kube.Object {
	list := make([]*kube.Object, len(l.objects))
	for i, o := range l.objects {
		list[i] = &kube.Object{Node: o.node(), ID: o.Record.ID(), Origin: o.Record}
	}
	return list
}

// key finds an object in its set.
type key struct{ kind, namespace, name string }

// index finds Services and ConfigMaps by name. The first of two that have one identity counts; package check reports both.
func (l *linker) index() {
	l.byName = map[key]*object{}
	for _, o := range l.objects {
		if o.Kind != "Service" && o.Kind != "ConfigMap" {
			continue
		}
		k := key{o.Kind, o.Namespace, o.Name}
		if l.byName[k] == nil {
			l.byName[k] = o
		} else {
			l.again = append(l.again, o)
		}
	}
}

// put sets a field to what is known to fit.
func put(r *typed.Record, field string, v starlark.Value) {
	if err := r.Put(field, v); err != nil {
		panic(err)
	}
}

// putKey sets a key to what is known to fit.
func putKey(m *typed.Map, key, value string) {
	if err := m.Put(key, starlark.String(value)); err != nil {
		panic(err)
	}
}
