package envoy

import (
	"sync"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube/schema"
)

// Types are looked up when they are first needed: a file without a sidecar does not pay for them.
var (
	configMapType = sync.OnceValue(func() *schema.Object { return typed.Lookup("core.v1.ConfigMap") })
	serviceType   = sync.OnceValue(func() *schema.Object { return typed.Lookup("core.v1.Service") })
	containerType = sync.OnceValue(func() *schema.Object { return typed.Lookup("core.v1.Container") })
)
