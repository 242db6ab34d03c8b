package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var configVolumeForm = sync.OnceValue(func() *form {
	f := newVolumeForm("config_volume", "core.v1.ConfigMapVolumeSource", 1, "config")
	return f.shape(theSource, "items").fields(theSource, "source_", "items", "name").done()
})

// config_volume(config, *, items = None, default_mode = None, optional = None, name = None, sub_path = None,
// sub_path_expr = None, read_only = None, recursive_read_only = None, mount_propagation = None) -> volume
//
// A ConfigMap as files: volumes = {"/etc/app": config_volume("app")}. What is mounted at several paths is one volume of
// the Pod, called config-NAME.
//
// Args:
//
//	config: the ConfigMap's name, or the object.
//	items: which keys, and the file each becomes: {"app.yaml": "config.yaml"}, or a list as in the API; by default all.
//	default_mode: the files' permissions, such as 0o440; Kubernetes takes 0o644.
//	optional: whether the Pod starts where the ConfigMap or a key is missing; Kubernetes takes False.
//	name: the volume's name.
//	sub_path: mount only this path of the volume; such a mount never sees changes.
//	sub_path_expr: the same, with the container's variables expanded: "$(POD_NAME)".
//	read_only: whether the mount is read-only; files of ConfigMaps always are.
//	recursive_read_only: "Disabled", "IfPossible" or "Enabled".
//	mount_propagation: "None", "HostToContainer" or "Bidirectional".
func configVolume(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := configVolumeForm().begin(thread, args, kwargs)
	name := c.setName(theSource, "name", "config", "ConfigMap")
	c.items()
	return c.volume("config", "configMap", name), nil
}

// items sets which keys become which files.
func (c *call) items() {
	v := c.arg("items")
	if v == nil {
		return
	}
	c.setPairs(theSource, "items", "items", v, "key", "path")
}
