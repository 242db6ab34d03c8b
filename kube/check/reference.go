package check

import (
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
)

// missing reports that the set declares no object of that kind and name.
func (r *run) missing(o *object, path kube.Path, kind, name string) {
	f := r.report(o, path, "the set declares no %s %q", kind, name)
	f.Suggest = r.nearestName(kind, o.namespace, name)
	f.help("if someone else declares it, say so with vet.external")
}

// manyFindings is from how many on nobody reads each suggestion, which are the costly part of a message.
const manyFindings = 100

// nearestName is the name of that kind in the set that is meant, if any.
func (r *run) nearestName(kind, namespace, name string) string {
	if len(r.found) > manyFindings {
		return ""
	}
	var names []string
	for i := range r.objects {
		if o := &r.objects[i]; o.ID.Kind == kind && (o.namespace == namespace || o.namespace == "") {
			names = append(names, o.Name)
		}
	}
	return nearest(name, names)
}

// refer looks up what a value refers to, and reports it if it is nowhere to be found.
func (r *run) refer(o *object, group, kind, name string, path func() kube.Path) *object {
	if name == "" {
		return nil
	}
	namespace := o.namespace
	if kind == "PriorityClass" {
		namespace = ""
	}
	if t := r.find(group, kind, namespace, name); t != nil {
		return t
	}
	if !r.external(kind, o.namespace, name) && !builtIn(kind, name) && !r.made(kind, o.namespace, name) {
		r.missing(o, path(), kind, name)
	}
	return nil
}

// builtIn reports whether every cluster has such an object.
func builtIn(kind, name string) bool {
	switch kind {
	case "ServiceAccount":
		return name == "default"
	case "ConfigMap":
		return name == "kube-root-ca.crt"
	case "PriorityClass":
		return strings.HasPrefix(name, "system-")
	}
	return false
}

// made reports whether another object of the set makes this one in the cluster: a custom resource that names it (a cert-manager
// Certificate, an ExternalSecret, a SealedSecret), a StatefulSet its claims.
func (r *run) made(kind, namespace, name string) bool {
	for _, o := range r.makers() {
		if o.namespace == namespace && o.makes(kind, name) {
			return true
		}
	}
	return false
}

// makers are the objects that may make others.
func (r *run) makers() []*object {
	if !r.madeBy.known {
		r.madeBy.known = true
		for i := range r.objects {
			if o := &r.objects[i]; o.kind.object == nil || o.kind.id == statefulSet {
				r.madeBy.objects = append(r.madeBy.objects, o)
			}
		}
	}
	return r.madeBy.objects
}

func (o *object) makes(kind, name string) bool {
	switch {
	case o.kind.id == statefulSet && kind == "PersistentVolumeClaim":
		for _, v := range o.spec.Get("volumeClaimTemplates").Items() {
			if strings.HasPrefix(name, v.Get("metadata", "name").Str()+"-"+o.Name+"-") {
				return true
			}
		}
	case o.kind.object == nil && (kind == "Secret" || kind == "ConfigMap"):
		return o.Name == name || o.spec.Get("secretName").Str() == name || o.spec.Get("target", "name").Str() == name ||
			o.spec.Get("destination", "name").Str() == name
	}
	return false
}

// podReference: what a Pod cannot start without.
func podReference(r *run, p *pod) {
	account := p.account
	if !account.Exists() {
		account = p.oldAccount
	}
	r.refer(p.object, "", "ServiceAccount", account.Str(), func() kube.Path { return p.inSpec(kube.Field("serviceAccountName")) })
	r.refer(p.object, "scheduling.k8s.io", "PriorityClass", p.priority.Str(), func() kube.Path { return p.inSpec(kube.Field("priorityClassName")) })
	for i, v := range p.secrets.Items() {
		r.refer(p.object, "", "Secret", v.Get("name").Str(), func() kube.Path {
			return p.inSpec(kube.Field("imagePullSecrets"), kube.Item(i, v.Get("name").Str()), kube.Field("name"))
		})
	}
	for i := range p.volumes {
		r.volumeReference(p, &p.volumes[i])
	}
}

func (r *run) volumeReference(p *pod, v *volume) {
	switch v.kind {
	case "persistentVolumeClaim":
		if p.claims(v.name) {
			return // a claim template takes the volume's place
		}
		r.refer(p.object, "", "PersistentVolumeClaim", v.source.Get("claimName").Str(), func() kube.Path {
			return p.inVolume(v, kube.Field(v.kind), kube.Field("claimName"))
		})
	case "configMap":
		r.holder(p.object, "ConfigMap", v.source, "name", func(s ...kube.Step) kube.Path { return p.inVolume(v, kube.Field(v.kind)).With(s...) })
	case "secret":
		r.holder(p.object, "Secret", v.source, "secretName", func(s ...kube.Step) kube.Path { return p.inVolume(v, kube.Field(v.kind)).With(s...) })
	case "projected":
		for i, source := range v.source.Get("sources").Items() {
			path := func(s ...kube.Step) kube.Path {
				return p.inVolume(v, kube.Field(v.kind), kube.Field("sources"), kube.Item(i, "")).With(s...)
			}
			if n := source.Get("configMap"); n.Exists() {
				r.holder(p.object, "ConfigMap", n, "name", func(s ...kube.Step) kube.Path { return path(kube.Field("configMap")).With(s...) })
			}
			if n := source.Get("secret"); n.Exists() {
				r.holder(p.object, "Secret", n, "name", func(s ...kube.Step) kube.Path { return path(kube.Field("secret")).With(s...) })
			}
		}
	}
}

// claims reports whether the Pod's StatefulSet has a claim template of that name.
func (p *pod) claims(name string) bool {
	for i := range p.volumes {
		if p.volumes[i].claim && p.volumes[i].name == name {
			return true
		}
	}
	return false
}

// holder looks up the ConfigMap or Secret of a volume, and the keys that it takes from it.
func (r *run) holder(o *object, kind string, n kube.Node, field string, path where) {
	if n.Get("optional").Bool() {
		return
	}
	t := r.refer(o, "", kind, n.Get(field).Str(), func() kube.Path { return path(kube.Field(field)) })
	if t == nil {
		return
	}
	for i, item := range n.Get("items").Items() {
		r.key(o, t, item.Get("key").Str(), func() kube.Path { return path(kube.Field("items"), kube.Item(i, ""), kube.Field("key")) })
	}
}

// key reports a key that a declared ConfigMap or Secret does not have. One without any is filled by somebody else.
func (r *run) key(o, t *object, key string, path func() kube.Path) {
	var keys []string
	for _, field := range [...]string{"data", "stringData", "binaryData"} {
		for k := range t.Get(field).All() {
			if k == key {
				return
			}
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 || key == "" {
		return
	}
	f := r.report(o, path(), "%s has no key %q, and so the Pod cannot start", t.ID, key).fail().see(t, nil, "declared here")
	f.Suggest = nearest(key, keys)
}

// containerReference: the ConfigMaps and Secrets that a container's environment comes from.
func containerReference(r *run, p *pod, c *container) {
	for i := range c.env {
		if from := c.env[i].from; from.Exists() {
			r.envReference(p, c, i, from)
		}
	}
	for i, v := range c.envFrom.Items() {
		for source, n := range v.All() {
			kind := kindOfSource(source)
			if kind == "" || n.Get("optional").Bool() {
				continue
			}
			r.refer(p.object, "", kind, n.Get("name").Str(), func() kube.Path {
				return p.in(c, kube.Field("envFrom"), kube.Item(i, ""), kube.Field(source), kube.Field("name"))
			})
		}
	}
}

// kindOfSource is the kind of object that a field of an environment variable's source names.
func kindOfSource(field string) string {
	switch field {
	case "configMapRef", "configMapKeyRef":
		return "ConfigMap"
	case "secretRef", "secretKeyRef":
		return "Secret"
	}
	return ""
}

func (r *run) envReference(p *pod, c *container, i int, from kube.Node) {
	for source, n := range from.All() {
		kind := kindOfSource(source)
		if kind == "" || n.Get("optional").Bool() {
			continue
		}
		path := func(field string) kube.Path {
			return p.inEnv(c, i, kube.Field("valueFrom"), kube.Field(source), kube.Field(field))
		}
		if t := r.refer(p.object, "", kind, n.Get("name").Str(), func() kube.Path { return path("name") }); t != nil {
			r.key(p.object, t, n.Get("key").Str(), func() kube.Path { return path("key") })
		}
	}
}

// objectReference: what objects without Pods refer to.
func objectReference(r *run, o *object) {
	switch o.kind.id {
	case statefulSet:
		r.refer(o, "", "Service", o.spec.Get("serviceName").Str(), func() kube.Path { return kube.Fields("spec", "serviceName") })
	case ingress:
		for i, t := range o.spec.Get("tls").Items() {
			r.refer(o, "", "Secret", t.Get("secretName").Str(), func() kube.Path {
				return kube.Fields("spec", "tls").With(kube.Item(i, ""), kube.Field("secretName"))
			})
		}
	case serviceAccount:
		for i, s := range o.Get("imagePullSecrets").Items() {
			r.refer(o, "", "Secret", s.Get("name").Str(), func() kube.Path {
				return kube.Fields("imagePullSecrets").With(kube.Item(i, s.Get("name").Str()), kube.Field("name"))
			})
		}
	case roleBinding, clusterRoleBinding:
		r.binding(o)
	}
}

// defaultRoles are the ClusterRoles that every cluster has, besides those that begin with "system:"; the one Role is in kube-system.
var defaultRoles = []string{"cluster-admin", "admin", "edit", "view"}

func (r *run) binding(o *object) {
	ref := o.Get("roleRef")
	kind, name := ref.Get("kind").Str(), ref.Get("name").Str()
	t := r.find("rbac.authorization.k8s.io", kind, roleNamespace(o, kind), name)
	if t == nil && name != "" && !isDefaultRole(kind, name) && !r.external(kind, o.namespace, name) {
		r.missing(o, kube.Fields("roleRef", "name"), kind, name)
	}
	for i, s := range o.Get("subjects").Items() {
		if s.Get("kind").Str() != "ServiceAccount" {
			continue
		}
		name, namespace := s.Get("name").Str(), s.Get("namespace").Str()
		if r.find("", "ServiceAccount", namespace, name) == nil && name != "default" && namespace == r.set.Namespace && !r.external("ServiceAccount", namespace, name) {
			r.missing(o, kube.Fields("subjects").With(kube.Item(i, ""), kube.Field("name")), "ServiceAccount", name)
		}
	}
}

func roleNamespace(o *object, kind string) string {
	if kind == "ClusterRole" {
		return ""
	}
	return o.namespace
}

func isDefaultRole(kind, name string) bool {
	if kind != "ClusterRole" {
		return name == "extension-apiserver-authentication-reader"
	}
	return slices.Contains(defaultRoles, name) || strings.HasPrefix(name, "system:")
}
