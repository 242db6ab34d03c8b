package builtins

import (
	"errors"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var roleBindingForm = sync.OnceValue(func() *form {
	return newObjectForm("role_binding", "rbac.v1.RoleBinding").shape(theObject, "role", "cluster_role", "subjects").done()
})

// role_binding(name, *, role = None, cluster_role = None, subjects, namespace = None, labels = {}, annotations = {}) -> RoleBinding
//
// A RoleBinding: gives a role to somebody, in its namespace: role_binding("reader", role = reader, subjects = [sa]).
//
// Args:
//
//	name: of the RoleBinding.
//	role: a Role or its name, or a ClusterRole object.
//	cluster_role: a ClusterRole or its name, such as "view", instead of role.
//	subjects: a ServiceAccount, or a list of ServiceAccounts and subject("User", NAME), subject("Group", NAME).
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the RoleBinding.
func roleBinding(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := roleBindingForm().begin(thread, args, kwargs)
	c.plainMetadata()
	switch role, cluster := c.arg("role"), c.arg("cluster_role"); {
	case role != nil && cluster != nil:
		c.mistake(theObject, kube.Fields("roleRef"), errors.New("give role or cluster_role, not both"), "cluster_role")
	case c.lacks("role", "cluster_role"):
		c.mistake(theObject, kube.Fields("roleRef"), errors.New("a RoleBinding needs the role that it gives: role = r, or cluster_role = \"view\""))
	}
	c.bind("role", "Role", "ClusterRole")
	c.bind("cluster_role", "ClusterRole")
	c.subjects()
	return c.records[theObject], nil
}
