package envoy

import (
	"slices"
	"testing"
	"time"
)

// up is an upstream without a mistake, changed by edit.
func up(edit func(u *Upstream)) Config {
	u := Upstream{Name: "pay", Port: 8080}
	edit(&u)
	return Config{App: "app", Upstreams: []Upstream{u}}
}

func TestValidate(t *testing.T) {
	eds := &XDS{Address: "rotor:50000"}
	for _, c := range []struct {
		name string
		Config
		want []string
	}{
		{"nothing wrong", up(func(*Upstream) {}), nil},
		{"no upstreams", Config{App: "app"}, nil},
		{"no app", Config{}, []string{"app: got nothing, want the application's name"}},
		{"name", up(func(u *Upstream) { u.Name = "Pay" }), []string{`upstream 0: name: got "Pay", want a name of lower-case letters, digits and -, at most 63`}},
		{"no port", up(func(u *Upstream) { u.Port = 0 }), []string{"upstream 0: port: got nothing, want the port that the Pods listen on"}},
		{"port", up(func(u *Upstream) { u.Port = 70000 }), []string{"upstream 0: port: got 70000, want 1 to 65535"}},
		{"protocol", up(func(u *Upstream) { u.Protocol = "grcp" }), []string{`upstream 0: protocol: got "grcp", want "grpc", "http2", "http" or "tcp": did you mean "grpc"?`}},
		{"listen", Config{App: "app", Listen: "share"}, []string{`listen: got "share", want "per_upstream" or "shared": did you mean "shared"?`}},
		{"host", up(func(u *Upstream) { u.Host = "api_example..com" }), []string{`upstream 0: host: got "api_example..com", want a DNS name`}},
		{"host is an address", up(func(u *Upstream) { u.Host = "10.0.0.1" }), []string{`upstream 0: host: got the IP address 10.0.0.1, want a DNS name; addresses = ["10.0.0.1"] takes addresses`}},
		{"host and service", up(func(u *Upstream) { u.Host, u.Service = "a.example", "b" }), []string{`upstream 0: service: contradicts host = "a.example": an upstream is either`}},
		{"static without addresses", up(func(u *Upstream) { u.Discovery = Static }), []string{`upstream 0: addresses: got nothing, want the IP addresses that discovery = "static" stands for`}},
		{"address", up(func(u *Upstream) { u.Addresses = []string{"10.0.0.1", "10.0.0.1", "x"} }), []string{
			`upstream 0: addresses: "10.0.0.1" is there twice`, `upstream 0: addresses: got "x", want an IP address, or one with a port`,
		}},
		{"eds", up(func(u *Upstream) { u.Discovery = EDS }), []string{`upstream 0: discovery: "eds" needs a server to ask: xds = envoy.xds("host:port")`}},
		{"eds and failover", Config{App: "app", XDS: eds, Upstreams: []Upstream{{Name: "a", Port: 1, Discovery: EDS, Failover: []Endpoint{{Address: "b:1"}}}}}, []string{
			`upstream 0: failover: contradicts discovery = "eds", whose server gives priorities itself`,
		}},
		{"connect timeout", up(func(u *Upstream) { u.ConnectTimeout = time.Hour }), []string{"upstream 0: connect_timeout: got 1h0m0s, want 1ms to 1m"}},
		{"never connects", up(func(u *Upstream) { u.ConnectTimeout = Never }), []string{"upstream 0: connect_timeout: got -1ns, want 1ms to 1m"}},
		{"timeout", up(func(u *Upstream) { u.Timeout = time.Microsecond }), []string{"upstream 0: timeout: got 1µs, want 1ms to 720h"}},
		{"privileged", up(func(u *Upstream) { u.LocalPort = 80 }), []string{"upstream 0: local_port: got 80, want 1024 to 32767 or 61000 to 65535"}},
		{"ephemeral", up(func(u *Upstream) { u.LocalPort = 40000 }), []string{"upstream 0: local_port: got 40000, which an outgoing connection may hold, want 1024 to 32767 or 61000 to 65535"}},
		{"ephemeral on an address of its own", up(func(u *Upstream) { u.LocalPort, u.Address = 50051, "127.0.1.1" }), nil},
		{"admin's port", up(func(u *Upstream) { u.LocalPort = 9901 }), []string{"upstream 0: local_port: port 9901 is taken by the administration"}},
		{"ready port overlaps all", up(func(u *Upstream) { u.LocalPort, u.Address = 9902, "127.0.1.1" }), []string{"upstream 0: local_port: port 9902 is taken by the ready listener"}},
		{"admin and ready", Config{App: "app", AdminPort: 9902}, []string{"ready_port: port 9902 is taken by the administration"}},
		{"shared and admin", Config{App: "app", Listen: Shared, LocalPort: 9901, Upstreams: []Upstream{{Name: "a", Port: 1}}}, []string{"local_port: port 9901 is taken by the administration"}},
		{"shared and local_port", Config{App: "app", Listen: Shared, Upstreams: []Upstream{{Name: "a", Port: 1, LocalPort: 9000}}}, []string{
			`upstream 0: local_port: contradicts listen = "shared": the upstream is reached through the shared port`,
		}},
		{"too many", Config{App: "app", LocalPort: 32767, Upstreams: []Upstream{{Name: "a", Port: 1}, {Name: "b", Port: 1}}}, []string{
			"local_port: too high for 2 upstreams: they run into the ports of outgoing connections, 32768 to 60999",
		}},
		{"twice", Config{App: "app", Upstreams: []Upstream{{Name: "a", Port: 1}, {Name: "b", Port: 1}, {Name: "a", Port: 2}}}, []string{
			`upstream 2: name: "a" is there twice: upstreams 1 and 3`,
		}},
		{"one port twice", Config{App: "app", Upstreams: []Upstream{{Name: "a", Port: 1, LocalPort: 9000}, {Name: "b", Port: 1, LocalPort: 9000}}}, []string{
			`upstream 1: local_port: port 9000 is taken by upstream "a"`,
		}},
		{"one host twice", Config{App: "app", Listen: Shared, Upstreams: []Upstream{{Name: "a", Port: 1, Host: "x.example"}, {Name: "b", Port: 1, Host: "x.example"}}}, []string{
			`upstream 1: host: "x.example" already leads to upstream "a" on the shared listener`,
		}},
		{"tcp", up(func(u *Upstream) { u.Protocol, u.Timeout, u.Authority, u.Retries.Attempts = TCP, time.Second, "x", 3 }), []string{
			`upstream 0: timeout: has no meaning for protocol = "tcp", which has no requests; idle_timeout has`,
			`upstream 0: authority: has no meaning for protocol = "tcp"`,
			`upstream 0: retries: has no meaning for protocol = "tcp": bytes that were sent cannot be taken back`,
		}},
		{"retry word", up(func(u *Upstream) { u.Retries.On = []string{"unavailabel"} }), []string{
			`upstream 0: retries.on: got "unavailabel", want "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx", "refused-stream", "http3-post-connect-failure", "cancelled", "deadline-exceeded", "internal", "resource-exhausted" or "unavailable": did you mean "unavailable"?`,
		}},
		{"retry of another protocol", up(func(u *Upstream) { u.Protocol, u.Retries.On = HTTP, []string{"unavailable"} }), []string{
			`upstream 0: retries.on: "unavailable" is a gRPC status, which protocol = "http" does not have`,
		}},
		{"retries", up(func(u *Upstream) { u.Retries.Attempts, u.Retries.MaxBackOff = 99, time.Millisecond }), []string{
			"upstream 0: retries: got 99, want 1 to 10", "upstream 0: retries.max_back_off: got 1ms, which is below back_off = 25ms",
		}},
		{"outlier", up(func(u *Upstream) { u.Outlier = Outlier{Off: true, MaxEjectionPercent: 101} }), []string{
			"upstream 0: outlier.max_ejection_percent: got 101, want 1 to 100", "upstream 0: outlier: is off and has options",
		}},
		{"health check", up(func(u *Upstream) { u.Protocol, u.HealthCheck = HTTP, &HealthCheck{Service: "x"} }), []string{
			`upstream 0: health_check.path: got "", want the path to GET, such as "/healthz"`,
			`upstream 0: health_check.service: has no meaning for protocol = "http"`,
		}},
		{"tls", up(func(u *Upstream) { u.TLS = &TLS{Cert: "cert.pem"} }), []string{
			"upstream 0: tls.ca: got nothing, want the file with the authorities to trust, or system_ca = True; without, anyone could answer",
			"upstream 0: tls.cert: cert and key belong together",
			`upstream 0: tls.cert: got "cert.pem", want the absolute path of a mounted file`,
		}},
		{"failover that nothing starts", up(func(u *Upstream) { u.Outlier.Off, u.Failover = true, []Endpoint{{Address: "eu.example"}} }), []string{
			"upstream 0: failover: nothing would notice that it is time: outlier detection is off and there is no health_check",
			`upstream 0: failover: got "eu.example", want host:port`,
		}},
		{"version", Config{App: "app", Envoy: "1.20.0"}, []string{"image: got Envoy 1.20, want 1.33 or later"}},
		{"overrides", up(func(u *Upstream) {
			u.Overrides = msg(
				field("cluster", msg(text("lb_polcy", "RANDOM"))), field("rout", msg()), number("route", 1), field("tcp_proxy", msg()),
			)
		}), []string{
			`upstream 0: overrides.cluster.lb_polcy: no such field of envoy.config.cluster.v3.Cluster: did you mean "lb_policy"?`,
			`upstream 0: overrides: got "rout", want "cluster", "listener", "http_connection_manager", "tcp_proxy", "virtual_host" or "route": did you mean "route"?`,
			`upstream 0: overrides.route: got int, want a dict of Envoy's fields`,
			`upstream 0: overrides.tcp_proxy: protocol = "grpc" has none`,
		}},
		{"overrides of the bootstrap", Config{App: "app", Overrides: msg(field("admin", msg(text("adress", "x"))))}, []string{
			`overrides.admin.adress: no such field of envoy.config.bootstrap.v3.Admin: did you mean "address"?`,
		}},
		{"access log", Config{App: "app", AccessLog: AccessLog{Which: "failure"}}, []string{`access_log: got "failure", want "failures", "all" or "none": did you mean "failures"?`}},
		{"tracing", Config{App: "app", Tracing: &Tracing{Percent: 101}}, []string{`tracing.address: got "", want host:port`, "tracing.percent: got 101, want 0 to 100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range Validate(c.Config) {
				got = append(got, p.Error())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
