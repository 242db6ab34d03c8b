package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var roleForm = sync.OnceValue(func() *form {
	return newObjectForm("role", "rbac.v1.Role").fields(theObject, "", "apiVersion", "kind", "metadata").done()
})

// role(name, *, rules = [], namespace = None, labels = {}, annotations = {}) -> Role
//
// A Role: what may be done in its namespace, by those to whom role_binding gives it:
//
//	role("reader", rules = [rule(["get", "list", "watch"], ["pods", "pods/log"])])
//
// Args:
//
//	name: of the Role.
//	rules: a list of rule(...), or of PolicyRules as in the API.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the Role.
func role(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return roleForm().plain(thread, args, kwargs)
}
