package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var claimTemplateForm = sync.OnceValue(func() *form {
	f := newForm("claim_template", "core.v1.PersistentVolumeClaim", 0, "storage")
	f.inside(theObject, "metadata")
	f.inside(theObject, "spec")
	f.sections = append(f.sections, section{typ: types().volumeMount, parent: -1, room: 2})
	f.shape(theObject, "name").shape(theMetadata, "labels", "annotations")
	f.fields(theSpec, "").fields(theClaimMount, "mount_", "mountPath", "name")
	return f.done()
})

const theClaimMount = theSpec + 1

// claim_template(storage, *, access_modes = ["ReadWriteOnce"], storage_class_name = None, name = None, labels = {},
// annotations = {}, sub_path = None, sub_path_expr = None, read_only = None, recursive_read_only = None,
// mount_propagation = None, ...) -> volume
//
// A PersistentVolumeClaim for each Pod of a stateful_set: volumes = {"/var/lib/db": claim_template("10Gi", name = "data")}.
// Every field of PersistentVolumeClaimSpec is a keyword.
//
// Args:
//
//	storage: how much to ask for, a quantity such as "10Gi".
//	access_modes: a list of "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany" and "ReadWriteOncePod".
//	storage_class_name: the kind of storage, a name or StorageClass object; by default the cluster's default.
//	name: of the claim and of the volume; Kubernetes calls the claims NAME-POD. By default the last part of the path that
//	  it is mounted at. Give one: with another name the Pods get new, empty volumes.
//	labels, annotations: of the claims.
//	sub_path, sub_path_expr, read_only, recursive_read_only, mount_propagation: as config_volume's.
func claimTemplate(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := claimTemplateForm().begin(thread, args, kwargs)
	c.claimSpec()
	if v := c.arg("labels"); v != nil {
		c.set(theMetadata, "labels", v, "labels")
	}
	if v := c.arg("annotations"); v != nil {
		c.set(theMetadata, "annotations", v, "annotations")
	}
	return &volume{name: c.text("name"), claim: c.records[theObject], mount: c.records[theClaimMount]}, nil
}
