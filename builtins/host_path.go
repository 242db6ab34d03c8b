package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var hostPathForm = sync.OnceValue(func() *form {
	return newVolumeForm("host_path", "core.v1.HostPathVolumeSource", 1, "path").fields(theSource, "source_", "path").done()
})

// host_path(path, *, type = None, name = None, sub_path = None, sub_path_expr = None, read_only = None,
// recursive_read_only = None, mount_propagation = None) -> volume
//
// A file or directory of the node: volumes = {"/host/proc": host_path("/proc", read_only = True)}. Most clusters refuse it
// to ordinary services. What is mounted at several paths is one volume of the Pod, called host-PATH.
//
// Args:
//
//	path: on the node.
//	type: what must be there: "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket", "CharDevice" or
//	  "BlockDevice"; by default that is not checked.
//	name, sub_path, sub_path_expr, read_only, recursive_read_only, mount_propagation: as config_volume's.
func hostPath(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := hostPathForm().begin(thread, args, kwargs)
	c.set(theSource, "path", c.arg("path"), "path")
	path, _ := c.arg("path").(starlark.String)
	return c.volume("host", "hostPath", path), nil
}
