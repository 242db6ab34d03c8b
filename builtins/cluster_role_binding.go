package builtins

import (
	"errors"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var clusterRoleBindingForm = sync.OnceValue(func() *form {
	return newClusterForm("cluster_role_binding", "rbac.v1.ClusterRoleBinding").shape(theObject, "role", "subjects").done()
})

// cluster_role_binding(name, *, role, subjects, labels = {}, annotations = {}) -> ClusterRoleBinding
//
// A ClusterRoleBinding: gives a ClusterRole to somebody, in all namespaces.
//
// Args:
//
//	name: of the ClusterRoleBinding.
//	role: a ClusterRole or its name.
//	subjects: a ServiceAccount, or a list of ServiceAccounts and subject("User", NAME), subject("Group", NAME).
//	labels, annotations: of the ClusterRoleBinding.
func clusterRoleBinding(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := clusterRoleBindingForm().begin(thread, args, kwargs)
	c.plainMetadata()
	if c.lacks("role") {
		c.mistake(theObject, kube.Fields("roleRef"), errors.New("a ClusterRoleBinding needs the role that it gives: role = r"))
	}
	c.bind("role", "ClusterRole")
	c.subjects()
	return c.records[theObject], nil
}
