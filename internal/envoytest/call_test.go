package envoytest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

func TestDeadlineAndHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := client.UnaryCall(ctx, &pb.SimpleRequest{}); err != nil {
		t.Fatal(err)
	}
	md, left := pod.Last()
	t.Logf("deadline at the backend: %v; metadata %v", left, md)
	if left < 2*time.Second || left > 3*time.Second {
		t.Errorf("deadline at the backend: %v, want just under 3s", left)
	}

	// Without a deadline there is none, and nothing is cut off.
	if _, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, left := pod.Last(); left != 0 {
		t.Errorf("a call without deadline arrived with %v", left)
	}

	// A call that overstays ends at its deadline. The Pod knows of it too, and may be the first to break off: UNAVAILABLE then.
	pod.Delay.Store(int64(5 * time.Second))
	ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := client.UnaryCall(ctx, &pb.SimpleRequest{})
	took := time.Since(begin)
	t.Logf("overstayed: %v after %v", err, took)
	byPod := status.Code(err) == codes.Unavailable && strings.Contains(err.Error(), "remote reset")
	if status.Code(err) != codes.DeadlineExceeded && !byPod || took < 450*time.Millisecond || took > 2*time.Second {
		t.Errorf("got %v after %v, want it to end after 500ms", err, took)
	}
}

// The default route timeout of 15 s must not apply.
func TestLongCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))
	stream, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pod.Delay.Store(int64(18 * time.Second))
	begin := time.Now()
	if _, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{}); err != nil {
		t.Errorf("an 18 s call: %v after %v", err, time.Since(begin))
	}
	if err := stream.Send(&pb.StreamingOutputCallRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Errorf("stream after 18 s of silence: %v", err)
	}
}

// A failure is one JSON line on stdout; a success is none.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))
	client.UnaryCall(t.Context(), &pb.SimpleRequest{})
	pod.Fail.Store(uint32(codes.NotFound))
	client.UnaryCall(t.Context(), &pb.SimpleRequest{})
	w.dns.Set(svc0, Answer{})
	w.waitHosts("svc0", 0, 10*time.Second)
	client.UnaryCall(t.Context(), &pb.SimpleRequest{})
	w.eventually(12*time.Second, "two log lines", func() bool { return strings.Count(w.envoy.Stdout.String(), "\n") >= 2 })
	t.Log(w.envoy.Stdout)
	var first struct{ Grpc, Path, Flags string }
	line, _, _ := strings.Cut(w.envoy.Stdout.String(), "\n")
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatal(err)
	}
	if first.Grpc != "NotFound" || first.Path != "/grpc.testing.TestService/UnaryCall" {
		t.Errorf("first line: %+v", first)
	}
}

// listen = "shared": the upstream is chosen by the authority, with or without a port. The application is told the name, and
// its hosts file the way.
func TestSharedListener(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`"svc0:8080", "svc1:8080", listen = "shared"`))
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	if got := w.deployed.App.Variables()["SVC0_SERVICE_ADDRESS"]; got != "svc0:8000" {
		t.Errorf("the application is told %q, want svc0:8000", got)
	}
	if got, want := w.deployed.HostsFile(), "127.0.0.1\tsvc0\tsvc0.ns\tsvc1\tsvc1.ns\n"; !strings.HasSuffix(got, want) {
		t.Errorf("hosts file:\n%swant at its end:\n%s", got, want)
	}
	for authority, want := range map[string]codes.Code{
		"svc0": codes.OK, "svc0:8000": codes.OK, "svc0.ns": codes.OK, "svc0.ns.svc:50051": codes.OK,
		"svc0.ns.svc.cluster.local": codes.OK, "SVC0.NS": codes.OK, "svc0.ns.svc.cluster.local.:8000": codes.OK, "nope": codes.Unimplemented,
	} {
		conn, err := grpc.NewClient("passthrough:///"+w.prefix+"1:8000", grpc.WithAuthority(authority), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		_, err = pb.NewTestServiceClient(conn).UnaryCall(t.Context(), &pb.SimpleRequest{})
		md, _ := pod.Last()
		t.Logf("%s: %v (backend saw %v)", authority, err, md[":authority"])
		if status.Code(err) != want {
			t.Errorf("%s: %v, want %v", authority, err, want)
		}
		conn.Close()
		if want == codes.OK && md[":authority"][0] != svc0 {
			t.Errorf("%s: the backend saw %v, want %s", authority, md[":authority"], svc0)
		}
	}
	if code, body, err := w.envoy.Get(8000, "/"); code != 404 || !strings.Contains(body, "knows: svc0, svc1\n") {
		t.Errorf("HTTP/1: %d %q %v", code, body, err)
	}
}

// A gRPC failure is HTTP 200: only the grpc_stats filter counts it.
func TestGRPCStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	conn := w.dial(10001)
	Load{Calls: 5, Workers: 1}.Run(t.Context(), conn)
	pod.Fail.Store(uint32(codes.Internal))
	Load{Calls: 7, Workers: 1}.Run(t.Context(), conn)
	for name, want := range map[string]int64{
		"grpc.success": 5, "grpc.failure": 7, "grpc.13": 7, "upstream_rq_2xx": 12, "upstream_rq_5xx": 0,
	} {
		name = "cluster.svc0." + name
		if got := w.envoy.Stats(`.`)[name]; got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

// timeout ends gRPC calls, with a later deadline of the caller's and without one; an earlier deadline still rules. The Pod
// learns of it and may be the first to break off, which is UNAVAILABLE.
func TestTimeoutOfGRPC(t *testing.T) {
	t.Parallel()
	c := config()
	c.Upstreams[0].Timeout = 600 * time.Millisecond
	w := newWorld(t, c)
	pod := w.pod(1)
	pod.Delay.Store(int64(5 * time.Second))
	w.publish(svc0, pod)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))
	for _, deadline := range []time.Duration{0, 3 * time.Second, 300 * time.Millisecond} {
		ctx := t.Context()
		want := 600 * time.Millisecond
		if deadline != 0 {
			var cancel func()
			ctx, cancel = context.WithTimeout(ctx, deadline)
			defer cancel()
			want = min(want, deadline)
		}
		begin := time.Now()
		_, err := client.UnaryCall(ctx, &pb.SimpleRequest{})
		if took := time.Since(begin); status.Code(err) != codes.DeadlineExceeded && status.Code(err) != codes.Unavailable || took < want-50*time.Millisecond || took > want+time.Second {
			t.Errorf("deadline %v: %v after %v, want it to end after %v", deadline, err, took, want)
		}
	}
	w.eventually(5*time.Second, "it is counted, as Envoy's doing or as the Pod's", func() bool {
		stats := w.envoy.Stats(`.`)
		return stats["http.egress_svc0.downstream_rq_max_duration_reached"]+stats["cluster.svc0.upstream_rq_rx_reset"] > 0
	})
}
