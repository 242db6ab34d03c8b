package envoy

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// options are what a builtin's keywords set. Keywords are read where they stand: no dict, no reflection.
type options interface {
	// set sets what a keyword means; errUnknown if there is no such keyword.
	set(r *reader, name string, v starlark.Value) error
	// keywords lists all of them.
	keywords() []string
}

var errUnknown = errors.New("unknown keyword")

// reader reads the arguments of one call and reports every mistake in them.
type reader struct {
	run     *typed.Run
	builtin string   // envoy.upstream
	object  string   // what messages are about
	broken  bool     // a mistake was reported
	below   []string // the keywords that lead to what is read, if it is a dict in an argument
}

// keywords reads the keyword arguments into o. None means: not given.
func (r *reader) keywords(o options, kwargs []starlark.Tuple) {
	for _, kw := range kwargs {
		if kw[1] != starlark.None {
			r.keyword(o, string(kw[0].(starlark.String)), kw[1])
		} else if !known(o, kw[0]) {
			r.unknown(o, string(kw[0].(starlark.String)))
		}
	}
}

func known(o options, name starlark.Value) bool {
	for _, k := range o.keywords() {
		if name == starlark.String(k) {
			return true
		}
	}
	return false
}

func (r *reader) keyword(o options, name string, v starlark.Value) {
	switch err := o.set(r, name, v); err {
	case nil:
	case errUnknown:
		r.unknown(o, name)
	default:
		r.mistake(err, name)
	}
}

// mistake reports what is wrong with the value of a keyword. names lead on into the value, where err's path does not.
func (r *reader) mistake(err error, keyword string, names ...string) {
	path := kube.Fields(r.below...).With(kube.Field(keyword))
	r.report(typed.Within(path, err), append(append(r.below[:len(r.below):len(r.below)], keyword), names...)...)
}

// report reports a mistake; names lead from the arguments to what was given.
func (r *reader) report(err error, names ...string) {
	r.broken = true
	r.run.Report(r.object, err, names...)
}

// argument reports what is wrong with a positional argument.
func (r *reader) argument(err error, i int) {
	r.report(err, fmt.Sprintf("[%d]", i))
}

func (r *reader) unknown(o options, name string) {
	err := &typed.Error{Err: fmt.Errorf("%s has no keyword %q", r.builtin, name)}
	if r.object == r.builtin {
		err.Err = fmt.Errorf("no keyword %q", name)
	}
	if help := advice[name]; help != "" {
		err.Help = []string{help}
	} else {
		err.Suggest = nearest(name, o.keywords())
	}
	r.report(err, append(r.below[:len(r.below):len(r.below)], name)...)
}

// nearest returns the keyword that was probably meant: what the API, Envoy and other tools call it, or a similar one.
func nearest(name string, keywords []string) string {
	if s := synonyms[strings.ToLower(strings.ReplaceAll(name, "-", "_"))]; s != "" {
		for _, k := range keywords {
			if k == s {
				return s
			}
		}
	}
	return diag.Nearest(name, keywords)
}

// synonyms says which keywords are meant by the words of Kubernetes, Envoy and other meshes.
var synonyms = map[string]string{
	"args":               "flags",
	"balancer":           "lb",
	"config_map":         "config",
	"cpu":                "resources",
	"cpus":               "concurrency",
	"dns":                "host",
	"endpoints":          "addresses",
	"environment":        "env",
	"envs":               "env",
	"hostname":           "host",
	"lb_policy":          "lb",
	"load_balancing":     "lb",
	"loglevel":           "log_level",
	"memory":             "resources",
	"metrics":            "prometheus",
	"ns":                 "namespace",
	"pull_policy":        "image_pull_policy",
	"retry":              "retries",
	"retry_policy":       "retries",
	"security_context":   "container",
	"target_port":        "port",
	"threads":            "concurrency",
	"type":               "protocol",
	"user":               "run_as_user",
	"volume_mounts":      "container",
	"workers":            "concurrency",
	"outlier_detection":  "outlier",
	"circuit_breakers":   "circuit_breaker",
	"healthcheck":        "health_check",
	"health_checks":      "health_check",
	"route_timeout":      "timeout",
	"host_aliases":       "hosts",
	"prefer_native":      "mode",
	"listener_port":      "local_port",
	"dns_lookup_family_": "dns_lookup_family",
}

// advice answers keywords that have no counterpart.
var advice = map[string]string{
	"upstreams": `upstreams are arguments without a name: envoy.config_map("checkout", "payments:8080", *more)`,
	"labels":    "set them on the returned object: .metadata.labels",
	"replicas":  "the sidecar is in every Pod of the workload",
	"workload":  "the workload is the first argument",
}

// positional refuses arguments by position beyond the first n.
func positional(builtin string, args starlark.Tuple, n int, names string) error {
	if len(args) > n {
		return fmt.Errorf("%s: got %d positional arguments, want only %s: the rest are keywords", builtin, len(args), names)
	}
	return nil
}

// first returns the argument that may be given by position or by name, and the keywords without it.
func first(builtin, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, []starlark.Tuple, error) {
	for i, kw := range kwargs {
		if kw[0] == starlark.String(name) {
			if len(args) > 0 {
				return nil, nil, fmt.Errorf("%s: got two values for %s", builtin, name)
			}
			return kw[1], append(kwargs[:i:i], kwargs[i+1:]...), nil
		}
	}
	if len(args) == 0 {
		return nil, nil, fmt.Errorf("%s: missing argument for %s", builtin, name)
	}
	return args[0], kwargs, nil
}
