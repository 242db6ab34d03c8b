package envoytest

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

// node is the id that Envoy gives itself, by envoybin.Args.
const node = "pod-1"

// Resources is what an xDS server hands out.
type Resources struct {
	Listeners []*listenerv3.Listener
	Clusters  []*clusterv3.Cluster
	Endpoints map[string][]netip.AddrPort // by the name that EDS asks for
}

// XDS is a control plane with one client.
type XDS struct {
	Addr netip.AddrPort

	cache   cache.SnapshotCache
	version int
	srv     *grpc.Server
}

// NewXDS returns a server for addr that is not running yet.
func NewXDS(addr netip.AddrPort) *XDS {
	return &XDS{Addr: addr, cache: cache.NewSnapshotCache(true, cache.IDHash{}, nil)}
}

// Start serves until Stop.
func (x *XDS) Start() error {
	lis, err := net.Listen("tcp", x.Addr.String())
	if err != nil {
		return err
	}
	x.srv = grpc.NewServer()
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(x.srv, server.NewServer(context.Background(), x.cache, nil))
	go x.srv.Serve(lis)
	return nil
}

// Stop cuts the client off.
func (x *XDS) Stop() {
	if x.srv != nil {
		x.srv.Stop()
	}
}

// Set replaces what is handed out.
func (x *XDS) Set(r Resources) error {
	x.version++
	all := map[resource.Type][]types.Resource{}
	for _, l := range r.Listeners {
		all[resource.ListenerType] = append(all[resource.ListenerType], l)
	}
	for _, c := range r.Clusters {
		all[resource.ClusterType] = append(all[resource.ClusterType], c)
	}
	for name, addrs := range r.Endpoints {
		all[resource.EndpointType] = append(all[resource.EndpointType], loadAssignment(name, addrs))
	}
	snapshot, err := cache.NewSnapshot(fmt.Sprint(x.version), all)
	if err != nil {
		return err
	}
	return x.cache.SetSnapshot(context.Background(), node, snapshot)
}

func loadAssignment(name string, addrs []netip.AddrPort) *endpointv3.ClusterLoadAssignment {
	locality := &endpointv3.LocalityLbEndpoints{}
	for _, a := range addrs {
		locality.LbEndpoints = append(locality.LbEndpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{
				Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
					Address: a.Addr().String(), PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(a.Port())},
				}}},
			}},
		})
	}
	return &endpointv3.ClusterLoadAssignment{ClusterName: name, Endpoints: []*endpointv3.LocalityLbEndpoints{locality}}
}
