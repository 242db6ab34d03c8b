package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

var persistentVolumeClaimForm = sync.OnceValue(func() *form {
	f := newObjectForm("persistent_volume_claim", "core.v1.PersistentVolumeClaim")
	f.inside(theObject, "spec")
	return f.shape(theSpec, "storage").fields(theSpec, "").done()
})

// persistent_volume_claim(name, *, storage, access_modes = ["ReadWriteOnce"], storage_class_name = None, namespace = None,
// labels = {}, annotations = {}, ...) -> PersistentVolumeClaim
//
// A PersistentVolumeClaim; workloads mount it with claim(...). Every field of PersistentVolumeClaimSpec is a keyword.
//
// Args:
//
//	name: of the claim.
//	storage: how much to ask for, a quantity such as "10Gi"; or resources = {"requests": {...}} as in the API.
//	access_modes: a list of "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany" and "ReadWriteOncePod".
//	storage_class_name: the kind of storage, a name or StorageClass object; by default the cluster's default, "" for none.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the claim.
func persistentVolumeClaim(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := persistentVolumeClaimForm().begin(thread, args, kwargs)
	c.plainMetadata()
	c.claimSpec()
	return c.records[theObject], nil
}

// claimSpec sets what persistent_volume_claim and claim_template reshape.
func (c *call) claimSpec() {
	spec := c.record(theSpec)
	if spec.Get("accessModes") == nil && !spec.Poisoned() {
		put(spec, "accessModes", starlark.Tuple{starlark.String("ReadWriteOnce")})
	}
	storage := c.arg("storage")
	requests := spec.Child("resources").Entries("requests")
	switch {
	case c.lacks("storage") && !requests.Has("storage") && !spec.Poisoned():
		c.mistake(theSpec, storagePath(), fmt.Errorf(`%s needs storage, such as "10Gi"`, c.name))
	case storage != nil && requests.Has("storage"):
		c.mistake(theSpec, storagePath(), fmt.Errorf("given twice: in resources and as storage"), "storage")
	case storage != nil:
		if err := requests.Put("storage", storage); err != nil {
			c.mistake(theSpec, nil, typed.Within(kube.Fields("resources", "requests"), err), "storage")
		}
	}
}

func storagePath() kube.Path { return kube.Fields("resources", "requests").With(kube.Key("storage")) }
