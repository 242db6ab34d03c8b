package envoytest

import (
	"cmp"
	"testing"
	"time"

	pb "google.golang.org/grpc/interop/grpc_testing"
)

// roll replaces the Pods one by one under load. Kubernetes takes the old Pod out
// of DNS and sends it SIGTERM at the same moment, so for one refresh interval
// Envoy knows an address that no longer listens, unless the Pod lingers (preStop).
type roll struct {
	pods    int
	workers int             // 32 if zero
	linger  time.Duration   // the old Pod serves on after it left DNS
	lag     time.Duration   // the record stays after the old Pod ended
	pause   time.Duration   // between Pods; 7 s if zero, more than one refresh
	end     func(*Backend)  // GracefulStop if nil
	edit    func(Bootstrap) // may be nil
}

func (r roll) run(t *testing.T) *Result {
	t.Helper()
	w := newWorld(t, config())
	if r.edit != nil {
		r.edit(w.boot)
	}
	if r.end == nil {
		r.end = (*Backend).GracefulStop
	}
	const work = 50 * time.Millisecond
	pods := w.pods(r.pods)
	for _, b := range pods {
		b.Delay.Store(int64(work))
	}
	w.publish(svc0, pods...)
	w.start()
	stop := Load{Workers: cmp.Or(r.workers, 32), Every: 20 * time.Millisecond}.Background(w.dial(10001))
	time.Sleep(time.Second)
	for i, old := range pods {
		pods[i] = w.pod(11 + i)
		pods[i].Delay.Store(int64(work))
		if r.lag > 0 {
			w.publish(svc0, append(pods[:len(pods):len(pods)], old)...)
			r.end(old)
			time.Sleep(r.lag)
		}
		w.publish(svc0, pods...)
		if r.lag == 0 {
			time.AfterFunc(r.linger, func() { r.end(old) })
		}
		time.Sleep(cmp.Or(r.pause, 7*time.Second))
	}
	time.Sleep(r.linger + time.Second)
	res := stop()
	t.Logf("%v\n%v", res, w.envoy.Stats(`cluster\.svc0\.(upstream_rq_retry(_overflow|_success)?$|upstream_cx_connect_fail$|outlier_detection.ejections_enforced_total)`))
	return res
}

// No call fails in a rolling update, and each of these settings is needed for it.
func TestRollout(t *testing.T) {
	for _, c := range []struct {
		name string
		roll
		most int // failed calls; -1: there must be some
	}{
		{"as generated", roll{pods: 3}, 0},
		{"two Pods", roll{pods: 2}, 0},
		{"slow endpoints", roll{pods: 3, lag: 10 * time.Second}, 0},
		{"all at once, preStop", roll{pods: 3, pause: time.Millisecond, linger: 8 * time.Second}, 0},
		{"one Pod, preStop", roll{pods: 1, linger: 8 * time.Second}, 0},
		{"no ignore_health_on_host_removal", roll{pods: 3, edit: dropFields("ignore_health_on_host_removal")}, 0},
		// What cannot be hidden: calls that had reached a Pod that dies.
		{"killed", roll{pods: 3, end: (*Backend).Stop}, 3 * 32},
		{"all at once", roll{pods: 3, pause: time.Millisecond}, -1},
		{"one Pod", roll{pods: 1}, -1},
		{"no retries", roll{pods: 3, edit: dropFields("retry_policy")}, -1},
		{"TTL respected", roll{pods: 3, edit: respectTTL}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			switch n := c.run(t).Failed(); {
			case c.most < 0 && n == 0:
				t.Error("no call failed")
			case c.most >= 0 && n > c.most:
				t.Errorf("%d calls failed, want at most %d", n, c.most)
			}
		})
	}
}

// A node that vanished resets nothing; its Pod fails calls until DNS drops it,
// at the latest.
func TestVanishedPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pods := w.pods(3)
	w.publish(svc0, pods...)
	w.start()
	conn := w.dial(10001)
	load := Load{Workers: 4, Every: 5 * time.Millisecond, Timeout: time.Second}
	stop := load.Background(conn)
	time.Sleep(time.Second)
	if err := pods[0].Vanish(); err != nil {
		t.Fatal(err)
	}
	t.Logf("ejected after %v", w.eventually(45*time.Second, "ejection", func() bool { in, _ := w.healthy("svc0"); return in == 2 }))
	t.Log(stop())
	stop = load.Background(conn)
	w.publish(svc0, pods[1:]...)
	t.Logf("out of DNS: gone after %v", w.waitHosts("svc0", 2, 10*time.Second))
	stop()
	if res := (Load{Calls: 500}).Run(t.Context(), conn); res.Failed() > 0 {
		t.Errorf("calls fail after the Pod left DNS: %v", res)
	}
}

// A stream goes on after its Pod left DNS.
func TestStreamOutlivesRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pods := w.pods(2)
	w.publish(svc0, pods[0])
	w.start()
	stream, err := pb.NewTestServiceClient(w.dial(10001)).FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	echo := func() error {
		if err := stream.Send(&pb.StreamingOutputCallRequest{}); err != nil {
			return err
		}
		_, err := stream.Recv()
		return err
	}
	if err := echo(); err != nil {
		t.Fatal(err)
	}
	w.publish(svc0, pods[1])
	w.eventually(10*time.Second, "the new Pod alone", func() bool {
		h := w.envoy.Hosts("svc0")
		return len(h) == 1 && h[pods[1].Addr.String()] != ""
	})
	time.Sleep(2 * time.Second)
	if err := echo(); err != nil {
		t.Errorf("stream to a removed host: %v", err)
	}
}

func dropFields(name string) func(Bootstrap) {
	return func(b Bootstrap) {
		b.Walk(func(m map[string]any) { delete(m, name) })
	}
}

func respectTTL(b Bootstrap) {
	b.EachTyped("DnsCluster", func(m map[string]any) { m["respect_dns_ttl"] = true })
}
