package envoy

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// Upstream is something that an application calls, as envoy.upstream or a string says it.
type Upstream struct {
	config.Upstream
	Given  []starlark.Tuple // the keywords
	Mark   typed.Mark       // the call of envoy.upstream or, for a string, of config_map
	Arg    int              // of a string, its place among config_map's arguments; else -1
	Broken bool             // a mistake was reported
}

var upstreamKeywords = []string{
	"addresses", "authority", "circuit_breaker", "connect_timeout", "discovery", "failover", "health_check", "host",
	"idle_timeout", "keep_alive", "lb", "local_port", "name", "namespace", "outlier", "overrides", "port", "protocol",
	"retries", "service", "timeout", "tls",
}

func (u *Upstream) keywords() []string { return upstreamKeywords }

func (u *Upstream) set(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "port":
		return port(&u.Port, v)
	case "service":
		return name(&u.Service, v, "Service")
	case "namespace":
		return name(&u.Namespace, v, "Namespace")
	case "protocol":
		return word(&u.Protocol, v, config.GRPC, config.HTTP2, config.HTTP, config.TCP)
	case "discovery":
		return word(&u.Discovery, v, config.DNS, config.Static, config.EDS)
	case "host":
		return text(&u.Host, v)
	case "addresses":
		return texts(&u.Addresses, v)
	case "local_port":
		return port(&u.LocalPort, v)
	case "lb":
		return word(&u.LB, v, "round_robin", "least_request", "random")
	case "connect_timeout":
		return duration(&u.ConnectTimeout, v)
	case "timeout":
		return timeout(&u.Timeout, v)
	case "idle_timeout":
		return timeout(&u.IdleTimeout, v)
	case "keep_alive":
		return timeout(&u.KeepAlive, v)
	case "authority":
		return text(&u.Authority, v)
	case "overrides":
		return overrides(r, &u.Overrides, v)
	case "failover":
		return u.setFailover(r, v)
	}
	return u.setOption(r, keyword, v)
}

// setOption sets what has options of its own.
func (u *Upstream) setOption(r *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "retries":
		if _, ok := v.(starlark.Int); ok {
			return count(&u.Retries.Attempts, v, 10)
		}
		o, err := optionOf(r, keyword, "retry", v, &retryOptions{})
		u.Retries = o.Retry
		return err
	case "circuit_breaker":
		o, err := optionOf(r, keyword, keyword, v, &circuitBreakerOptions{})
		u.CircuitBreaker = o.CircuitBreaker
		return err
	case "outlier":
		if v == starlark.False {
			u.Outlier.Off = true
			return nil
		}
		o, err := optionOf(r, keyword, keyword, v, &outlierOptions{})
		u.Outlier = o.Outlier
		return err
	case "health_check":
		o, err := optionOf(r, keyword, keyword, v, &healthCheckOptions{})
		if err == nil {
			u.HealthCheck = &o.HealthCheck
		}
		return err
	case "tls":
		return tlsOf(r, &u.TLS, v)
	}
	return errUnknown
}

// Has reports whether a keyword was given.
func (u *Upstream) Has(keyword string) bool { return has(u.Given, keyword) }

func has(given []starlark.Tuple, keyword string) bool { return lookup(given, keyword) != nil }

// lookup returns the value of a keyword that was given, or nil.
func lookup(given []starlark.Tuple, keyword string) starlark.Value {
	for _, kw := range given {
		if kw[0] == starlark.String(keyword) && kw[1] != starlark.None {
			return kw[1]
		}
	}
	return nil
}

// upstream(name, *, port = None, service = name, namespace = None, protocol = "grpc", discovery = "dns", host = None,
// addresses = [], local_port = None, lb = "round_robin", connect_timeout = "1s", timeout = None, idle_timeout = None,
// keep_alive = None, retries = 2, circuit_breaker = None, outlier = None, health_check = None, tls = None, failover = [],
// authority = None, overrides = {}) -> upstream
//
// Something that the application calls through its sidecar, for envoy.config_map:
//
//	envoy.upstream("payments", port = 8080, namespace = "money")
//
// A string is short for one: "payments", "payments:8080", "payments.money:8080".
//
// Args:
//
//	name: by which the application's templates, the statistics and Envoy know it.
//	port: that its Pods listen on, which is the target port of its Service: DNS names carry no port. By default the
//	  target port of the Service of that name in the same file, else upstream_port of defaults(...), else 50051 with a warning.
//	service: the headless Service whose DNS name lists the Pods, a name or a Service object.
//	namespace: of that Service, a name or a Namespace object; by default that of the configuration.
//	protocol: "grpc", "http2", "http" (HTTP/1.1) or "tcp".
//	discovery: "dns"; "static" for addresses; "eds" for endpoints from the xds of the configuration.
//	host: any DNS name, instead of a Service.
//	addresses: a list of IP addresses, each with or without a port.
//	local_port: of its listener, 1024 to 32767; by default 10001 and up, in the order of config_map's upstreams.
//	lb: "round_robin", "least_request" or "random", for each request.
//	connect_timeout: how long a connection may take to come about.
//	timeout: of a whole request; by default "15s" for http and http2, and "never" for grpc, where the caller's deadline
//	  rules. Envoy's default of 15 s would cut streams.
//	idle_timeout: after which a request on which nothing moves ends; by default 300 s, for tcp 1 h, as Envoy has them.
//	keep_alive: how long an unused connection to a Pod is kept; by default 300 s, for http 4 s, which is below the 5 s of
//	  common HTTP servers.
//	retries: how often a request that no application can have begun is sent again, 0 to 10, each time to another Pod; or
//	  envoy.retry(...).
//	circuit_breaker: envoy.circuit_breaker(...), what may be under way; by default 1024 connections and 4096 requests.
//	outlier: envoy.outlier(...), when a Pod that fails is left out; False leaves none out.
//	health_check: envoy.health_check(...); by default none, as Kubernetes has its own.
//	tls: envoy.tls(...); by default plain text.
//	failover: a list of "host:port" or envoy.endpoint(...) that are called, in this order, when the upstream's Pods are gone.
//	authority: the Host that the Pods see; by default the Service's full DNS name.
//	overrides: a dict of Envoy's own fields by message: cluster, listener, http_connection_manager, tcp_proxy, virtual_host,
//	  route; merged into what is generated.
func upstream(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := positional(b.Name(), args, 1, "name"); err != nil {
		return nil, err
	}
	v, kwargs, err := first(b.Name(), "name", args, kwargs)
	if err != nil {
		return nil, err
	}
	run := typed.RunOf(thread)
	u := &Upstream{Given: kwargs, Mark: run.Mark(), Arg: -1}
	r := reader{run: run, builtin: b.Name(), object: "upstream"}
	if err := text(&u.Name, v); err != nil {
		r.mistake(err, "name")
	} else if err := u.plainName(); err != nil {
		r.mistake(err, "name")
	}
	r.object = u.Title()
	r.keywords(u, kwargs)
	if !r.broken {
		r.problems(config.ValidateUpstream(u.Upstream))
	}
	u.Broken = r.broken
	return u, nil
}

// plainName refuses the short form of config_map, which has no meaning here.
func (u *Upstream) plainName() error {
	if !strings.ContainsAny(u.Name, ":.") {
		return nil
	}
	var s Upstream
	if err := s.parse(u.Name); err != nil {
		return nil // reported with the other rules for names
	}
	call := fmt.Sprintf("envoy.upstream(%q", s.Name)
	if s.Port != 0 {
		call += fmt.Sprintf(", port = %d", s.Port)
	}
	if s.Namespace != "" {
		call += fmt.Sprintf(", namespace = %q", s.Namespace)
	}
	return &typed.Error{Err: fmt.Errorf("got %q, want a name alone", u.Name), Help: []string{"write " + call + ")"}}
}

// problems reports what package envoy finds wrong.
func (r *reader) problems(list []config.Problem) {
	for _, p := range list {
		keyword, rest, nested := strings.Cut(p.Option, ".")
		err := &typed.Error{Err: fmt.Errorf("%s", p.Message), Suggest: p.Suggest}
		if nested {
			err.Path = kube.Fields(rest)
			r.mistake(err, keyword, rest)
		} else {
			r.mistake(err, keyword)
		}
	}
}

// parse reads the short form: name, name:port or name.namespace:port.
func (u *Upstream) parse(s string) error {
	host, digits, hasPort := strings.Cut(s, ":")
	if strings.Contains(s, "://") {
		return fmt.Errorf("got the URL %q, want an upstream such as %q", s, "payments:8080")
	}
	if hasPort {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("got %q, want a port of 1 to 65535 after the colon", s)
		}
		u.Port = n
	}
	name, namespace, _ := strings.Cut(host, ".")
	if service, ok := strings.CutSuffix(namespace, ".svc.cluster.local"); ok {
		namespace = service
	} else if strings.Contains(namespace, ".") {
		return &typed.Error{
			Err:  fmt.Errorf("got the host name %q, want %q, %q or %q", host, "name", "name:port", "name.namespace:port"),
			Help: []string{fmt.Sprintf("write envoy.upstream(%q, host = %q, port = %s)", name, host, orPort(digits))},
		}
	}
	u.Name, u.Namespace = name, namespace
	return nil
}

func orPort(digits string) string {
	if digits == "" {
		return "443"
	}
	return digits
}

// Title names the upstream in messages.
func (u *Upstream) Title() string { return fmt.Sprintf("upstream %q", u.Name) }

// Place is where the upstream, or an option of it, was given.
func (u *Upstream) Place(option string) diag.Place {
	if u.Arg >= 0 {
		return u.Mark.Place(fmt.Sprintf("[%d]", u.Arg))
	}
	return u.Mark.Place(strings.Split(option, ".")...)
}
