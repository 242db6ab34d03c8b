package check

import (
	"strconv"

	"github.com/starctl/starctl/kube"
)

// scheduling holds what says where Pods may run to the rules of k8s.io/kubernetes' ValidateTolerations and
// ValidateNodeSelectorRequirement.
func scheduling(r *run, p *pod) {
	for i, t := range p.tolerations.Items() {
		r.toleration(p, i, t)
	}
	if !p.affinity.Exists() {
		return
	}
	const required, preferred = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
	in := func(s ...kube.Step) kube.Path {
		return p.inSpec(kube.Field("affinity"), kube.Field("nodeAffinity")).With(s...)
	}
	node := p.affinity.Get("nodeAffinity")
	for i, term := range node.Get(required, "nodeSelectorTerms").Items() {
		r.nodeTerm(p, term, func(s ...kube.Step) kube.Path {
			return in(kube.Field(required), kube.Field("nodeSelectorTerms"), kube.Item(i, "")).With(s...)
		})
	}
	for i, term := range node.Get(preferred).Items() {
		r.nodeTerm(p, term.Get("preference"), func(s ...kube.Step) kube.Path {
			return in(kube.Field(preferred), kube.Item(i, ""), kube.Field("preference")).With(s...)
		})
	}
}

func (r *run) toleration(p *pod, i int, n kube.Node) {
	at := func(field string) kube.Path {
		return p.inSpec(kube.Field("tolerations"), kube.Item(i, ""), kube.Field(field))
	}
	op, effect := orDefault(n.Get("operator").Str(), "Equal"), n.Get("effect").Str()
	switch {
	case n.Get("key").Str() == "" && op != "Exists":
		r.report(p.object, at("operator"), "got %q without a key, want \"Exists\", which tolerates everything", op)
	case op == "Exists" && n.Get("value").Str() != "":
		r.report(p.object, at("value"), "got %q, and operator Exists takes no value", n.Get("value").Str()).help("operator \"Equal\" compares it")
	}
	if n.Get("tolerationSeconds").Exists() && effect != "NoExecute" {
		r.report(p.object, at("tolerationSeconds"), "only the effect NoExecute is tolerated for a time, got the effect %q", effect)
	}
}

// nodeTerm checks what a term asks of a node's labels.
func (r *run) nodeTerm(p *pod, n kube.Node, path where) {
	for i, e := range n.Get("matchExpressions").Items() {
		at := func(field string) kube.Path {
			return path(kube.Field("matchExpressions"), kube.Item(i, ""), kube.Field(field))
		}
		values := e.Get("values")
		switch op := e.Get("operator").Str(); op {
		case "In", "NotIn":
			if values.Len() == 0 {
				r.report(p.object, at("values"), "operator %s needs values", op)
			}
		case "Exists", "DoesNotExist":
			if values.Len() > 0 {
				r.report(p.object, at("values"), "operator %s takes no values", op)
			}
		case "Gt", "Lt":
			if _, err := strconv.ParseInt(only(values), 10, 64); err != nil {
				f := r.report(p.object, at("values"), "operator %s takes one value, a number as text such as \"4\"", op)
				if values.Len() == 1 {
					f.warn() // it is taken, and no node is found
				}
			}
		}
	}
}

// only is the text of a list's only item.
func only(list kube.Node) string {
	s := ""
	for i, n := range list.Items() {
		if s = n.Str(); i > 0 {
			return ""
		}
	}
	return s
}

// podDNS: a Pod that does not take the cluster's resolver brings its own.
func podDNS(r *run, p *pod) {
	if p.dnsPolicy.Str() == "None" && p.dnsConfig.Get("nameservers").Len() == 0 {
		r.report(p.object, p.inSpec(kube.Field("dnsPolicy")), "got \"None\", which needs nameservers in dnsConfig").
			help("\"Default\" takes those of the node, \"ClusterFirst\" those of the cluster")
	}
}

// securityContext holds what a container may do to the rules of k8s.io/kubernetes' ValidateSecurityContext, and of the kubelet.
func securityContext(r *run, p *pod, c *container) {
	s := c.security
	at := func(field string) kube.Path { return p.in(c, kube.Field("securityContext"), kube.Field(field)) }
	if escalates := s.Get("allowPrivilegeEscalation"); escalates.Exists() && !escalates.Bool() {
		if s.Get("privileged").Bool() {
			r.report(p.object, at("allowPrivilegeEscalation"), "got false, and the container is privileged: it may do everything")
		}
		for _, cap := range s.Get("capabilities", "add").Items() {
			if name := cap.Str(); name == "CAP_SYS_ADMIN" {
				r.report(p.object, at("allowPrivilegeEscalation"), "got false, and the container has the capability %s, which escalates", name)
			}
		}
	}
	user, of := s.Get("runAsUser"), at
	if !user.Exists() {
		user, of = p.security.Get("runAsUser"), func(field string) kube.Path { return p.inSpec(kube.Field("securityContext"), kube.Field(field)) }
	}
	nonRoot := s.Get("runAsNonRoot")
	if !nonRoot.Exists() {
		nonRoot = p.security.Get("runAsNonRoot")
	}
	if id, ok := user.Int(); ok && id == 0 && nonRoot.Bool() {
		r.report(p.object, of("runAsUser"), "got 0, which is root, and runAsNonRoot: the container does not start")
	}
}
