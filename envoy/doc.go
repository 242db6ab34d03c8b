// Package envoy makes the bootstrap of an Envoy sidecar from a list of upstreams.
//
// A [Config] says what an application calls and how; its zero values are the documented defaults. [Bootstrap] turns it into
// Envoy's own configuration as a [kube.Node], plain data in Envoy's field names, ready for a writer. Nothing here knows
// Starlark, Kubernetes objects or protobuf: that what is written is what Envoy means is proven by tests, through package
// envoy/validate and the real Envoy.
//
// The idea of the configuration: the application calls a listener on its own loopback address, one for each upstream or one
// that routes by Host for all of them. Behind the listener a route retries what may be repeated, and a cluster finds the
// upstream's Pods through DNS, spreads every single request over them, takes bad ones out, and limits what it sends.
//
// Read config.go (the options), problem.go and check.go (what they may be), local.go (which address belongs to which
// upstream), then bootstrap.go and the files named after what they write: listener.go, route.go, cluster.go, discovery.go,
// limits.go, tls.go, observe.go, xds.go, stats.go. The numbers and their reasons stand in defaults.go or beside what they
// limit.
package envoy

//go:generate go run ../internal/envoygen ..
//go:generate go run ../internal/dashgen ..
