package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var serviceAccountForm = sync.OnceValue(func() *form {
	return newObjectForm("service_account", "core.v1.ServiceAccount").fields(theObject, "", "apiVersion", "kind", "metadata").done()
})

// service_account(name, *, automount_service_account_token = None, image_pull_secrets = None, secrets = None,
// namespace = None, labels = {}, annotations = {}) -> ServiceAccount
//
// A ServiceAccount: whom Pods act as, by service_account_name = sa; role_binding(subjects = [sa]) gives it permissions.
//
// Args:
//
//	name: of the ServiceAccount.
//	automount_service_account_token: whether Pods get its token as a file; Kubernetes takes True.
//	image_pull_secrets: a list as in the API: [{"name": "registry"}].
//	secrets: a list as in the API.
//	namespace: a name or Namespace object; by default that of the target.
//	labels, annotations: of the ServiceAccount.
func serviceAccount(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return serviceAccountForm().plain(thread, args, kwargs)
}

// plain makes an object that has but metadata and fields.
func (f *form) plain(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := f.begin(thread, args, kwargs)
	c.plainMetadata()
	return c.records[theObject], nil
}
