package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var namespaceForm = sync.OnceValue(func() *form {
	return newClusterForm("namespace", "core.v1.Namespace").done()
})

// namespace(name, *, labels = {}, annotations = {}) -> Namespace
//
// A Namespace. It is applied before what goes into it; other objects take it as namespace = ns.
//
// Args:
//
//	name: of the Namespace.
//	labels, annotations: of the Namespace.
func namespace(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return namespaceForm().plain(thread, args, kwargs)
}
