package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var configMapForm = sync.OnceValue(func() *form {
	f := newObjectForm("config_map", "core.v1.ConfigMap")
	return f.shape(theObject, "binary_data").fields(theObject, "", "apiVersion", "binaryData", "kind", "metadata").done()
})

// config_map(name, *, data = {}, binary_data = {}, immutable = None, namespace = None, labels = {}, annotations = {}) -> ConfigMap
//
// A ConfigMap; workloads mount it with config_volume(...) or read a key with config_key(...).
//
// Args:
//
//	name: of the ConfigMap.
//	data: a dict of texts, such as {"app.yaml": read_file("./app.yaml")}.
//	binary_data: a dict of bytes or strings, which are written as base64.
//	immutable: whether it may never change; Kubernetes takes False.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the ConfigMap.
func configMap(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := configMapForm().begin(thread, args, kwargs)
	c.plainMetadata()
	c.encode("binary_data", "binaryData")
	data := c.records[theObject].Entries("data")
	for key := range c.keys("binary_data") {
		if data.Has(key) {
			c.mistake(theObject, kube.Path{kube.Field("binaryData"), kube.Key(key)}, fmt.Errorf("%q is in data as well", key), "binary_data", key)
		}
	}
	return c.records[theObject], nil
}
