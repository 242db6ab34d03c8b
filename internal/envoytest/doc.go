// Package envoytest runs a real Envoy on loopback against real gRPC servers
// and a DNS server that plays kube-dns, so that what a generated bootstrap
// claims can be observed instead of believed.
//
// The parts, in reading order: [Deployed] is what a deploy.star renders to, as
// its Pods have it; [Bootstrap] is the configuration, to be edited as plain
// data; [DNS] answers for Services; [Backend] is one Pod of a Service; [XDS] is
// a control plane; [Envoy] is the process; [Load] is the application's traffic.
// A test puts them together with deploy or newWorld, which give each test a /24
// of 127.0.0.0/8 of its own: headless DNS carries no port, so Pods differ by
// address and share the port. [Isolate] gives a test namespaces instead, in
// which nothing has to be changed.
package envoytest
