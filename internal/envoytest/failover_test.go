package envoytest

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

const remote = "front-proxy.eu.example.com"

// One envoy.cluster.dns cluster holds two priorities under different names.
func TestFailover(t *testing.T) {
	for _, c := range []struct {
		name    string
		outlier string
		fail    func(w *world, local []*Backend)
		heal    func(w *world, local []*Backend)
		works   bool
	}{
		{"no local Pod in DNS", "None", func(w *world, _ []*Backend) { w.publish(svc0) }, func(w *world, l []*Backend) { w.publish(svc0, l...) }, true},
		{"all local Pods bad", "None", setCode(codes.Unavailable), setCode(codes.OK), true},
		{"ejection held to half", "envoy.outlier(max_ejection_percent = 50)", setCode(codes.Unavailable), setCode(codes.OK), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := deploy(t, declare(`envoy.upstream("svc0", port = 8080, outlier = `+c.outlier+`,
        failover = [envoy.endpoint("`+remote+`:8080", authority = "svc0.eu.example.com")])`))
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
			if c.works {
				d := w.eventually(25*time.Second, "every call goes to the remote", func() bool { n, _ := atRemote(); return n == 300 })
				t.Logf("failed over within %v; %v", d, w.envoy.Hosts("svc0"))
				if md, _ := far.Last(); md.Get(":authority")[0] != "svc0.eu.example.com" {
					t.Errorf("the remote saw %v, want its own authority", md.Get(":authority"))
				}
			} else {
				w.eventually(25*time.Second, "one Pod is ejected", func() bool { atRemote(); in, _ := w.healthy("svc0"); return in == 2 })
				if n, res := atRemote(); n == 300 || res.Failed() == 0 {
					t.Errorf("with half of the Pods in rotation: %d of 300 calls at the remote; %v", n, res)
				}
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
