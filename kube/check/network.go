package check

import (
	"net/netip"
	"strings"

	"github.com/starctl/starctl/kube"
)

// networkRules holds a NetworkPolicy to the rules of k8s.io/kubernetes' ValidateNetworkPolicySpec.
func networkRules(r *run, o *object) {
	if o.kind.id != networkPolicy {
		return
	}
	for _, way := range [...]struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
		for i, rule := range o.spec.Get(way.rules).Items() {
			at := func(list string, j int, s ...kube.Step) kube.Path {
				return kube.Fields("spec", way.rules).With(kube.Item(i, ""), kube.Field(list), kube.Item(j, "")).With(s...)
			}
			for j, peer := range rule.Get(way.peers).Items() {
				r.peer(o, peer, func(s ...kube.Step) kube.Path { return at(way.peers, j, s...) })
			}
			for j, port := range rule.Get("ports").Items() {
				r.portRange(o, port, func(s ...kube.Step) kube.Path { return at("ports", j, s...) })
			}
		}
	}
}

func (r *run) peer(o *object, n kube.Node, path where) {
	for _, field := range [...]string{"podSelector", "namespaceSelector"} {
		r.selectorSyntax(o, n.Get(field), func(s ...kube.Step) kube.Path { return path(kube.Field(field)).With(s...) })
	}
	block := n.Get("ipBlock")
	switch selects := n.Get("podSelector").Exists() || n.Get("namespaceSelector").Exists(); {
	case block.Exists() && selects:
		r.report(o, path(kube.Field("ipBlock")), "a peer is a block of addresses or what selectors find, not both").help("make two peers of them")
	case !block.Exists() && !selects:
		r.report(o, path(), "got nothing, want one of podSelector, namespaceSelector and ipBlock").help("podSelector = {} is every Pod of the namespace")
	}
	all, err := netip.ParsePrefix(block.Get("cidr").Str())
	if err != nil {
		return
	}
	for i, e := range block.Get("except").Items() {
		part, err := netip.ParsePrefix(e.Str())
		if err == nil && (part.Bits() <= all.Bits() || !all.Contains(part.Addr())) {
			r.report(o, path(kube.Field("ipBlock"), kube.Field("except"), kube.Item(i, "")), "got %q, want a smaller block inside of %s", e.Str(), all)
		}
	}
}

func (r *run) portRange(o *object, n kube.Node, path where) {
	last := n.Get("endPort")
	if !last.Exists() {
		return
	}
	end, _ := last.Int()
	switch first, ok := n.Get("port").Int(); {
	case !ok:
		r.report(o, path(kube.Field("endPort")), "got %d, and a range begins with a number, got the port %s", end, show(n.Get("port")))
	case end < first:
		r.report(o, path(kube.Field("endPort")), "got %d, want at least the port it begins with, %d", end, first)
	}
}

// podSecurity begins the labels that say how much Pods of a namespace may do (k8s.io/pod-security-admission).
const podSecurity = "pod-security.kubernetes.io/"

func (r *run) securityLevels(o *object) {
	for key, v := range o.labels.All() {
		mode, ok := strings.CutPrefix(key, podSecurity)
		if !ok || mode != "enforce" && mode != "audit" && mode != "warn" {
			continue
		}
		switch level := v.Str(); level {
		case "privileged", "baseline", "restricted":
		default:
			r.report(o, atLabels(kube.Key(key)), "got %q, want \"privileged\", \"baseline\" or \"restricted\"", level).
				Suggest = nearest(level, []string{"privileged", "baseline", "restricted"})
		}
	}
}
