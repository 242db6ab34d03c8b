package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var secretVolumeForm = sync.OnceValue(func() *form {
	f := newVolumeForm("secret_volume", "core.v1.SecretVolumeSource", 1, "secret")
	return f.shape(theSource, "items").fields(theSource, "source_", "items", "secretName").done()
})

// secret_volume(secret, *, items = None, default_mode = None, optional = None, name = None, sub_path = None,
// sub_path_expr = None, read_only = None, recursive_read_only = None, mount_propagation = None) -> volume
//
// A Secret as files: volumes = {"/etc/tls": secret_volume("tls", default_mode = 0o400)}. What is mounted at several paths
// is one volume of the Pod, called secret-NAME.
//
// Args:
//
//	secret: the Secret's name, or the object.
//	items, default_mode, optional, name, sub_path, sub_path_expr, read_only, recursive_read_only, mount_propagation: as
//	  config_volume's.
func secretVolume(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := secretVolumeForm().begin(thread, args, kwargs)
	name := c.setName(theSource, "secretName", "secret", "Secret")
	c.items()
	return c.volume("secret", "secret", name), nil
}
