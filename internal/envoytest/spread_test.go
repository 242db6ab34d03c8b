package envoytest

import (
	"fmt"
	"testing"

	"github.com/starctl/starctl/internal/envoybin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// One client connection, 3000 calls: this is the problem the sidecar is for.
func TestSpread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config())
	pods := w.pods(3)
	w.publish(svc0, pods...)
	ready := w.start()
	res := Load{Calls: 3000}.Run(t.Context(), w.dial(10001))
	t.Logf("ready after %v; sidecar: %v; names asked: %v", ready, res, w.dns.Names())
	for _, b := range pods {
		if n := res.By[b.Addr.Addr().String()]; n < 950 || n > 1050 {
			t.Errorf("%v got %d of 3000 calls", b.Addr, n)
		}
	}
	if w := envoybin.Warnings(w.envoy.Stderr.String()); len(w) > 0 {
		t.Errorf("warnings: %q", w)
	}

	// What grpc-go does by itself with the same three addresses.
	dns := manual.NewBuilderWithScheme("headless")
	var state resolver.State
	for _, b := range pods {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: b.Addr.String()}}})
	}
	dns.InitialState(state)
	conn, err := grpc.NewClient("headless:///svc0", grpc.WithResolvers(dns), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	res = Load{Calls: 3000}.Run(t.Context(), conn)
	t.Logf("grpc-go alone: %v", res)
	if len(res.By) != 1 {
		t.Errorf("grpc-go spread calls by itself: %v", res)
	}
}

// Static addresses, with and without a port of their own: each gets its share, and nobody is asked for a name.
func TestStatic(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	pods := w.pods(2)
	w.deploy(declare(fmt.Sprintf(`envoy.upstream("svc0", port = %d, addresses = [%q, %q])`,
		podPort, pods[0].Addr.Addr(), pods[1].Addr)))
	w.start()
	res := Load{Calls: 1000}.Run(t.Context(), w.dial(10001))
	for _, b := range pods {
		if n := res.By[b.Addr.Addr().String()]; n < 450 || n > 550 {
			t.Errorf("%v got %d of 1000 calls: %v", b.Addr, n, res)
		}
	}
	if names := w.dns.Names(); len(names) > 0 {
		t.Errorf("names were asked for: %v", names)
	}
}
