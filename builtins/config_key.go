package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var configKeyForm = sync.OnceValue(func() *form {
	return newKeyForm("config_key", "configMapKeyRef", "config")
})

// config_key(config, key, *, optional = None) -> EnvVarSource
//
// The value of a variable, read from a ConfigMap when the container starts: env = {"MODE": config_key("api", "mode")}.
//
// Args:
//
//	config: the ConfigMap's name, or the object.
//	key: the key in its data.
//	optional: whether the container starts, without the variable, where the ConfigMap or the key is missing; Kubernetes
//	  takes False if it is left out.
func configKey(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return configKeyForm().keyOf("config", "ConfigMap", thread, args, kwargs)
}
