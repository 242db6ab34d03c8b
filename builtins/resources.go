package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var resourcesForm = sync.OnceValue(func() *form {
	f := newForm("resources", "core.v1.ResourceRequirements", 0)
	for _, r := range resourceKeywords {
		f.shape(theObject, r.keyword)
	}
	return f.shape(theObject, "requests", "limits").fields(theObject, "", "limits", "requests").done()
})

// resourceKeywords says which entry each keyword of resources is.
var resourceKeywords = []struct{ keyword, field, key string }{
	{"cpu", "requests", "cpu"},
	{"memory", "requests", "memory"},
	{"ephemeral_storage", "requests", "ephemeral-storage"},
	{"cpu_limit", "limits", "cpu"},
	{"memory_limit", "limits", "memory"},
	{"ephemeral_storage_limit", "limits", "ephemeral-storage"},
}

// resources(*, cpu = None, memory = None, cpu_limit = None, memory_limit = None, ephemeral_storage = None,
// ephemeral_storage_limit = None, requests = {}, limits = {}, claims = None) -> ResourceRequirements
//
// What a container asks for and what it may use at most: resources(cpu = "100m", memory = "128Mi", memory_limit = "256Mi").
// What is left out is not limited, or not asked for; Kubernetes asks for the limit where only that is given.
//
// Args:
//
//	cpu: cores asked for, a quantity: 2, "0.5", "100m".
//	memory: bytes asked for, a quantity: "128Mi", "1Gi".
//	cpu_limit, memory_limit: what it may use at most; above the memory limit it is killed, above that of cpu slowed down.
//	ephemeral_storage, ephemeral_storage_limit: bytes of the node's disk.
//	requests, limits: dicts of other resources as in the API, such as limits = {"nvidia.com/gpu": 1}.
//	claims: a list of resource claims as in the API.
func resourceRequirements(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := resourcesForm().begin(thread, args, kwargs)
	for _, field := range []string{"limits", "requests"} {
		if v := c.arg(field); v != nil {
			c.quantities(field, v)
		}
	}
	for _, r := range resourceKeywords {
		if v := c.arg(r.keyword); v != nil {
			c.quantity(r.keyword, r.field, r.key, v)
		}
	}
	return c.records[theObject], nil
}

// quantities sets requests or limits from a dict. A typed one is copied: what is added here is not for whoever else has it.
func (c *call) quantities(field string, v starlark.Value) {
	items, ok := pairs(v)
	if !ok {
		c.set(theObject, field, v, field) // says what is wrong
		return
	}
	m := c.records[theObject].Entries(field)
	for k, v := range items {
		key, ok := k.(starlark.String)
		if !ok {
			c.mistake(theObject, kube.Fields(field), fmt.Errorf("got %s %s, want string as a key", kindOf(k), k), field)
		} else if err := m.Put(string(key), v); err != nil {
			c.mistake(theObject, kube.Fields(field), err, field, string(key))
		}
	}
}

// quantity sets one entry of requests or limits.
func (c *call) quantity(keyword, field, key string, v starlark.Value) {
	m := c.records[theObject].Entries(field)
	if m.Has(key) {
		c.mistake(theObject, kube.Path{kube.Field(field), kube.Key(key)}, fmt.Errorf("given twice: in %s and as %s", field, keyword), keyword)
		return
	}
	if err := m.Put(key, v); err != nil {
		c.mistake(theObject, kube.Fields(field), err, keyword)
	}
}
