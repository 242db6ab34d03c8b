package envoy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// eval returns the value of an expression and the mistakes that were reported.
func eval(t testing.TB, expr string) (starlark.Value, []string) {
	t.Helper()
	thread := &starlark.Thread{Name: "test"}
	run := typed.NewRun(thread)
	env := starlark.StringDict{"envoy": Module(), "k8s": typed.Kubernetes()}
	v, err := starlark.EvalOptions(&syntax.FileOptions{Set: true}, thread, "t.star", expr, env)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var list []string
	for _, m := range run.Mistakes() {
		list = append(list, m.Object+": "+m.Err.Error())
	}
	return v, list
}

// Every keyword reaches the field that means it.
func TestUpstream(t *testing.T) {
	v, mistakes := eval(t, `envoy.upstream("pay", port = 8080, service = k8s.core.v1.Service(metadata = {"name": "pay-headless"}),
		namespace = k8s.core.v1.Namespace(metadata = {"name": "money"}), protocol = "http2", discovery = "dns", local_port = 10005,
		lb = "least_request", connect_timeout = "250ms", timeout = "never", idle_timeout = "1h", keep_alive = "30s",
		retries = envoy.retry(attempts = 0, on = ("reset",), per_try_timeout = "1s", back_off = "10ms", max_back_off = "1s", budget_percent = 12.5, budget_min = 3),
		circuit_breaker = envoy.circuit_breaker(connections = 1, pending = 2, requests = 3),
		outlier = envoy.outlier(gateway_failures = 0, local_failures = 4, interval = "1s", base_ejection = "2s", max_ejection = "3s", max_ejection_percent = 9),
		health_check = envoy.health_check(path = "/healthz", interval = "4s", timeout = "5s", unhealthy = 6, healthy = 7),
		tls = envoy.tls(ca = "/ca", cert = "/cert", key = "/key", server_name = "pay.example", sans = ["a.example"]),
		failover = ["eu:443", envoy.endpoint("us:443", tls = envoy.tls(system_ca = True), authority = "pay.us")],
		authority = "pay.local", overrides = {"cluster": {"lb_policy": "RANDOM"}})`)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	got := v.(*Upstream).Upstream
	if s := string(encode.AppendYAML(nil, got.Overrides)); s != "cluster:\n  lb_policy: RANDOM\n" {
		t.Errorf("overrides are %q", s)
	}
	got.Overrides = kube.Node{}
	want := config.Upstream{
		Name: "pay", Port: 8080, Service: "pay-headless", Namespace: "money", Protocol: "http2", Discovery: "dns", LocalPort: 10005,
		LB: "least_request", ConnectTimeout: 250 * time.Millisecond, Timeout: config.Never, IdleTimeout: time.Hour, KeepAlive: 30 * time.Second,
		Retries: config.Retry{
			Attempts: config.None, On: []string{"reset"}, PerTryTimeout: time.Second, BackOff: 10 * time.Millisecond,
			MaxBackOff: time.Second, BudgetPercent: 12.5, BudgetMin: 3,
		},
		CircuitBreaker: config.CircuitBreaker{Connections: 1, Pending: 2, Requests: 3},
		Outlier: config.Outlier{
			GatewayFailures: config.None, LocalFailures: 4, Interval: time.Second, BaseEjection: 2 * time.Second,
			MaxEjection: 3 * time.Second, MaxEjectionPercent: 9,
		},
		HealthCheck: &config.HealthCheck{Path: "/healthz", Interval: 4 * time.Second, Timeout: 5 * time.Second, Unhealthy: 6, Healthy: 7},
		TLS:         &config.TLS{CA: "/ca", Cert: "/cert", Key: "/key", ServerName: "pay.example", SANs: []string{"a.example"}},
		Failover:    []config.Endpoint{{Address: "eu:443"}, {Address: "us:443", TLS: &config.TLS{SystemCA: true}, Authority: "pay.us"}},
		Authority:   "pay.local",
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(kube.Equal)); diff != "" {
		t.Error(diff)
	}
}

func TestConfigMap(t *testing.T) {
	v, mistakes := eval(t, `envoy.config_map("web", "pay.money:8080", "ledger", "cache.prod.svc.cluster.local:6379", name = "mesh", namespace = "shop", listen = "shared",
		address = "127.0.0.2", local_port = 8001, admin_port = 9001, ready_port = 9002, region = "eu", dns_lookup_family = "all", stats = "all",
		access_log = envoy.access_log("all", fields = {"a": "b"}), tracing = envoy.tracing("otel:4317", percent = 0, service = "s"),
		xds = envoy.xds("rotor:1", tls = envoy.tls(ca = "/ca")), versioned = True, overrides = {"a": 1})`)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	c := v.(*typed.Record).Annotation().(*ConfigMap)
	if s := string(encode.AppendYAML(nil, typed.Node(v))); s != "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mesh\n  namespace: shop\n" {
		t.Errorf("the object is\n%s", s)
	}
	if !c.Versioned || c.Overrides.Get("a").Text() != "1" {
		t.Error("versioned or overrides are lost")
	}
	c.Overrides = kube.Node{}
	want := config.Config{
		App: "web", Listen: "shared", Address: "127.0.0.2", LocalPort: 8001, AdminPort: 9001, ReadyPort: 9002, Region: "eu",
		DNSLookupFamily: "all", Stats: "all", AccessLog: config.AccessLog{Which: "all", Fields: map[string]string{"a": "b"}},
		Tracing: &config.Tracing{Address: "otel:4317", Percent: config.None, Service: "s"},
		XDS:     &config.XDS{Address: "rotor:1", TLS: &config.TLS{CA: "/ca"}},
	}
	if diff := cmp.Diff(want, c.Config, cmp.Comparer(kube.Equal)); diff != "" {
		t.Error(diff)
	}
	var got []config.Upstream
	for _, u := range c.Upstreams {
		got = append(got, u.Upstream)
	}
	upstreams := []config.Upstream{
		{Name: "pay", Namespace: "money", Port: 8080}, {Name: "ledger"}, {Name: "cache", Namespace: "prod", Port: 6379},
	}
	if diff := cmp.Diff(upstreams, got, cmp.Comparer(kube.Equal)); diff != "" {
		t.Error(diff)
	}
}

// Every keyword is known to set, and explained in the builtin's comment; what set knows besides is nothing.
func TestKeywords(t *testing.T) {
	for _, c := range []struct {
		file string
		options
	}{
		{"upstream.go", &Upstream{}},
		{"config_map.go", &ConfigMap{record: &typed.Record{}}},
		{"configure_sidecar.go", &Sidecar{}},
		{"headless_service.go", &HeadlessService{}},
		{"retry.go", &retryOptions{}},
		{"circuit_breaker.go", &circuitBreakerOptions{}},
		{"outlier.go", &outlierOptions{}},
		{"health_check.go", &healthCheckOptions{}},
		{"tls.go", &tlsOptions{}},
		{"endpoint.go", &endpointOptions{}},
		{"tracing.go", &tracingOptions{}},
		{"access_log.go", &accessLogOptions{}},
		{"xds.go", &xdsOptions{}},
	} {
		src, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		keywords := c.keywords()
		if !slices.IsSorted(keywords) {
			t.Errorf("%s: keywords are not in order: %v", c.file, keywords)
		}
		var cases []string
		for _, m := range regexp.MustCompile(`(?m)^\tcase ("[a-z_", ]+"):$`).FindAllStringSubmatch(string(src), -1) {
			for _, name := range strings.Split(m[1], ", ") {
				if name = strings.Trim(name, `"`); !slices.Contains(cases, name) {
					cases = append(cases, name)
				}
			}
		}
		if name := "name"; c.file == "upstream.go" {
			cases = append(cases, name) // read by the builtin itself
		}
		for _, k := range keywords {
			if !slices.Contains(cases, k) {
				t.Errorf("%s: %s is listed and not read", c.file, k)
			}
			if !regexp.MustCompile(`//\t.*\b` + k + `\b.*: `).Match(src) {
				t.Errorf("%s: %s is not explained", c.file, k)
			}
		}
		for _, k := range cases {
			if !slices.Contains(keywords, k) && k != "never" && k != "hostname" && k != "address" && k != "grpc" && k != "http" {
				t.Errorf("%s: %s is read and not listed", c.file, k)
			}
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"{pay}", "<pay>"},
		{"http://{pay.host}:{pay.port}/", "http://<pay.host>:<pay.port>/"},
		{"{}{.port}", "<><.port>"},
		{"{{pay}", "{pay}"},
		{"a{{{pay}}}", "a{<pay>}}"},
		{"}", "}"},
	} {
		text, err := parseText(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		var b strings.Builder
		for _, p := range text {
			switch {
			case !p.IsPlace:
				b.WriteString(p.Literal)
			case p.Half == "":
				b.WriteString("<" + p.Upstream + ">")
			default:
				b.WriteString("<" + p.Upstream + "." + p.Half + ">")
			}
		}
		if b.String() != c.want {
			t.Errorf("%q is read as %q, want %q", c.text, b.String(), c.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("http://{pay.host}:{pay.port}/{{x}")
	f.Fuzz(func(t *testing.T, s string) {
		text, err := parseText(s)
		if err != nil {
			return
		}
		var b strings.Builder // written again, it reads the same
		for _, p := range text {
			switch {
			case !p.IsPlace:
				b.WriteString(strings.ReplaceAll(p.Literal, "{", "{{"))
			case p.Half == "":
				b.WriteString("{" + p.Upstream + "}")
			default:
				b.WriteString("{" + p.Upstream + "." + p.Half + "}")
			}
		}
		again, err := parseText(b.String())
		if err != nil || !slices.Equal(text, again) {
			t.Errorf("%q reads as %v, written again as %v (%v)", s, text, again, err)
		}
	})
}

// bootstrap is the configuration that config_map writes, as plain values that can be changed.
func TestBootstrap(t *testing.T) {
	v, mistakes := eval(t, `envoy.bootstrap("web", "pay:8080", "cache.shop:6379", namespace = "money", overrides = {"stats_flush_interval": "5s"})`)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	want, problems := config.Bootstrap(config.Config{App: "web", Namespace: "money", Upstreams: []config.Upstream{
		{Name: "pay", Port: 8080}, {Name: "cache", Namespace: "shop", Port: 6379},
	}, Overrides: kube.OfMap(kube.Pairs{{Key: "stats_flush_interval", Value: kube.OfString("5s")}})})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		t.Fatalf("got %s, want dict", v.Type())
	}
	if a, b := string(encode.AppendYAML(nil, typed.Node(d))), string(encode.AppendYAML(nil, want)); a != b {
		t.Errorf("as a value it is another:\n%s", cmp.Diff(b, a))
	}
	if err := d.SetKey(starlark.String("admin"), starlark.None); err != nil {
		t.Error(err)
	}
}

func TestPlain(t *testing.T) {
	n := kube.OfList(kube.Elems{kube.OfBig("1180591620717411303424"), kube.OfFloat(0.5), kube.OfNull(), kube.OfBool(true), kube.OfInt(-1), kube.OfString("s")})
	if got := plain(n).String(); got != `[1180591620717411303424, 0.5, None, True, -1, "s"]` {
		t.Error(got)
	}
}

func TestBootstrapMistakes(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`envoy.bootstrap("web", "pay")`, `upstream "pay": port: got nothing, want the port that the Pods listen on`},
		{`envoy.bootstrap("web", "pay:1", "pay:2")`, `upstream "pay": name: "pay" is there twice: upstreams 1 and 2`},
		{`envoy.bootstrap("web", "pay:1", address = "here")`, `bootstrap: address: got "here", want an IP address`},
		{`envoy.bootstrap("web", "pay:1", name = "x")`, `bootstrap: envoy.bootstrap has no keyword "name": did you mean "namespace"?`},
		{`envoy.bootstrap("web")`, `bootstrap: got no upstreams, want what the application calls: write envoy.bootstrap("web", "payments:8080")`},
	} {
		_, mistakes := eval(t, c.expr)
		if got := strings.Join(mistakes, "\n"); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.expr, got, c.want)
		}
	}
}

// Values of the module read as the calls that made them, and compare by what they were given.
func TestValues(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`envoy.upstream("pay", port = 8080, timeout = None)`, `envoy.upstream("pay", port = 8080)`},
		{`envoy.retry(attempts = 1)`, `envoy.retry(attempts = 1)`},
		{`envoy.xds("rotor:1")`, `envoy.xds(address = "rotor:1")`},
		{`envoy.upstream("pay", port = 1) == envoy.upstream("pay", port = 1)`, "True"},
		{`envoy.upstream("pay", port = 1) == envoy.upstream("pay", port = 2)`, "False"},
		{`envoy.retry(on = ["a"]) == envoy.retry(on = ["a"])`, "True"},
		{
			`[envoy.upstream("pay").service, envoy.upstream("pay").protocol, envoy.upstream("pay", addresses = ["10.0.0.1"]).discovery, envoy.upstream("p").lb]`,
			`["pay", "grpc", "static", "round_robin"]`,
		},
		{`dir(envoy)`, `["access_log", "bootstrap", "circuit_breaker", "config_map", "configure_sidecar", "endpoint", "front_proxy", "headless_service", "health_check", "inbound", "outlier", "retry", "tls", "tracing", "upstream", "xds"]`},
	} {
		v, mistakes := eval(t, c.expr)
		if v.String() != c.want || len(mistakes) > 0 {
			t.Errorf("%s:\ngot  %s %v\nwant %s", c.expr, v, mistakes, c.want)
		}
	}
}
