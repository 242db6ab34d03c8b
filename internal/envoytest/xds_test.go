package envoytest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"github.com/starctl/starctl/envoy/validate"
)

func (w *world) xds() *XDS {
	w.Helper()
	x := NewXDS(netip.AddrPortFrom(w.ip(2), 50000))
	if err := x.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(x.Stop)
	return x
}

func addrs(pods ...*Backend) (out []netip.AddrPort) {
	for _, b := range pods {
		out = append(out, b.Addr)
	}
	return out
}

// connected waits until Envoy has, or has lost, its server.
func (w *world) connected(want int64) {
	w.Helper()
	w.eventually(60*time.Second, fmt.Sprintf("control_plane.connected_state is %d", want), func() bool {
		got, known := w.envoy.Stats(`^control_plane\.`)["control_plane.connected_state"]
		return known && got == want
	})
}

// Static listeners and routes, endpoints from the server: they change without a restart, outlive the server, and change
// again when it is back. The upstream beside it is found by DNS all the time.
func TestEDS(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`envoy.upstream("svc0", discovery = "eds"), "svc1:8080", xds = "xds.example.com:50000"`))
	w.dns.SetAddrs("xds.example.com", w.ip(2))
	x := w.xds()
	pods := w.pods(3)
	w.publish("svc1.ns.svc.cluster.local", pods[1])
	set := func(pods ...*Backend) {
		t.Helper()
		if err := x.Set(Resources{Endpoints: map[string][]netip.AddrPort{"svc0": addrs(pods...)}}); err != nil {
			t.Fatal(err)
		}
	}
	set(pods[0])
	t.Logf("ready after %v", w.start())
	conn := w.dial(10001)
	only := func(want ...*Backend) func() bool {
		return func() bool {
			res := Load{Calls: 30}.Run(t.Context(), conn)
			for _, b := range want {
				if res.By[b.Addr.Addr().String()] == 0 {
					return false
				}
			}
			return res.Failed() == 0 && len(res.By) == len(want)
		}
	}
	w.eventually(10*time.Second, "one endpoint", only(pods[0]))
	set(pods...)
	t.Logf("new endpoints after %v", w.eventually(10*time.Second, "three endpoints", only(pods...)))
	x.Stop()
	w.connected(0)
	if !only(pods...)() {
		t.Error("the endpoints were lost with the server")
	}
	if res := (Load{Calls: 20}).Run(t.Context(), w.dial(10002)); res.OK() != 20 {
		t.Errorf("beside it, by DNS: %v", res)
	}
	set(pods[2])
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the server was back after %v", w.eventually(60*time.Second, "the server's news", only(pods[2])))
}

// Nothing but the server's address in the bootstrap: listeners, routes and clusters come from there, outlive it, and change
// when it is back. The address comes by the variables that the sidecar has.
func TestXDS(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`xds = envoy.xds()`, `container = {"env": [
        {"name": "ENVOY_XDS_HOST", "value": "xds.example.com"}, {"name": "ENVOY_XDS_PORT", "value": "50000"}]}`))
	w.dns.SetAddrs("xds.example.com", w.ip(2))
	x := w.xds()
	egress, clusters := w.static(`"svc0:8080", "svc1:8080"`)
	if err := x.Set(Resources{Listeners: egress, Clusters: clusters}); err != nil {
		t.Fatal(err)
	}
	pod := w.pod(1)
	w.publish(svc0, pod)
	t.Logf("ready after %v", w.start())
	conn := w.dial(10001)
	calls := func(when string) {
		t.Helper()
		if got := (Load{Calls: 100}).Run(t.Context(), conn); got.OK() != 100 {
			t.Errorf("%s: %v", when, got)
		}
	}
	active := func(n int64) {
		t.Helper()
		w.eventually(60*time.Second, fmt.Sprintf("%d listeners", n), func() bool {
			return w.envoy.Stats(`.`)["listener_manager.total_listeners_active"] == n
		})
	}
	active(3)
	calls("through a listener of the server's")
	if err := x.Set(Resources{Listeners: egress[:1], Clusters: clusters}); err != nil {
		t.Fatal(err)
	}
	active(2)
	calls("after a change")
	x.Stop()
	w.connected(0)
	calls("without the server")
	if err := x.Set(Resources{Listeners: egress, Clusters: clusters}); err != nil {
		t.Fatal(err)
	}
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	active(3)
	calls("when it is back")
}

// static is what a bootstrap of these upstreams holds, for a server to hand out.
func (w *world) static(upstreams string) (egress []*listenerv3.Listener, clusters []*clusterv3.Cluster) {
	w.Helper()
	d, err := Deploy(w.Context(), declare(upstreams))
	if err != nil {
		w.Fatal(err)
	}
	b, err := d.Bootstrap()
	if err != nil {
		w.Fatal(err)
	}
	b.UseResolver(w.dns.Addr.Addr().String(), int(w.dns.Addr.Port()))
	b.Relocate(w.prefix + "1")
	text, err := json.Marshal(b)
	if err != nil {
		w.Fatal(err)
	}
	boot, findings := validate.Parse(text)
	if len(findings) > 0 {
		w.Fatal(findings)
	}
	for _, l := range boot.GetStaticResources().GetListeners() {
		if l.GetName() != "ready" {
			egress = append(egress, l)
		}
	}
	for _, c := range boot.GetStaticResources().GetClusters() {
		if c.GetName() != "envoy_admin" { // which the bootstrap has
			clusters = append(clusters, c)
		}
	}
	return egress, clusters
}
