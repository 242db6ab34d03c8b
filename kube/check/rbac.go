package check

import (
	"github.com/starctl/starctl/kube"
)

// subjects holds bindings to the rules of k8s.io/kubernetes' ValidateRoleBinding.
func subjects(r *run, o *object) {
	if o.kind.id != roleBinding && o.kind.id != clusterRoleBinding {
		return
	}
	ref := o.Get("roleRef")
	kind := ref.Get("kind").Str()
	switch {
	case ref.Get("name").Str() == "":
		r.report(o, kube.Fields("roleRef", "name"), "a binding names a role")
	case kind == "Role" && o.kind.id == clusterRoleBinding:
		r.report(o, kube.Fields("roleRef", "kind"), "got \"Role\", want \"ClusterRole\": a ClusterRoleBinding is about no namespace")
	case kind != "Role" && kind != "ClusterRole":
		r.report(o, kube.Fields("roleRef", "kind"), "got %q, want \"Role\" or \"ClusterRole\"", kind)
	}
	for i, s := range o.Get("subjects").Items() {
		path := func(field string) kube.Path { return kube.Fields("subjects").With(kube.Item(i, ""), kube.Field(field)) }
		if s.Get("name").Str() == "" {
			r.report(o, path("name"), "a subject needs a name")
		}
		group := s.Get("apiGroup")
		switch kind := s.Get("kind").Str(); kind {
		case "ServiceAccount":
			if group.Str() != "" {
				r.report(o, path("apiGroup"), "got %q, and a ServiceAccount is of the core's group", group.Str()).help("leave it out")
			}
			if name := s.Get("name").Str(); name != "" && subdomain.want(name, r.minor) != "" {
				r.report(o, path("name"), "got %q, want %s", name, subdomain.want(name, r.minor)).near(name, subdomain, r.minor)
			}
			if s.Get("namespace").Str() == "" {
				f := r.report(o, path("namespace"), "a ServiceAccount is named with its namespace")
				if o.kind.id == roleBinding {
					f.warn() // it is taken, and is about nobody
				}
			}
		case "User", "Group":
			if g := group.Str(); group.Exists() && g != "" && g != "rbac.authorization.k8s.io" {
				r.report(o, path("apiGroup"), "got %q, want \"rbac.authorization.k8s.io\"", g)
			}
			if s.Get("namespace").Str() != "" {
				r.report(o, path("namespace"), "a %s lives in no namespace", kind).warn()
			}
		default:
			r.report(o, path("kind"), "got %q, want \"ServiceAccount\", \"User\" or \"Group\"", kind)
		}
	}
}
