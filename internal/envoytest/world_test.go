package envoytest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/internal/envoybin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	svc0    = "svc0.ns.svc.cluster.local"
	podPort = 8080
)

// config is what most tests run: three gRPC upstreams and tracing, every option at its default.
func config() envoy.Config {
	return envoy.Config{
		App: "app", Namespace: "ns", Region: "region-1",
		Tracing: &envoy.Tracing{Address: "otel-collector.observability.svc.cluster.local:4317"},
		Upstreams: []envoy.Upstream{
			{Name: "svc0", Port: podPort}, {Name: "svc1", Port: podPort}, {Name: "svc2", Port: podPort},
		},
	}
}

// declare is a deploy.star of an application with a sidecar.
func declare(configMap string, sidecar ...string) string {
	return fmt.Sprintf(`
def main(ctx):
    app = deployment("app", image = "example.com/app:v1")
    envoy.configure_sidecar(app, %s)
    return [app, envoy.config_map("app", %s)]
`, strings.Join(sidecar, ", "), configMap)
}

// declareCerts is one with certificates in a Secret that is mounted at /certs of the sidecar.
func declareCerts(configMap string) string {
	const head = `
def main(ctx):
    vet.external("app-tls")
    certs = envoy.tls(ca = "/certs/ca.crt", cert = "/certs/tls.crt", key = "/certs/tls.key")
    app = deployment("app", image = "example.com/app:v1")
    app.spec.template.spec.volumes.append({"name": "certs", "secret": {"secretName": "app-tls"}})
    envoy.configure_sidecar(app, container = {"volumeMounts": [{"name": "certs", "mountPath": "/certs"}]})
    return [app, envoy.config_map("app", `
	return head + configMap + ")]\n"
}

// world is one test's network: Envoy at .1, DNS at .53, Pods from .101 on.
type world struct {
	*testing.T
	prefix   string
	dns      *DNS
	boot     Bootstrap
	deployed *Deployed         // nil: boot is all there is
	mounts   map[string]string // what stands for a mount path of the sidecar
	faulty   bool              // Envoy has reason to warn before it is ready
	envoy    *Envoy
}

var worlds atomic.Uint32

// emptyWorld starts DNS.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	envoybin.Path(t)
	w := &world{T: t, mounts: map[string]string{}}
	w.prefix = fmt.Sprintf("127.%d.%d.", 64+os.Getpid()%128, 1+worlds.Add(1))
	var err error
	if w.dns, err = StartDNS(w.prefix + "53:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.dns.Stop)
	return w
}

// newWorld generates the bootstrap of c, which is changed only in the resolver and the addresses it binds. The test may edit
// boot before start.
func newWorld(t *testing.T, c envoy.Config) *world {
	t.Helper()
	w := emptyWorld(t)
	var err error
	if w.boot, err = Generate(c); err != nil {
		t.Fatal(err)
	}
	return w
}

// deploy makes a world of what a deploy.star renders to. Besides what newWorld changes, it is the paths of mounts.
func deploy(t *testing.T, text string) *world {
	t.Helper()
	w := emptyWorld(t)
	w.deploy(text)
	return w
}

// deploy is for a deploy.star that names addresses of the world.
func (w *world) deploy(text string) {
	w.Helper()
	var err error
	if w.deployed, err = Deploy(w.Context(), text); err == nil {
		w.boot, err = w.deployed.Bootstrap()
	}
	if err != nil {
		w.Fatal(err)
	}
	w.mounts[ConfigDir] = w.TempDir()
}

func (w *world) ip(n int) netip.Addr { return netip.MustParseAddr(fmt.Sprint(w.prefix, n)) }

// pod starts the n-th backend.
func (w *world) pod(n int, opts ...grpc.ServerOption) *Backend {
	w.Helper()
	b, err := StartBackend(netip.AddrPortFrom(w.ip(100+n), podPort), opts...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(b.Stop)
	return b
}

func (w *world) pods(n int) (pods []*Backend) {
	for i := range n {
		pods = append(pods, w.pod(1+i))
	}
	return pods
}

// publish makes name resolve to exactly these Pods.
func (w *world) publish(name string, pods ...*Backend) {
	var addrs []netip.Addr
	for _, b := range pods {
		addrs = append(addrs, b.Addr.Addr())
	}
	w.dns.SetAddrs(name, addrs...)
}

// launch starts Envoy, with more arguments, without waiting for it.
func (w *world) launch(more ...string) *Envoy {
	w.Helper()
	w.boot.UseResolver(w.dns.Addr.Addr().String(), int(w.dns.Addr.Port()))
	w.boot.Relocate(w.prefix + "1")
	file := filepath.Join(w.TempDir(), "envoy.json")
	args, env := append([]string{"--config-path", file}, envoybin.Args()...), envoybin.Env()
	if w.deployed != nil {
		args, env = w.mount(file), append(os.Environ(), w.deployed.Sidecar.Environ()...)
	}
	if err := w.boot.WriteFile(file); err != nil {
		w.Fatal(err)
	}
	e, err := StartEnvoy(envoybin.Path(w.T), w.prefix+"1", append(args, more...), env)
	if err != nil {
		w.Fatal(err)
	}
	w.envoy = e
	w.Cleanup(func() {
		e.Stop()
		if w.Failed() {
			w.Logf("envoy's log:\n%s", e.Stderr)
		}
	})
	return e
}

// mount puts the files of the ConfigMap where they can be, and returns the sidecar's arguments with the bootstrap in file.
func (w *world) mount(file string) []string {
	w.Helper()
	var pairs []string
	for _, m := range w.deployed.Sidecar.VolumeMounts {
		dir, known := w.mounts[m.MountPath]
		if !known {
			w.Fatalf("nothing is mounted at %s", m.MountPath)
		}
		pairs = append(pairs, m.MountPath, dir)
	}
	moved := strings.NewReplacer(pairs...)
	w.boot.Move(moved)
	config := Mount{Dir: w.mounts[ConfigDir]}
	if err := config.Put(w.deployed.besides(moved)); err != nil {
		w.Fatal(err)
	}
	args := w.deployed.Sidecar.Command()
	for i, a := range args {
		if a == ConfigDir+"/envoy.yaml" {
			args[i] = file
		}
	}
	return args
}

// start launches Envoy, with more arguments, and returns the time until /ready said 200. Until then it must not have warned of anything.
func (w *world) start(more ...string) time.Duration {
	w.Helper()
	e := w.launch(more...)
	ctx, cancel := context.WithTimeout(w.Context(), 60*time.Second)
	defer cancel()
	d, err := e.WaitReady(ctx)
	if err != nil {
		w.Fatal(err)
	}
	if got := envoybin.Warnings(e.Stderr.String()); len(got) > 0 && !w.faulty {
		w.Errorf("warnings at the start:\n%s", strings.Join(got, "\n"))
	}
	return d
}

// dial connects to a port of Envoy, with the defaults of grpc-go.
func (w *world) dial(port int) *grpc.ClientConn {
	w.Helper()
	return dial(w.T, fmt.Sprintf("passthrough:///%s1:%d", w.prefix, port))
}

func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// eventually waits for cond and returns how long it took.
func (w *world) eventually(limit time.Duration, what string, cond func() bool) time.Duration {
	w.Helper()
	begin := time.Now()
	for !cond() {
		if time.Since(begin) > limit {
			w.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}

// healthy returns how many hosts of the cluster are in rotation, and how many there are.
func (w *world) healthy(cluster string) (in, all int) {
	for _, flags := range w.envoy.Hosts(cluster) {
		all++
		if flags == "healthy" {
			in++
		}
	}
	return in, all
}

func (w *world) waitHosts(cluster string, n int, limit time.Duration) time.Duration {
	w.Helper()
	return w.eventually(limit, fmt.Sprintf("%d hosts in %s", n, cluster), func() bool {
		in, all := w.healthy(cluster)
		return in == n && all == n
	})
}
