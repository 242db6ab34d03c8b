package envoytest

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// One bad backend of three is ejected, its calls go elsewhere, and it returns.
func TestOutlier(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  codes.Code
		eject bool
	}{
		{"unavailable", codes.Unavailable, true},
		{"internal", codes.Internal, false},
		{"unknown", codes.Unknown, false},
		{"resource exhausted", codes.ResourceExhausted, false},
		{"deadline exceeded", codes.DeadlineExceeded, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config())
			pods := w.pods(3)
			w.publish(svc0, pods...)
			w.start()
			bad := pods[0]
			bad.Fail.Store(uint32(c.code))
			conn := w.dial(10001)
			res := Load{Calls: 600, Every: 2 * time.Millisecond}.Run(t.Context(), conn)
			in, all := w.healthy("svc0")
			t.Logf("%d of %d in rotation; bad answered %d; %v; hosts %v", in, all, bad.Calls.Load(), res, w.envoy.Hosts("svc0"))
			if got := in == 2; got != c.eject {
				t.Errorf("ejected: %t, want %t", got, c.eject)
			}
			if c.eject {
				bad.Fail.Store(0)
				t.Logf("back after %v", w.waitHosts("svc0", 3, 40*time.Second))
			}
		})
	}
}
