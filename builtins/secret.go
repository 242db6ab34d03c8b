package builtins

import (
	"encoding/base64"
	"fmt"
	"iter"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var secretForm = sync.OnceValue(func() *form {
	f := newObjectForm("secret", "core.v1.Secret")
	f.shape(theObject, "data", "string_data")
	return f.fields(theObject, "", "apiVersion", "data", "kind", "metadata", "stringData").done()
})

// secret(name, *, data = {}, string_data = {}, type = None, immutable = None, namespace = None, labels = {},
// annotations = {}) -> Secret
//
// A Secret; workloads mount it with secret_volume(...) or read a key with secret_key(...).
//
// Args:
//
//	name: of the Secret.
//	data: a dict of plain strings or bytes: the values as the workload shall see them. They are written as base64 into
//	  the object's data; what is base64 already goes through base64.decode first.
//	string_data: the same. The object's stringData is never written: a key that is removed from it later stays in the cluster.
//	type: such as "kubernetes.io/tls" or "kubernetes.io/dockerconfigjson"; Kubernetes takes "Opaque".
//	immutable: whether it may never change; Kubernetes takes False.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the Secret.
func secret(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := secretForm().begin(thread, args, kwargs)
	c.plainMetadata()
	c.encode("data", "data")
	c.encode("string_data", "data")
	return c.records[theObject], nil
}

// encode writes the values of a dict as base64. They may be secret: no message shows them.
func (c *call) encode(keyword, field string) {
	v := c.arg(keyword)
	if v == nil {
		return
	}
	items, ok := pairs(v)
	if !ok {
		c.mistake(theObject, kube.Fields(field), fmt.Errorf("got %s, want dict", kindOf(v)), keyword)
		return
	}
	m := c.records[theObject].Entries(field)
	for k, v := range items {
		key, ok := k.(starlark.String)
		if !ok {
			c.mistake(theObject, kube.Fields(field), fmt.Errorf("got %s, want string as a key", kindOf(k)), keyword)
			continue
		}
		err := c.encodeTo(m.Has(string(key)), v, func(text starlark.String) error { return m.Put(string(key), text) })
		if err != nil {
			c.mistake(theObject, kube.Path{kube.Field(field), kube.Key(string(key))}, err, keyword, string(key))
		}
	}
}

func (c *call) encodeTo(taken bool, v starlark.Value, put func(starlark.String) error) error {
	if taken {
		return fmt.Errorf("given twice: in data and in string_data")
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil
	case starlark.String:
		return put(starlark.String(base64.StdEncoding.EncodeToString([]byte(v))))
	case starlark.Bytes:
		return put(starlark.String(base64.StdEncoding.EncodeToString([]byte(v))))
	}
	return fmt.Errorf("got %s, want string or bytes", kindOf(v))
}

// keys yields the keys of a dict in a shaped keyword.
func (c *call) keys(keyword string) iter.Seq[string] {
	return func(yield func(string) bool) {
		v := c.arg(keyword)
		if v == nil {
			return
		}
		items, ok := pairs(v)
		if !ok {
			return
		}
		for k := range items {
			if key, ok := k.(starlark.String); ok && !yield(string(key)) {
				return
			}
		}
	}
}
