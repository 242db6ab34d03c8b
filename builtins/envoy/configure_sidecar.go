package envoy

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// Modes of a sidecar.
const (
	Native    = "native"    // an init container that stays, as of Kubernetes 1.29
	Container = "container" // an ordinary container before the application's
)

// Sidecars is the note on a workload: what each call of configure_sidecar said. Calls that say the same are one. A note does
// not change, as copies of the workload share it.
type Sidecars []*Sidecar

// Sidecar is what one call of configure_sidecar said.
type Sidecar struct {
	Config          string // the ConfigMap's name; "" for the workload's name and -envoy
	Containers      []string
	Image           string
	ImagePullPolicy string
	Mode            string
	Concurrency     int
	Resources       *typed.Record
	Env, Flags      []Template
	Hosts           bool
	ReadyEnv        string // "" sets none
	Prometheus      bool
	LogLevel        string
	RunAsUser       int
	Container       *typed.Record // merged into the container
	Given           []starlark.Tuple
	Mark            typed.Mark
	Broken          bool // a mistake was reported
}

// Template is what a variable or flag of the application is set to.
type Template struct {
	Name string
	Text
}

var sidecarKeywords = []string{
	"concurrency", "config", "container", "containers", "env", "flags", "hosts", "image", "image_pull_policy", "log_level", "mode",
	"prometheus", "ready_env", "resources", "run_as_user",
}

func (s *Sidecar) keywords() []string { return sidecarKeywords }

func (s *Sidecar) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "config":
		return name(&s.Config, v, "ConfigMap")
	case "containers":
		return texts(&s.Containers, v)
	case "image":
		return text(&s.Image, v)
	case "image_pull_policy":
		return word(&s.ImagePullPolicy, v, "Always", "IfNotPresent", "Never")
	case "mode":
		return word(&s.Mode, v, Native, Container)
	case "concurrency":
		return number(&s.Concurrency, v, 1, 1024)
	case "resources":
		return s.setResources(r, v)
	case "env":
		return templates(r, keyword, &s.Env, v)
	case "flags":
		return templates(r, keyword, &s.Flags, v)
	case "hosts":
		return flag(&s.Hosts, v)
	case "ready_env":
		return text(&s.ReadyEnv, v)
	case "prometheus":
		return flag(&s.Prometheus, v)
	case "log_level":
		return word(&s.LogLevel, v, "trace", "debug", "info", "warning", "error", "critical", "off")
	case "run_as_user":
		return s.setUser(v)
	case "container":
		return s.setContainer(r, v)
	}
	return errUnknown
}

func (s *Sidecar) setUser(v starlark.Value) error {
	if v == starlark.MakeInt(0) {
		return &typed.Error{Err: fmt.Errorf("got 0, which is root: the sidecar needs no privileges"), Help: []string{"write a number from 1 to 2147483647"}}
	}
	return number(&s.RunAsUser, v, 1, 1<<31-1)
}

// setResources checks resources(...) or a dict as in the API against the container's field.
func (s *Sidecar) setResources(r *reader, v starlark.Value) error {
	c := r.run.New(containerType())
	if err := c.Put("resources", v); err != nil {
		r.report(err, "resources")
		return nil
	}
	s.Resources, _ = c.Get("resources").(*typed.Record)
	return nil
}

// setContainer checks a dict of the container's own fields.
func (s *Sidecar) setContainer(r *reader, v starlark.Value) error {
	fields, err := pairs(v, "a dict of the container's fields in the API")
	if err != nil {
		return err
	}
	s.Container = r.run.New(containerType())
	for _, f := range fields {
		var err error
		switch f.key {
		case "name":
			err = typed.Within(kube.Fields(f.key), fmt.Errorf(`the sidecar is always called "envoy"`))
		case "restartPolicy":
			err = typed.Within(kube.Fields(f.key), fmt.Errorf(`mode = "native" or "container" decides it`))
		default:
			err = s.Container.Put(f.key, f.value)
		}
		if err != nil {
			r.report(typed.Within(kube.Fields("container"), err), "container", f.key)
		}
	}
	return nil
}

// templates reads a dict from what is set to a template.
func templates(r *reader, keyword string, dst *[]Template, v starlark.Value) error {
	entries, err := pairs(v, `a dict such as {"PAYMENTS_ADDR": "{payments}"}`)
	if err != nil {
		return err
	}
	for _, e := range entries {
		t := Template{Name: e.key}
		s, ok := e.value.(starlark.String)
		switch {
		case !ok:
			r.mistake(typed.Within(kube.Path{kube.Key(e.key)}, wrong(e.value, `a template such as "{payments}"`)), keyword, e.key)
			continue
		case e.key == "" || keyword == "flags" && e.key[0] != '-':
			r.mistake(badName(keyword, e.key), keyword, e.key)
			continue
		case keyword == "env" && (e.key == XDSHost || e.key == XDSPort):
			r.mistake(forSidecar(e.key, string(s)), keyword, e.key)
			continue
		}
		if t.Text, err = parseText(string(s)); err != nil {
			r.mistake(typed.Within(kube.Path{kube.Key(e.key)}, err), keyword, e.key)
			continue
		}
		*dst = append(*dst, t)
	}
	return nil
}

// forSidecar refuses a variable of the application that only the sidecar would look at.
func forSidecar(variable, value string) error {
	return &typed.Error{
		Err:  fmt.Errorf("%s is the sidecar's, and env is the application's", variable),
		Help: []string{fmt.Sprintf(`write container = {"env": [{"name": %q, "value": %q}]}`, variable, value)},
	}
}

func badName(keyword, name string) error {
	if keyword == "flags" && name != "" {
		return &typed.Error{Err: fmt.Errorf("got %q, want a flag as it is written on the command line", name), Suggest: "--" + name}
	}
	return fmt.Errorf("got an empty name")
}

// Has reports whether a keyword was given.
func (s *Sidecar) Has(keyword string) bool { return has(s.Given, keyword) }

// configure_sidecar(workload, *, config = workload.metadata.name + "-envoy", containers = [the first],
// image = "docker.io/envoyproxy/envoy:distroless-v1.40.0", image_pull_policy = None, mode = "native", concurrency = 2,
// resources = None, env = {}, flags = {}, hosts = False, ready_env = "ENVOY_READY_URL", prometheus = False,
// log_level = "warning", run_as_user = 65532, container = {}) -> the workload
//
// Puts an Envoy sidecar into a workload's Pods and points the application at it:
//
//	envoy.configure_sidecar(app, env = {"PAYMENTS_ADDR": "{payments}", "LEDGER_URL": "http://{ledger}"})
//
// It only records this; the container is built after main has returned, so until then containers[0] is the application's.
// A second call with the same arguments changes nothing.
//
// In env and flags, {payments} is the local host:port of the upstream payments, {payments.host} and {payments.port} its
// halves, {} the shared listener or the only upstream, {{ a brace. With neither, each upstream gets PAYMENTS_SERVICE_HOST,
// PAYMENTS_SERVICE_PORT and PAYMENTS_SERVICE_ADDRESS, in place of Kubernetes' own variables of these names.
//
// Args:
//
//	workload: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod.
//	config: the ConfigMap of envoy.config_map, by name or as object, or vet.external("name").
//	containers: names of the application's containers that env, flags and ready_env are about.
//	image: of Envoy, 1.33 or later; a digest is kept as it is.
//	image_pull_policy: "Always", "IfNotPresent" or "Never".
//	mode: "native", the first of initContainers with restartPolicy Always, which needs Kubernetes 1.29; or "container".
//	concurrency: Envoy's worker threads. Unset, Envoy would start one for every core of the node.
//	resources: resources(...) or a dict as in the API, instead of requests of 100m and 64Mi and a memory limit of 256Mi:
//	  Envoy takes 15 MiB with 1 upstream, 38 with 100, 82 with 300.
//	env: a dict from a variable of the application to a template. It replaces the variable, and wins over envFrom.
//	flags: a dict from a flag as it is written ("--payments-addr") to a template. It replaces the flag's value in args and
//	  command wherever it stands, or appends the flag to args.
//	hosts: for applications that cannot be changed: the Pod's hosts file sends payments to a loopback address where Envoy
//	  listens on the upstream's own port.
//	ready_env: the variable of the application that holds the sidecar's readiness URL; None sets none.
//	prometheus: annotate the Pods for scrapers: /stats/prometheus on the ready port.
//	log_level: "trace", "debug", "info", "warning", "error", "critical" or "off".
//	run_as_user: the uid it runs as.
//	container: a dict that is merged into the sidecar's container, by the API's field names. ENVOY_XDS_HOST and ENVOY_XDS_PORT
//	  among its env name the server of envoy.xds().
func configureSidecar(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := positional(b.Name(), args, 1, "workload"); err != nil {
		return nil, err
	}
	v, kwargs, err := first(b.Name(), "workload", args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	r := reader{run: run, builtin: b.Name(), object: "sidecar"}
	if x, ok := v.(*typed.Record); ok && x.Schema().Kind != "" {
		r.object = x.ID().String()
	}
	workload, err := workloadOf(v, b.Name())
	if err != nil {
		r.argument(err, 0)
	}
	s := &Sidecar{Given: kwargs, Mark: run.Mark()}
	s.ReadyEnv = "ENVOY_READY_URL"
	s.read(&r, kwargs)
	if workload != nil {
		record(workload, s)
	}
	return v, nil
}

func (s *Sidecar) read(r *reader, kwargs []starlark.Tuple) {
	for _, kw := range kwargs {
		if kw[0] == starlark.String("ready_env") && kw[1] == starlark.None {
			s.ReadyEnv = "" // the only keyword whose None means something
		}
	}
	r.keywords(s, kwargs)
	s.Broken = r.broken
}

// record adds what a call said to the workload's note.
func record(workload *typed.Record, s *Sidecar) {
	old, _ := workload.Annotation().(Sidecars)
	for _, o := range old {
		if sameCall(o, s) {
			return
		}
	}
	workload.Annotate(append(old[:len(old):len(old)], s))
}

// sameCall reports whether two calls were given the same. ready_env = None is not the same as nothing.
func sameCall(a, b *Sidecar) bool {
	return a.ReadyEnv == b.ReadyEnv && sameArguments(a.Given, b.Given)
}

// Differences lists the keywords in which two calls differ; never none, for calls that Sidecars holds both.
func Differences(a, b *Sidecar) []string {
	var list []string
	for _, k := range sidecarKeywords {
		x, y := lookup(a.Given, k), lookup(b.Given, k)
		if x == nil && y == nil {
			if k == "ready_env" && a.ReadyEnv != b.ReadyEnv {
				list = append(list, k)
			}
			continue
		}
		if x != nil && y != nil {
			if same, err := typed.Equal(x, y); err == nil && same {
				continue
			}
		}
		list = append(list, k)
	}
	return list
}

// workloadOf returns the workload in an argument.
func workloadOf(v starlark.Value, builtin string) (*typed.Record, error) {
	r, ok := v.(*typed.Record)
	switch {
	case !ok || !HasPods(r):
		e := wrong(v, "a workload: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod")
		if _, ok := v.(*Upstream); ok {
			e.Help = []string{"upstreams go to envoy.config_map"}
		}
		return nil, e
	case r.Frozen():
		return nil, &typed.Error{
			Err:  errors.New("it can no longer change: it belongs to a file that has been loaded"),
			Help: []string{fmt.Sprintf("write %s(copy(...)): a copy can be changed", builtin)},
		}
	}
	return r, nil
}

// HasPods reports whether an object is a workload.
func HasPods(r *typed.Record) bool {
	return len(templatePath(r.Schema().Kind)) > 0 || r.Schema().Kind == "Pod"
}

// templatePath leads from a workload of some kind to its Pod template.
func templatePath(kind string) []string {
	switch kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		return deepTemplate[2:]
	case "CronJob":
		return deepTemplate
	}
	return nil
}

var deepTemplate = []string{"spec", "jobTemplate", "spec", "template"}

// PodTemplate views what describes a workload's Pods: a Pod template, or the Pod itself.
func PodTemplate(workload kube.Node) kube.Node {
	kind := workload.Get("kind").Str()
	if kind == "Pod" {
		return workload
	}
	if p := templatePath(kind); p != nil {
		return workload.Get(p...)
	}
	return kube.Node{}
}
