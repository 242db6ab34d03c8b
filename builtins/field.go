package builtins

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

var fieldForm = sync.OnceValue(func() *form {
	f := newForm("field", "core.v1.EnvVarSource", 1, "path")
	f.inside(theObject, "fieldRef")
	return f.fields(theKey, "", "fieldPath").done()
})

// podFields are the fields that a variable can be read from.
// https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#downwardapi-fieldRef
var podFields = []string{
	"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
	"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
}

// field(path, *, api_version = None) -> EnvVarSource
//
// The value of a variable, read from the Pod that the container runs in: env = {"POD_IP": field("status.podIP")}.
//
// Args:
//
//	path: metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'],
//	  spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP or status.podIPs
//	  (https://kubernetes.io/docs/concepts/workloads/pods/downward-api/).
//	api_version: the version of the Pod's schema; Kubernetes takes "v1".
func field(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := fieldForm().begin(thread, args, kwargs)
	if path, ok := c.arg("path").(starlark.String); ok {
		if err := checkPodField(string(path)); err != nil {
			c.mistake(theKey, kube.Fields("fieldPath"), err, "path")
			return c.records[theObject], nil
		}
	}
	c.set(theKey, "fieldPath", c.arg("path"), "path")
	return c.records[theObject], nil
}

func checkPodField(path string) error {
	if slices.Contains(podFields, path) || subscripted(path, "metadata.labels") || subscripted(path, "metadata.annotations") {
		return nil
	}
	if path == "metadata.labels" || path == "metadata.annotations" {
		return fmt.Errorf("a variable holds one of them: write %s['KEY']", path)
	}
	err := &typed.Error{Err: fmt.Errorf("a variable cannot be read from %q", path), Suggest: diag.Nearest(path, podFields)}
	if strings.HasPrefix(path, "limits.") || strings.HasPrefix(path, "requests.") {
		err = &typed.Error{Err: errors.New("a container's resources are no field"), Help: []string{fmt.Sprintf("write resource_field(%q)", path)}}
	}
	return err
}

// subscripted reports whether path is base['KEY'].
func subscripted(path, base string) bool {
	key, ok := strings.CutPrefix(path, base+"['")
	return ok && len(key) > len("']") && strings.HasSuffix(key, "']")
}
