// Package envoytest runs a real Envoy on loopback against real gRPC servers
// and a DNS server that plays kube-dns, so that what a generated bootstrap
// claims can be observed instead of believed.
//
// The parts, in reading order: [Bootstrap] is what package envoy generates, to
// be edited as plain data; [DNS] answers for Services; [Backend] is one Pod of
// a Service; [Envoy] is the process; [Load] is the application's traffic. A test puts them together with
// newWorld, which gives each test a /24 of 127.0.0.0/8 of its own: headless DNS
// carries no port, so Pods differ by address and share the port.
package envoytest
