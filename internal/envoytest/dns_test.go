package envoytest

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// /ready is true after every cluster's first answer or failure: what DNS does
// at the start decides how long the Pod's other containers wait.
func TestReadyAgainstDNS(t *testing.T) {
	for _, c := range []struct {
		name     string
		answer   Answer
		min, max time.Duration
	}{
		{"no such name", Answer{Rcode: dns.RcodeNameError}, 0, 3 * time.Second},
		{"server failure", Answer{Rcode: dns.RcodeServerFailure}, 0, 3 * time.Second},
		{"no answer", Answer{Drop: true}, 3 * time.Second, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config())
			w.dns.Set(svc0, c.answer)
			d := w.start()
			t.Logf("ready after %v, %d queries", d, w.dns.Queries(svc0))
			if d < c.min || d > c.max {
				t.Errorf("ready after %v, want %v to %v", d, c.min, c.max)
			}
			w.publish(svc0, w.pods(2)...)
			t.Logf("hosts %v after DNS recovered", w.waitHosts("svc0", 2, 20*time.Second))
		})
	}
}

// Until then the ready listener refuses connections, and the admin interface
// answers 503: a probe fails closed either way.
func TestNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	w.dns.Set(svc0, Answer{Drop: true})
	e := w.launch()
	w.eventually(15*time.Second, "admin answers", func() bool {
		code, _, _ := e.Get(9901, "/ready")
		return code == http.StatusServiceUnavailable
	})
	if code, _, err := e.Get(9902, "/ready"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("9902 before the first DNS answer: %d %v, want connection refused", code, err)
	}
	if code, _, _ := e.Get(9901, "/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("9901 before the first DNS answer: %d", code)
	}
	w.publish(svc0, w.pod(1))
	w.eventually(30*time.Second, "9902 says 200", func() bool {
		code, _, _ := e.Get(9902, "/ready")
		return code == http.StatusOK
	})
}

// Only the names of the configuration are asked for, without search domains,
// once per refresh although the TTL is 30 s.
func TestQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	w.publish(svc0, w.pods(1)...)
	w.start()
	time.Sleep(12 * time.Second)
	for name, n := range w.dns.Names() {
		t.Log(n, name)
		if n < 2 || n > 4 {
			t.Errorf("%d queries for %s in 12 s, want 2 to 4", n, name)
		}
	}
	if n := len(w.dns.Names()); n != 4 {
		t.Errorf("%d names asked for, want the 4 of the bootstrap", n)
	}
}

// Timeouts and server failures keep the hosts; NXDOMAIN and an empty answer
// empty the cluster.
func TestDNSFailureAtRunTime(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer Answer
		keeps  bool
	}{
		{"server failure", Answer{Rcode: dns.RcodeServerFailure}, true},
		{"refused", Answer{Rcode: dns.RcodeRefused}, true},
		{"no answer", Answer{Drop: true}, true},
		{"no such name", Answer{Rcode: dns.RcodeNameError}, false},
		{"no addresses", Answer{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config())
			pods := w.pods(2)
			w.publish(svc0, pods...)
			w.start()
			stop := Load{Workers: 2, Every: 20 * time.Millisecond}.Background(w.dial(10001))
			time.Sleep(time.Second)
			w.dns.Set(svc0, c.answer)
			if c.keeps {
				time.Sleep(25 * time.Second)
				if in, _ := w.healthy("svc0"); in != 2 {
					t.Errorf("%d hosts left, want 2", in)
				}
				res := stop()
				t.Logf("%v; stats %v", res, w.envoy.Stats(`cluster\.svc0\.update_|dns\.cares`))
				if res.Failed() > 0 {
					t.Errorf("failed calls: %v", res)
				}
			} else {
				t.Logf("empty after %v", w.waitHosts("svc0", 0, 10*time.Second))
				time.Sleep(300 * time.Millisecond)
				res := stop()
				t.Logf("%v", res)
				if res.Failed() == 0 {
					t.Error("calls to an empty cluster succeeded")
				}
			}
			w.publish(svc0, pods...)
			t.Logf("back after %v", w.waitHosts("svc0", 2, 30*time.Second))
		})
	}
}
