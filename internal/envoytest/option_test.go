package envoytest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
)

// spans is an OpenTelemetry collector.
type spans struct {
	collector.UnimplementedTraceServiceServer
	mu       sync.Mutex
	resource map[string]string
	names    []string
	traces   map[string]bool
}

func (s *spans) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range req.GetResourceSpans() {
		for _, a := range r.GetResource().GetAttributes() {
			s.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range r.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.names = append(s.names, span.GetName())
				s.traces[string(span.GetTraceId())] = true
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// A call's spans reach the collector under the service's and the Pod's name, and the trace goes on to the upstream.
func TestTracing(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`"svc0:8080", tracing = envoy.tracing("otel.observability.svc.cluster.local:4317", percent = 100, service = "shop")`))
	lis, err := net.Listen("tcp", w.ip(3).String()+":4317")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	s := &spans{resource: map[string]string{}, traces: map[string]bool{}}
	collector.RegisterTraceServiceServer(srv, s)
	go srv.Serve(lis)
	t.Cleanup(srv.Stop)
	w.dns.SetAddrs("otel.observability.svc.cluster.local", w.ip(3))
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	if res := (Load{Calls: 10}).Run(t.Context(), w.dial(10001)); res.OK() != 10 {
		t.Fatal(res)
	}
	w.eventually(30*time.Second, "10 traces at the collector", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.traces) == 10
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Log(s.resource, s.names)
	if s.resource["service.name"] != "shop" || s.resource["k8s.pod.name"] != node {
		t.Errorf("the spans are those of %v", s.resource)
	}
	if md, _ := pod.Last(); len(md["traceparent"]) != 1 {
		t.Errorf("the Pod saw %v, want a traceparent", md["traceparent"])
	}
}

// What is more than the circuit breaker allows fails at once, instead of waiting with the rest.
func TestCircuitBreaker(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`envoy.upstream("svc0", port = 8080, retries = 0, circuit_breaker = envoy.circuit_breaker(requests = 2))`))
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	conn := w.dial(10001)
	Load{Calls: 20, Workers: 1}.Run(t.Context(), conn)
	pod.Delay.Store(int64(2 * time.Second))
	var wg sync.WaitGroup
	res := make([]*Result, 2)
	for i := range res { // two that wait
		wg.Go(func() { res[i] = Load{Calls: 1, Workers: 1}.Run(t.Context(), conn) })
	}
	w.eventually(10*time.Second, "two calls are under way", func() bool { return pod.Calls.Load() == 22 })
	third := Load{Calls: 1, Workers: 1}.Run(t.Context(), conn)
	if third.Errors[codes.Unavailable] != 1 || pod.Calls.Load() != 22 {
		t.Errorf("the third: %v", third)
	}
	wg.Wait()
	if res[0].OK()+res[1].OK() != 2 {
		t.Errorf("the first two: %v %v", res[0], res[1])
	}
}

// Calls that may be repeated are, if the file says so: also those that a Pod has begun and failed.
func TestRetryOn(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`envoy.upstream("svc0", port = 8080, outlier = False, retries = envoy.retry(attempts = 1, on = ["internal"]))`))
	bad, good := w.pod(1), w.pod(2)
	bad.Fail.Store(uint32(codes.Internal))
	w.publish(svc0, bad, good)
	w.start()
	if res := (Load{Calls: 50, Workers: 1}).Run(t.Context(), w.dial(10001)); res.OK() != 50 || bad.Calls.Load() < 20 {
		t.Errorf("%v; the bad Pod was asked %d times", res, bad.Calls.Load())
	}
}

// authority and overrides reach the upstream as they are written.
func TestAuthorityAndOverrides(t *testing.T) {
	t.Parallel()
	w := deploy(t, declare(`envoy.upstream("svc0", port = 8080, authority = "pay.example.com", overrides = {
        "route": {"request_headers_to_add": [{"header": {"key": "x-by", "value": "override"}}]}})`))
	pod := w.pod(1)
	w.publish(svc0, pod)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))
	if _, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{}); err != nil {
		t.Fatal(err)
	}
	md, _ := pod.Last()
	for key, want := range map[string]string{":authority": "pay.example.com", "x-by": "override"} {
		if got := metadata.MD(md).Get(key); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
}
