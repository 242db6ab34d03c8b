package envoytest

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"github.com/starctl/starctl/envoy"
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

// Static listeners and routes, endpoints from the server: they change without a restart, outlive the server, and change
// again when it is back.
func TestEDS(t *testing.T) {
	t.Parallel()
	c := config()
	c.Upstreams[0].Discovery = envoy.EDS
	c.XDS = &envoy.XDS{Address: "xds.example:50000"}
	w := newWorld(t, c)
	w.dns.SetAddrs("xds.example", w.ip(2))
	x := w.xds()
	pods := w.pods(3)
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
	w.eventually(5*time.Second, "one endpoint", only(pods[0]))
	set(pods...)
	t.Logf("new endpoints after %v", w.eventually(5*time.Second, "three endpoints", only(pods...)))
	x.Stop()
	time.Sleep(2 * time.Second)
	if !only(pods...)() {
		t.Error("the endpoints were lost with the server")
	}
	set(pods[2])
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the server was back after %v", w.eventually(60*time.Second, "the server's news", only(pods[2])))
}

// Nothing but the server's address in the bootstrap: listeners, routes and clusters come from there.
func TestXDS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, envoy.Config{App: "app", XDS: &envoy.XDS{Address: "xds.example:50000"}})
	w.dns.SetAddrs("xds.example", w.ip(2))
	x := w.xds()
	// What the server hands out is what a static bootstrap would hold.
	static, err := Generate(config())
	if err != nil {
		t.Fatal(err)
	}
	static.UseResolver(w.dns.Addr.Addr().String(), int(w.dns.Addr.Port()))
	static.Relocate(w.prefix + "1")
	text, err := json.Marshal(static)
	if err != nil {
		t.Fatal(err)
	}
	boot, findings := validate.Parse(text)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	res := boot.GetStaticResources()
	var egress []*listenerv3.Listener
	for _, l := range res.GetListeners() {
		if l.GetName() != "ready" {
			egress = append(egress, l)
		}
	}
	if err := x.Set(Resources{Listeners: egress, Clusters: res.GetClusters()}); err != nil {
		t.Fatal(err)
	}
	pod := w.pod(1)
	w.publish(svc0, pod)
	t.Logf("ready after %v", w.start())
	conn := w.dial(10001)
	if got := (Load{Calls: 100}).Run(t.Context(), conn); got.OK() != 100 {
		t.Errorf("through a listener of the server's: %v", got)
	}
	if err := x.Set(Resources{Listeners: egress[:1], Clusters: res.GetClusters()}); err != nil {
		t.Fatal(err)
	}
	w.eventually(10*time.Second, "the other listeners are gone", func() bool {
		return w.envoy.Stats(`.`)["listener_manager.total_listeners_active"] == 2
	})
	if got := (Load{Calls: 100}).Run(t.Context(), conn); got.OK() != 100 {
		t.Errorf("after a change: %v", got)
	}
}
