package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var resourceFieldForm = sync.OnceValue(func() *form {
	f := newForm("resource_field", "core.v1.EnvVarSource", 1, "resource")
	f.inside(theObject, "resourceFieldRef")
	return f.fields(theKey, "", "resource").done()
})

// resource_field(resource, *, container_name = None, divisor = None) -> EnvVarSource
//
// The value of a variable, read from what a container may use: env = {"GOMEMLIMIT": resource_field("limits.memory")}.
//
// Args:
//
//	resource: limits.cpu, limits.memory, limits.ephemeral-storage, requests.cpu, requests.memory or
//	  requests.ephemeral-storage.
//	container_name: the container that is meant; by default the one whose variable it is.
//	divisor: the unit, a quantity: with "1Mi" a limit of 256Mi reads as 256; Kubernetes takes "1" and rounds up.
func resourceField(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := resourceFieldForm().begin(thread, args, kwargs)
	c.set(theKey, "resource", c.arg("resource"), "resource")
	return c.records[theObject], nil
}
