package envoytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/envoybin"
)

// podTrace is the file in which the process inside says which namespaces it is in; without it a test is outside.
const podTrace = "ENVOYTEST_POD"

// inPod reports whether the test is inside a Pod: in network, mount and process namespaces of its own. Outside it runs the same
// test inside, reports what came of it, and that nothing was left behind.
func inPod(t *testing.T) bool {
	t.Helper()
	if os.Getenv(podTrace) != "" {
		return true
	}
	envoybin.Path(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "namespaces.json")
	hosts, mounts := contents(t, "/etc/hosts"), mounted(t)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run", "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout", "80s")
	cmd.Env = append(os.Environ(), podTrace+"="+trace)
	Isolate(cmd)
	out := new(Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		noNamespaces(t, err)
	}
	err = cmd.Wait()
	t.Logf("inside:\n%s", out)
	if err != nil {
		t.Errorf("inside: %v", err)
	}
	if _, missing := os.Stat(trace); missing != nil && err == nil {
		noNamespaces(t, errors.New("see above"))
	}
	var inside []string
	if err := json.Unmarshal([]byte(contents(t, trace)), &inside); err != nil || len(inside) != 3 {
		t.Fatalf("it does not say where it was: %v %v", inside, err)
	}
	for _, ns := range Namespaces("self") {
		if slices.Contains(inside, ns) {
			t.Errorf("it ran in %s, which is that of everybody", ns)
		}
	}
	if left := Inhabitants(inside); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if contents(t, "/etc/hosts") != hosts || mounted(t) != mounts {
		t.Error("the hosts file or the mounts outside changed")
	}
	return false
}

// noNamespaces skips where the kernel gives out no namespaces, unless that is required.
func noNamespaces(t *testing.T, err error) {
	t.Helper()
	const reason = "no namespaces for a Pod, as root or with user namespaces: "
	if os.Getenv("ENVOY_REQUIRED") != "" {
		t.Fatal(reason, err)
	}
	t.Skip(reason, err)
}

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mounted lists what is mounted where a Pod has its own.
func mounted(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(contents(t, "/proc/self/mountinfo")) {
		if point := strings.Fields(line)[4]; point == "/proc" || strings.HasPrefix(point, "/etc") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// insidePod is the inside of a Pod. All names are resolved by kube-dns at .53, as the kubelet arranges it.
type insidePod struct {
	*world
}

// enter makes the process that of a Pod without a sidecar.
func enter(t *testing.T) *insidePod {
	t.Helper()
	if err := EnterPod(); err != nil {
		noNamespaces(t, err)
	}
	text, err := json.Marshal(Namespaces("self"))
	if err == nil {
		err = os.WriteFile(os.Getenv(podTrace), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &insidePod{&world{T: t, prefix: "127.1.0."}}
	if p.dns, err = StartDNS(p.prefix + "53:53"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.dns.Stop)
	p.file("/etc/nsswitch.conf", "hosts: files dns\n")
	p.file("/etc/resolv.conf", "nameserver "+p.prefix+"53\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n")
	p.file("/etc/hosts", (&Deployed{}).HostsFile())
	return p
}

func (p *insidePod) file(name, text string) {
	p.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

// run gives the Pod its hosts file and ConfigMap, byte for byte, and starts the sidecar as the kubelet does. It returns when
// the application would be started.
func (p *insidePod) run(d *Deployed) {
	p.Helper()
	p.file("/etc/hosts", d.HostsFile())
	files := map[string][]byte{}
	for name, text := range d.Files {
		files[name] = []byte(text)
	}
	config := Mount{Dir: ConfigDir}
	if err := config.Put(files); err != nil {
		p.Fatal(err)
	}
	e, err := StartEnvoy(envoybin.Path(p.T), "127.0.0.1", d.Sidecar.Command(), d.Sidecar.Environ())
	if err != nil {
		p.Fatal(err)
	}
	p.envoy = e
	p.Cleanup(func() {
		e.Stop()
		if p.Failed() {
			p.Logf("envoy's log:\n%s", e.Stderr)
		}
	})
	url := d.App.Variables()["ENVOY_READY_URL"]
	p.eventually(30*time.Second, url+" says 200", func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if got := envoybin.Warnings(e.Stderr.String()); len(got) > 0 {
		p.Errorf("warnings at the start:\n%s", strings.Join(got, "\n"))
	}
}

// answering serves its own address at ip:port, to HTTP or to whoever connects.
func (p *insidePod) answering(n, port int, protocol string) {
	p.Helper()
	addr := netip.AddrPortFrom(p.ip(100+n), uint16(port))
	lis, err := net.Listen("tcp", addr.String())
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { lis.Close() })
	if protocol == "http" {
		go http.Serve(lis, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, addr.Addr()) }))
		return
	}
	go func() {
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, addr.Addr())
			c.Close()
		}
	}()
}

// services are payments (gRPC, 3 Pods), ledger in another namespace (HTTP/1, 2 Pods) and cache (TCP, 2 Pods).
func (p *insidePod) services() {
	p.Helper()
	pods := p.pods(3)
	p.publish("payments.ns.svc.cluster.local", pods...)
	for n := range 2 {
		p.answering(11+n, 7000, "http")
		p.answering(21+n, 6379, "tcp")
	}
	p.dns.SetAddrs("ledger.money.svc.cluster.local", p.ip(111), p.ip(112))
	p.dns.SetAddrs("cache.ns.svc.cluster.local", p.ip(121), p.ip(122))
}

// hosts = True: an application that cannot be changed, and its usual addresses.
func TestHosts(t *testing.T) {
	t.Parallel()
	if !inPod(t) {
		return
	}
	p := enter(t)
	p.services()
	// Without a sidecar all calls of a connection go to one Pod.
	if by := runClient(t, "grpc://payments:8080"); len(by) != 1 {
		t.Errorf("without a sidecar payments:8080 is %v", by)
	}

	d, err := Deploy(t.Context(), declare(`"payments:8080", envoy.upstream("ledger", port = 7000, namespace = "money", protocol = "http"),
        envoy.upstream("cache", port = 6379, protocol = "tcp")`, "hosts = True"))
	if err != nil {
		t.Fatal(err)
	}
	p.dns.Forget()
	p.run(d)
	t.Logf("/etc/hosts:\n%s", contents(t, "/etc/hosts"))
	for target, pods := range map[string]int{
		"grpc://payments:8080": 3, "grpc://payments.ns:8080": 3,
		"http://ledger:7000": 2, "http://ledger.money:7000": 2,
		"tcp://cache:6379": 2, "tcp://cache.ns:6379": 2,
	} {
		p.evenly(target, pods)
	}
	p.curl("http://ledger.money:7000/")
	p.asked("payments.ns.svc.cluster.local.", "ledger.money.svc.cluster.local.", "cache.ns.svc.cluster.local.")

	// The names lead to the sidecar, the full ones to the Pods themselves.
	if by := runClient(t, "grpc://payments.ns.svc.cluster.local.:8080"); len(by) != 1 {
		t.Errorf("by its full name payments is %v, want one of its Pods", by)
	}
	// A rolling update goes on below an application that asked once and never again.
	p.publish("payments.ns.svc.cluster.local", p.pod(4), p.pod(5))
	p.eventually(20*time.Second, "the new Pods alone answer", func() bool {
		by := runClient(t, "grpc://payments:8080")
		return len(by) == 2 && by["127.1.0.104"] > 0 && by["127.1.0.105"] > 0
	})
}

// listen = "shared": the names of the upstreams lead to one listener, which tells them apart by Host.
func TestSharedHosts(t *testing.T) {
	t.Parallel()
	if !inPod(t) {
		return
	}
	p := enter(t)
	p.services()
	d, err := Deploy(t.Context(), declare(`"payments:8080", envoy.upstream("ledger", port = 7000, namespace = "money", protocol = "http"), listen = "shared"`))
	if err != nil {
		t.Fatal(err)
	}
	p.dns.Forget()
	p.run(d)
	vars := d.App.Variables()
	p.evenly("grpc://"+vars["PAYMENTS_SERVICE_ADDRESS"], 3)
	p.evenly("http://"+vars["LEDGER_SERVICE_ADDRESS"], 2)
	p.evenly("grpc://payments.ns:"+vars["PAYMENTS_SERVICE_PORT"], 3)
	p.curl("http://ledger.money:" + vars["LEDGER_SERVICE_PORT"] + "/")
	p.asked("payments.ns.svc.cluster.local.", "ledger.money.svc.cluster.local.")
}

// evenly runs the application, whose 60 calls go to so many Pods; two workers of Envoy take turns by themselves.
func (p *insidePod) evenly(target string, pods int) {
	p.Helper()
	by := runClient(p.T, target)
	fair := 60 / pods
	for _, n := range by {
		if n < fair-5 || n > fair+5 {
			p.Errorf("%s: %v, want about %d each", target, by, fair)
			break
		}
	}
	if len(by) != pods {
		p.Errorf("%s: %v, want %d Pods", target, by, pods)
	}
}

// curl is an application that nobody here has written, by libc's resolver.
func (p *insidePod) curl(url string) {
	p.Helper()
	bin, err := exec.LookPath("curl")
	if err != nil {
		p.Log("there is no curl to try")
		return
	}
	out, err := exec.CommandContext(p.Context(), bin, "-sS", "--fail", "--max-time", "5", url).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), p.prefix) {
		p.Errorf("curl %s: %q %v", url, out, err)
	}
}

// asked holds that kube-dns was asked for these names and no others: by Envoy, which needs no search domains, and not by
// the application, which has its hosts file.
func (p *insidePod) asked(names ...string) {
	p.Helper()
	got := slices.Sorted(maps.Keys(p.dns.Names()))
	slices.Sort(names)
	if !slices.Equal(got, names) {
		p.Errorf("kube-dns was asked for %v, want %v", got, names)
	}
}
