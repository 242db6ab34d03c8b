package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var emptyDirForm = sync.OnceValue(func() *form {
	return newVolumeForm("empty_dir", "core.v1.EmptyDirVolumeSource", 0).fields(theSource, "source_").done()
})

// empty_dir(*, medium = None, size_limit = None, name = None, sub_path = None, sub_path_expr = None, read_only = None,
// recursive_read_only = None, mount_propagation = None) -> volume
//
// A directory that is empty when the Pod starts and gone with it: volumes = {"/tmp": empty_dir()}. One that is mounted at
// several paths is the same directory; two calls make two. It is called after the path: /var/cache is var-cache.
//
// Args:
//
//	medium: "Memory" for a tmpfs, which counts against the memory limit; by default the node's disk.
//	size_limit: the most it may hold, a quantity; by default there is no limit.
//	name, sub_path, sub_path_expr, read_only, recursive_read_only, mount_propagation: as config_volume's.
func emptyDir(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := emptyDirForm().begin(thread, args, kwargs)
	v := c.volume("", "emptyDir", "")
	v.own = true
	return v, nil
}
