package project

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"golang.org/x/mod/semver"

	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
)

// reader evaluates a starctl.star. Its methods are the functions that the file can call; they record mistakes and go on.
type reader struct {
	*Project
	version  string
	src      *diag.Forest
	list     diag.List
	named    diag.Pos // where project was called
	defaults diag.Pos // where defaults was called
}

// limits bound the evaluation of starctl.star, which has no reason to compute much.
var limits = interp.Limits{Steps: 1_000_000, Value: 1 << 20}

func read(fsys fs.FS, version string) (*Project, error) {
	r := &reader{Project: &Project{}, version: version}
	host := &interp.Interpreter{
		Root: fsys,
		Predeclared: starlark.StringDict{
			"project":    starlark.NewBuiltin("project", r.project),
			"target":     starlark.NewBuiltin("target", r.target),
			"defaults":   starlark.NewBuiltin("defaults", r.setDefaults),
			"dependency": starlark.NewBuiltin("dependency", r.dependency),
		},
		Alone:  true,
		Limits: limits,
	}
	r.src = diag.NewForest(host)
	m, err := host.Load(context.Background(), "//"+File)
	r.list = append(r.list, diag.From(err, r.src)...)
	if m != nil && !r.named.IsValid() {
		r.list = append(r.list, diag.Diagnostic{
			Pos:     diag.Pos{File: File, Line: 1, Col: 1},
			Message: "the project has no name",
			Help:    []string{`begin with: project(name = "shop")`},
		})
	}
	if len(r.list) > 0 {
		r.list.Sort()
		return nil, r.list
	}
	return r.Project, nil
}

// call is a call of one of the file's functions.
type call struct {
	*reader
	name   string
	frames []diag.Frame
}

func (r *reader) call(thread *starlark.Thread, b *starlark.Builtin) *call {
	c := &call{reader: r, name: b.Name()}
	for d := range thread.CallStackDepth() {
		f := thread.DebugFrame(d)
		if fn, ok := f.Callable().(*starlark.Function); ok {
			p := f.Position()
			c.frames = append(c.frames, diag.Frame{Func: fn.Name(), Pos: diag.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}})
		}
	}
	return c
}

func (c *call) at(names ...string) diag.Pos { return c.place(names).Locate(c.src) }

func (c *call) place(names []string) diag.Place { return diag.Place{Frames: c.frames, Names: names} }

// report records a mistake in the name of an argument, or in the whole call if names are left out.
func (c *call) report(d diag.Diagnostic, names ...string) { c.record(d, c.at(names...), names) }

// wrong records a mistake in the value of an argument, or in the whole call.
func (c *call) wrong(format string, args []any, names ...string) {
	c.record(diag.Diagnostic{Message: fmt.Sprintf(format, args...)}, c.place(names).LocateValue(c.src), names)
}

func (c *call) record(d diag.Diagnostic, at diag.Pos, names []string) {
	d.Pos = at
	if len(c.frames) > 1 {
		d.Calls = c.place(nil).Calls(c.src)
	}
	if len(names) > 0 {
		d.Path = c.name + ": " + strings.Join(names, ".")
	}
	c.list = append(c.list, d)
}

// unpack reads the arguments: positional ones into the first parameters, keywords by name. A parameter with "!" is required.
func (c *call) unpack(args starlark.Tuple, kwargs []starlark.Tuple, positional int, params ...string) map[string]starlark.Value {
	got := map[string]starlark.Value{}
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = strings.TrimSuffix(p, "!")
	}
	misspelt := false
	for i, v := range args {
		if i >= positional {
			c.wrong("%s takes at most %d positional argument%s: give the others by name", []any{c.name, positional, plural(positional)})
			break
		}
		got[names[i]] = v
	}
	for _, kw := range kwargs {
		name := string(kw[0].(starlark.String))
		if !slices.Contains(names, name) {
			misspelt = true
			c.report(diag.Diagnostic{Message: "no such parameter of " + c.name, Suggest: diag.Nearest(name, names)}, name)
		} else if got[name] != nil {
			c.wrong("given twice", nil, name)
		} else if kw[1] != starlark.None {
			got[name] = kw[1]
		}
	}
	for i, p := range params {
		if misspelt {
			break // what is missing is there under another name
		}
		if strings.HasSuffix(p, "!") && got[names[i]] == nil {
			c.wrong("%s needs %s", []any{c.name, names[i]})
		}
	}
	return got
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// text returns a string argument that valid accepts; want says what that is.
func (c *call) text(got map[string]starlark.Value, name, want string, valid func(string) bool) string {
	v, ok := got[name]
	if !ok {
		return ""
	}
	s, ok := starlark.AsString(v)
	if !ok {
		c.wrong("got %s, want string", []any{v.Type()}, name)
		return ""
	}
	if valid != nil && !valid(s) {
		c.wrong("got %q, want %s", []any{s, want}, name)
		return ""
	}
	return s
}

func notEmpty(s string) bool { return s != "" }

// project(name, starctl = None)
//
// Names the project, once, at the beginning of starctl.star.
//
// Args:
//
//	name: a DNS label; the first part of the name of every set of the project.
//	starctl: the versions of starctl that understand the project, such as ">= 0.1" or ">= 0.1, < 2".
func (r *reader) project(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := r.call(thread, b)
	if r.named.IsValid() {
		c.report(diag.Diagnostic{
			Message: "project is called twice",
			Related: []diag.Related{{Pos: r.named, Text: "first called here"}},
		})
		return starlark.None, nil
	}
	r.named = c.at()
	got := c.unpack(args, kwargs, 1, "name!", "starctl")
	r.Name = c.text(got, "name", "a DNS label: lower-case letters, digits and -", isLabel)
	if want := c.text(got, "starctl", "", nil); want != "" {
		c.version(want)
	}
	return starlark.None, nil
}

var constraint = pattern.Lazy(`^(>=|<=|==|=|>|<)?\s*v?(\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?)$`)

func (c *call) version(want string) {
	for part := range strings.SplitSeq(want, ",") {
		m := constraint().FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			c.wrong(`got %q, want versions such as ">= 0.1" or ">= 0.1, < 2"`, []any{want}, "starctl")
			return
		}
		if have := "v" + strings.TrimPrefix(c.reader.version, "v"); semver.IsValid(have) && !satisfies(have, m[1], "v"+m[2]) {
			c.report(diag.Diagnostic{
				Message: fmt.Sprintf("this is starctl %s, the project wants %s", strings.TrimPrefix(have, "v"), want),
				Help:    []string{"install a version of starctl that the project wants, or change what it wants"},
			}, "starctl")
			return
		}
	}
}

// satisfies compares without pre-release suffixes of what is running: a development build of 0.1.0 counts as 0.1.0.
func satisfies(have, op, want string) bool {
	have, _, _ = strings.Cut(have, "-")
	n := semver.Compare(have, want)
	switch op {
	case ">=":
		return n >= 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	case "<":
		return n < 0
	}
	return n == 0
}

var (
	targetName = pattern.Lazy(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	minor      = pattern.Lazy(`^1\.\d{1,3}$`)
	uid        = pattern.Lazy(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// target(name, *, context = None, cluster = None, namespace = None, region = None, kubernetes = "1.33", inputs = {}, protect = True)
//
// Declares a place to deploy to.
//
// Args:
//
//	name: what --target chooses it by: letters, digits, dot, - and _.
//	context: of the kubeconfig.
//	cluster: the uid of the cluster's kube-system namespace, which pins the target to that cluster.
//	namespace: of every namespaced object that has none.
//	region: that ctx.region and the sidecars' statistics name.
//	kubernetes: the oldest version that the cluster runs, "1.34"; it decides what may be used. 1.33 if not given.
//	inputs: a dict of values for inputs of main; files that do not declare one go without it.
//	protect: whether deletions must be confirmed by the target's name.
func (r *reader) target(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := r.call(thread, b)
	got := c.unpack(args, kwargs, 1, "name!", "context", "cluster", "namespace", "region", "kubernetes", "inputs", "protect")
	t := Target{
		Name:       c.text(got, "name", "letters, digits, dot, - and _, with a letter or digit at both ends", targetName().MatchString),
		Context:    c.text(got, "context", "the name of a kubeconfig context", notEmpty),
		Cluster:    c.text(got, "cluster", "the uid of the cluster's kube-system namespace, such as 0b2f7c9e-1f7e-4a51-9d6e-3c1f0c7c2a10", uid().MatchString),
		Namespace:  c.text(got, "namespace", "a DNS label: lower-case letters, digits and -", isLabel),
		Region:     c.text(got, "region", "a region's name", notEmpty),
		Kubernetes: c.text(got, "kubernetes", `a version such as "1.34"`, minor().MatchString),
		Inputs:     c.inputs(got["inputs"]),
		Protect:    c.truth(got, "protect", true),
		Pos:        c.at(),
	}
	if t.Kubernetes == "" {
		t.Kubernetes = DefaultKubernetes
	}
	if first := r.Target(t.Name); first != nil {
		c.report(diag.Diagnostic{
			Message: fmt.Sprintf("target %q is declared twice", t.Name),
			Related: []diag.Related{{Pos: first.Pos, Text: "first declared here"}},
		})
		return starlark.None, nil
	}
	r.Targets = append(r.Targets, t)
	return starlark.None, nil
}

func (c *call) truth(got map[string]starlark.Value, name string, otherwise bool) bool {
	v, ok := got[name]
	if !ok {
		return otherwise
	}
	b, ok := v.(starlark.Bool)
	if !ok {
		c.wrong("got %s, want bool", []any{v.Type()}, name)
		return otherwise
	}
	return bool(b)
}

func (c *call) inputs(v starlark.Value) Values {
	if v == nil {
		return nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		c.wrong("got %s, want a dict from inputs to values", []any{v.Type()}, "inputs")
		return nil
	}
	var list Values
	for k, v := range d.Entries() {
		name, ok := starlark.AsString(k)
		if !ok {
			c.wrong("got %s, want the name of an input", []any{k.Type()}, "inputs", k.String())
			continue
		}
		v.Freeze()
		list = append(list, Value{Name: name, Value: v, Pos: c.at("inputs", name)})
	}
	return list
}

// defaults(*, labels = {}, upstream_port = None, envoy = {})
//
// Sets what every deploy file of the project gets where it says nothing else.
//
// Args:
//
//	labels: for objects and Pod templates; never in selectors.
//	upstream_port: of upstreams that name none.
//	envoy: keywords of envoy.configure_sidecar, envoy.config_map and envoy.upstream.
func (r *reader) setDefaults(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := r.call(thread, b)
	if r.defaults.IsValid() {
		c.report(diag.Diagnostic{
			Message: "defaults is called twice",
			Related: []diag.Related{{Pos: r.defaults, Text: "first called here"}},
		})
		return starlark.None, nil
	}
	r.defaults = c.at()
	got := c.unpack(args, kwargs, 0, "labels", "upstream_port", "envoy")
	r.Defaults = Defaults{Labels: c.labels(got["labels"]), UpstreamPort: c.port(got["upstream_port"]), Envoy: c.dict(got["envoy"]), Pos: r.defaults}
	return starlark.None, nil
}

func (c *call) labels(v starlark.Value) []Label {
	if v == nil {
		return nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		c.wrong("got %s, want a dict of strings", []any{v.Type()}, "labels")
		return nil
	}
	var list []Label
	for k, v := range d.Entries() {
		key, ok1 := starlark.AsString(k)
		value, ok2 := starlark.AsString(v)
		if !ok1 || !ok2 {
			c.wrong("got %s: %s, want string: string", []any{k.Type(), v.Type()}, "labels", key)
			continue
		}
		if !isLabelKey(key) {
			c.report(diag.Diagnostic{Message: fmt.Sprintf("got %q, want a label's key: letters, digits, dot, - and _, at most 63, perhaps behind a DNS name and /", key)}, "labels", key)
			continue
		}
		if value != "" && !labelValue().MatchString(value) {
			c.wrong("got %q, want a label's value: letters, digits, dot, - and _, at most 63", []any{value}, "labels", key)
			continue
		}
		list = append(list, Label{key, value})
	}
	return list
}

// labelValue is what Kubernetes takes as the value of a label, and as its key behind the prefix.
var labelValue = pattern.Lazy(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)

func isLabelKey(s string) bool {
	prefix, name, ok := strings.Cut(s, "/")
	if !ok {
		return labelValue().MatchString(s)
	}
	for part := range strings.SplitSeq(prefix, ".") {
		if !isLabel(part) {
			return false
		}
	}
	return len(prefix) <= 253 && labelValue().MatchString(name)
}

func (c *call) port(v starlark.Value) int {
	if v == nil {
		return 0
	}
	n, err := starlark.AsInt32(v)
	if err != nil || n < 1 || n > 65535 {
		c.wrong("got %s, want a port, 1 to 65535", []any{v}, "upstream_port")
		return 0
	}
	return n
}

func (c *call) dict(v starlark.Value) *starlark.Dict {
	if v == nil {
		return nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		c.wrong("got %s, want a dict of keywords", []any{v.Type()}, "envoy")
		return nil
	}
	d.Freeze()
	return d
}

// dependency is part of the language, but not of this version.
func (r *reader) dependency(thread *starlark.Thread, b *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	r.call(thread, b).report(diag.Diagnostic{
		Message: "dependencies are not in this version of starctl",
		Help:    []string{`copy the library into the project and load it from its root: load("//lib/NAME.star", ...)`},
	})
	return starlark.None, nil
}
