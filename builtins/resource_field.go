package builtins

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

var resourceFieldForm = sync.OnceValue(func() *form {
	f := newForm("resource_field", "core.v1.EnvVarSource", 1, "resource")
	f.inside(theObject, "resourceFieldRef")
	return f.fields(theKey, "", "resource").done()
})

// resource_field(resource, *, container_name = None, divisor = None) -> EnvVarSource
//
// The value of a variable, read from what a container may use: env = {"GOMEMLIMIT": resource_field("limits.memory")}.
//
// Args:
//
//	resource: limits.cpu, limits.memory, limits.ephemeral-storage, requests.cpu, requests.memory or
//	  requests.ephemeral-storage.
//	container_name: the container that is meant; by default the one whose variable it is.
//	divisor: the unit, a quantity: with "1Mi" a limit of 256Mi reads as 256; Kubernetes takes "1" and rounds up.
func resourceField(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := resourceFieldForm().begin(thread, args, kwargs)
	if name, ok := c.arg("resource").(starlark.String); ok && !isContainerResource(string(name)) {
		c.mistake(theKey, kube.Fields("resource"), &typed.Error{
			Err: fmt.Errorf("a variable cannot be read from %s", name), Suggest: diag.Nearest(string(name), containerResources),
		}, "resource")
		return c.records[theObject], nil
	}
	c.set(theKey, "resource", c.arg("resource"), "resource")
	return c.records[theObject], nil
}

// containerResources are what a variable can be read from, besides those of huge pages.
// https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#downwardapi-resourceFieldRef
var containerResources = []string{
	"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
}

func isContainerResource(s string) bool {
	return slices.Contains(containerResources, s) || strings.HasPrefix(s, "limits.hugepages-") || strings.HasPrefix(s, "requests.hugepages-")
}
