package envoytest

import (
	"testing"
	"time"

	"github.com/starctl/starctl/envoy"
	"google.golang.org/grpc/codes"
)

const remote = "front-proxy.eu.example.com"

// One envoy.cluster.dns cluster holds two priorities under different names.
func TestFailover(t *testing.T) {
	for _, c := range []struct {
		name     string
		maxEject int // percent; 0 is the default
		fail     func(w *world, local []*Backend)
		heal     func(w *world, local []*Backend)
		works    bool
	}{
		{"no local Pod in DNS", 0, func(w *world, _ []*Backend) { w.publish(svc0) }, func(w *world, l []*Backend) { w.publish(svc0, l...) }, true},
		{"all local Pods bad", 0, setCode(codes.Unavailable), setCode(codes.OK), true},
		{"ejection held to half", 50, setCode(codes.Unavailable), setCode(codes.OK), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			u := &cfg.Upstreams[0]
			u.Outlier.MaxEjectionPercent = c.maxEject
			u.Failover = []envoy.Endpoint{{Address: remote + ":8080", Authority: "svc0.eu.example.com"}}
			w := newWorld(t, cfg)
			local := w.pods(2)
			far := w.pod(50)
			w.publish(svc0, local...)
			w.publish(remote, far)
			w.start()
			conn := w.dial(10001)
			load := Load{Calls: 300, Every: 2 * time.Millisecond}
			atRemote := func() (int, *Result) {
				res := load.Run(t.Context(), conn)
				return res.By[far.Addr.Addr().String()], res
			}
			if n, res := atRemote(); n > 0 || res.Failed() > 0 {
				t.Errorf("all is well: %d calls went away; %v", n, res)
			}
			c.fail(w, local)
			load.Run(t.Context(), conn)
			time.Sleep(6 * time.Second)
			n, res := atRemote()
			t.Logf("failed over: %d at the remote; %v; %v", n, res, w.envoy.Hosts("svc0"))
			if got := n == 300; got != c.works {
				t.Errorf("%d of 300 calls at the remote; all: %t, want %t", n, got, c.works)
			}
			if md, _ := far.Last(); c.works && md.Get(":authority")[0] != "svc0.eu.example.com" {
				t.Errorf("the remote saw %v, want its own authority", md.Get(":authority"))
			}
			c.heal(w, local)
			t.Logf("healed after %v", w.waitHosts("svc0", 3, 60*time.Second))
			w.eventually(10*time.Second, "calls are local again", func() bool { n, _ := atRemote(); return n == 0 })
			if md, _ := local[0].Last(); md.Get(":authority")[0] != svc0 {
				t.Errorf("a local Pod saw %v, want %s", md.Get(":authority"), svc0)
			}
		})
	}
}

func setCode(code codes.Code) func(*world, []*Backend) {
	return func(_ *world, pods []*Backend) {
		for _, b := range pods {
			b.Fail.Store(uint32(code))
		}
	}
}
