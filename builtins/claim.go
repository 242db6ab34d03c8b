package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var claimForm = sync.OnceValue(func() *form {
	return newVolumeForm("claim", "core.v1.PersistentVolumeClaimVolumeSource", 1, "claim").done()
})

// claim(claim, *, name = None, sub_path = None, sub_path_expr = None, read_only = None, recursive_read_only = None,
// mount_propagation = None) -> volume
//
// The volume of a PersistentVolumeClaim that exists: volumes = {"/data": claim("data")}. What is mounted at several paths
// is one volume of the Pod, called claim-NAME.
//
// Args:
//
//	claim: the PersistentVolumeClaim's name, or the object.
//	name, sub_path, sub_path_expr, read_only, recursive_read_only, mount_propagation: as config_volume's.
func claim(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := claimForm().begin(thread, args, kwargs)
	name := c.setName(theSource, "claimName", "claim", "PersistentVolumeClaim")
	return c.volume("claim", "persistentVolumeClaim", name), nil
}
