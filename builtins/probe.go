package builtins

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// newProbeForm starts the form of a probe of one kind: the fields of Probe and of the action in one of them are keywords.
func newProbeForm(name, action string, required int, positional ...string) *form {
	f := newForm(name, "core.v1.Probe", required, positional...)
	f.inside(theObject, action)
	return f.fields(theObject, "", "exec", "grpc", "httpGet", "tcpSocket")
}

const theAction = 1 // the section of a probe's form that holds its action

// grpcPort is the note on a probe that names a port: gRPC probes of the API know only numbers, so the workload puts the
// number in.
type grpcPort string

// probe sets one of the container's probes. A port that it names must be one of the container's.
func (w *workload) probe(keyword, field string) {
	v := w.arg(keyword)
	if v == nil {
		return
	}
	c := w.record(w.form.container)
	switch p := v.(type) {
	case *typed.Record:
		if name, ok := p.Annotation().(grpcPort); ok && p.Schema() == types().probe {
			v = w.numbered(p, string(name), keyword, field)
		}
	case *starlark.Dict:
	default:
		w.mistake(w.form.container, kube.Fields(field),
			typed.Wrong(kindOf(v), v, "http_get(...), grpc(...), tcp(...), exec([...]) or a Probe as in the API"), keyword)
		return
	}
	if err := c.Put(field, v); err != nil {
		w.mistake(w.form.container, nil, err, keyword)
		return
	}
	if _, raw := v.(*starlark.Dict); raw {
		c.Child(field).From(keyword)
	}
	n := typed.Node(c.Get(field))
	for _, action := range []string{"httpGet", "tcpSocket"} {
		if port := n.Get(action, "port"); port.Kind() == kube.String && !w.hasPort(port.Str()) {
			w.noPort(port.Str(), kube.Fields(field, action, "port"), keyword)
		}
	}
}

// hasPort reports whether the container has a port with a name.
func (w *workload) hasPort(name string) bool { return w.portCalled(name).Exists() }

// portCalled is the container's port with a name.
func (w *workload) portCalled(name string) kube.Node {
	for _, p := range typed.Node(w.record(w.form.container)).Get("ports").Items() {
		if p.Get("name").Str() == name {
			return p
		}
	}
	return kube.Node{}
}

// numbered returns a copy of a gRPC probe with the number of the port it names.
func (w *workload) numbered(p *typed.Record, name, keyword, field string) starlark.Value {
	number, ok := w.portCalled(name).Get("containerPort").Int()
	if !ok && !w.hasPort(name) { // one without a number is reported as such
		w.noPort(name, kube.Fields(field, "grpc", "port"), keyword)
	}
	q := w.run.New(p.Schema())
	w.run.Replace(p, q)
	for i := range p.Schema().Fields {
		if name := p.Schema().Fields[i].Name(); name != "grpc" {
			copyField(q, p, name)
		}
	}
	action := w.run.New(types().grpcAction)
	if old, ok := p.Get("grpc").(*typed.Record); ok {
		w.run.Replace(old, action)
		copyField(action, old, "service")
	}
	if ok {
		put(action, "port", starlark.MakeInt64(number))
	} else {
		action.Poison()
	}
	put(q, "grpc", action)
	return q
}

func copyField(to, from *typed.Record, field string) {
	if v := from.Get(field); v != nil {
		put(to, field, v)
	}
}

func (w *workload) noPort(name string, path kube.Path, keyword string) {
	if w.arg("ports") == nil && !w.lacks("ports") { // misspelt
		return
	}
	var names []string
	for _, p := range typed.Node(w.record(w.form.container)).Get("ports").Items() {
		names = append(names, p.Get("name").Str())
	}
	err := &typed.Error{Err: fmt.Errorf("the container has no port called %q", name), Suggest: diag.Nearest(name, names)}
	if w.arg("ports") == nil {
		err.Help = []string{fmt.Sprintf("declare it: ports = {%q: NUMBER}", name)}
	} else if len(names) > 0 && err.Suggest == "" {
		err.Help = []string{"its ports are " + strings.Join(names, ", ")}
	}
	w.mistake(w.form.container, path, err, keyword, "port")
}
