package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var clusterRoleForm = sync.OnceValue(func() *form {
	return newClusterForm("cluster_role", "rbac.v1.ClusterRole").fields(theObject, "", "apiVersion", "kind", "metadata").done()
})

// cluster_role(name, *, rules = [], aggregation_rule = None, labels = {}, annotations = {}) -> ClusterRole
//
// A ClusterRole: what may be done in all namespaces, given by cluster_role_binding, or in one, given by role_binding.
//
// Args:
//
//	name: of the ClusterRole.
//	rules: a list of rule(...), or of PolicyRules as in the API.
//	aggregation_rule: which other ClusterRoles' rules it collects, as in the API; rules must then be left out.
//	labels, annotations: of the ClusterRole.
func clusterRole(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return clusterRoleForm().plain(thread, args, kwargs)
}
