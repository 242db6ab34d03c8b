package check

import (
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
)

// roleRules holds Roles and ClusterRoles to the rules of k8s.io/kubernetes' ValidatePolicyRule.
func roleRules(r *run, o *object) {
	if o.kind.id != role && o.kind.id != clusterRole {
		return
	}
	for i, rule := range o.Get("rules").Items() {
		at := func(s ...kube.Step) kube.Path { return kube.Fields("rules").With(kube.Item(i, "")).With(s...) }
		r.verbs(o, rule.Get("verbs"), at)
		urls, groups, resources := rule.Get("nonResourceURLs"), rule.Get("apiGroups"), rule.Get("resources")
		switch {
		case urls.Len() > 0 && o.kind.id == role:
			r.report(o, at(kube.Field("nonResourceURLs")), "a Role is about a namespace, URLs of the API server are not").help("a ClusterRole can grant them")
		case urls.Len() > 0 && groups.Len()+resources.Len() > 0:
			r.report(o, at(kube.Field("nonResourceURLs")), "a rule is about URLs or about resources, not both").help("make two rules of them")
		case urls.Len() > 0:
		case groups.Len() == 0:
			r.report(o, at(kube.Field("apiGroups")), "a rule about resources names their API groups").help("[\"\"] is the core's, of Pods, Services, ConfigMaps and Secrets")
		case resources.Len() == 0:
			r.report(o, at(kube.Field("resources")), "a rule names resources, such as [\"pods\"]")
		}
		r.groups(o, groups, at)
	}
}

// likelyVerbs are verbs that a wrong word may be meant for.
var likelyVerbs = [...]string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// meantVerb is the verb that a word which the API does not have was probably meant for; "" of its own and of others, which may be
// a custom resource's.
func meantVerb(s string) string {
	switch s {
	case "read", "view":
		return "get"
	case "write", "edit", "modify", "put":
		return "update"
	case "post", "add":
		return "create"
	case "remove":
		return "delete"
	case "all", "any":
		return "*"
	}
	if lower := strings.ToLower(s); lower != s && slices.Contains(likelyVerbs[:], lower) {
		return lower
	}
	return ""
}

func (r *run) verbs(o *object, n kube.Node, at where) {
	if n.Exists() && n.Len() == 0 {
		r.report(o, at(kube.Field("verbs")), "a rule needs verbs, such as [\"get\", \"list\", \"watch\"]")
	}
	for i, v := range n.Items() {
		verb := v.Str()
		if meant := meantVerb(verb); meant != "" {
			r.report(o, at(kube.Field("verbs"), kube.Item(i, "")), "the API has no verb %q: the rule allows nothing", verb).warn().Suggest = meant
		}
	}
}

// groups finds versions where groups are meant: such a rule allows nothing.
func (r *run) groups(o *object, n kube.Node, at where) {
	for i, v := range n.Items() {
		group, version, ok := strings.Cut(v.Str(), "/")
		switch {
		case ok:
		case group == "v1" || group == "core":
			group = ""
		default:
			continue
		}
		f := r.report(o, at(kube.Field("apiGroups"), kube.Item(i, "")), "got %q, want an API group without its version: the rule allows nothing", v.Str()).warn()
		if f.help("write %q", group); version != "" {
			f.Suggest = group
		}
	}
}
