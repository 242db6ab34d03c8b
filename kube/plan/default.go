package plan

import (
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// isDefault reports whether v is what the server fills in for a field that d, of type t, leaves out. These are the defaults
// of types that stand in what merges as a whole (k8s.io/kubernetes v1.36.3, pkg/apis/*/v1/defaults.go); those elsewhere are
// nobody's, and need no proof.
func isDefault(d kube.Node, t *schema.Type, field string, v kube.Node) bool {
	if t == nil || t.Kind != schema.Obj {
		return false
	}
	switch t.Object().Name + "." + field {
	case "core.v1.ObjectFieldSelector.apiVersion":
		return v.Str() == "v1"
	case "core.v1.ResourceFieldSelector.divisor":
		return v.Text() == "0"
	case "discovery.v1.EndpointPort.name":
		return v.Kind() == kube.String && v.Str() == ""
	case "discovery.v1.Endpoint.conditions":
		return v.IsMapping() && v.Len() == 0
	case "networking.v1.NetworkPolicyPort.protocol", "core.v1.EndpointPort.protocol", "discovery.v1.EndpointPort.protocol":
		return v.Str() == "TCP"
	case "batch.v1.PodFailurePolicyOnPodConditionsPattern.status":
		return v.Str() == "True"
	case "rbac.v1.RoleRef.apiGroup":
		return v.Str() == "rbac.authorization.k8s.io"
	case "rbac.v1.Subject.apiGroup":
		kind := d.Get("kind").Str()
		return v.Str() == "rbac.authorization.k8s.io" && (kind == "User" || kind == "Group")
	case "core.v1.ServiceAccountTokenProjection.expirationSeconds":
		i, _ := v.Int()
		return i == 3600
	case "admissionregistration.v1.RuleWithOperations.scope", "admissionregistration.v1.NamedRuleWithOperations.scope":
		return v.Str() == "*"
	case "core.v1.PersistentVolumeClaimSpec.volumeMode":
		return v.Str() == "Filesystem"
	case "core.v1.PersistentVolumeClaim.apiVersion":
		return v.Str() == "v1"
	case "core.v1.PersistentVolumeClaim.kind":
		return v.Str() == "PersistentVolumeClaim"
	case "core.v1.PersistentVolumeClaim.status":
		return v.Len() == 1 && v.Get("phase").Str() == "Pending"
	case "meta.v1.ObjectMeta.creationTimestamp":
		return v.Kind() == kube.Null
	}
	return false
}

// completed is d, of type t, with the defaults that come from other fields of it: a LimitRange's limits for containers have the defaults that
// their bounds imply.
func completed(d kube.Node, t *schema.Type) kube.Node {
	if t == nil || t.Kind != schema.Obj || t.Object().Name != "core.v1.LimitRangeItem" || d.Get("type").Str() != "Container" {
		return d
	}
	for _, f := range [...][2]string{{"default", "max"}, {"defaultRequest", "default"}, {"defaultRequest", "min"}} {
		to, from := f[0], f[1]
		values := d.Get(to)
		if values.Exists() && !values.IsMapping() {
			return d
		}
		for k, v := range d.Get(from).All() {
			if !values.Get(k).Exists() {
				values = with(values, k, v)
			}
		}
		if values.Len() > 0 {
			d = with(d, to, values)
		}
	}
	return d
}
