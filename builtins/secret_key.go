package builtins

import (
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

const theKey = 1 // the section of an EnvVarSource's form that says where the value is

var secretKeyForm = sync.OnceValue(func() *form {
	return newKeyForm("secret_key", "secretKeyRef", "secret")
})

// newKeyForm starts the form of an EnvVarSource that reads a key of an object.
func newKeyForm(name, field, of string) *form {
	f := newForm(name, "core.v1.EnvVarSource", 2, of, "key")
	f.inside(theObject, field)
	return f.fields(theKey, "", "key", "name").done()
}

// secret_key(secret, key, *, optional = None) -> EnvVarSource
//
// The value of a variable, read from a Secret when the container starts: env = {"PASSWORD": secret_key("db", "password")}.
//
// Args:
//
//	secret: the Secret's name, or the object.
//	key: the key in its data.
//	optional: whether the container starts, without the variable, where the Secret or the key is missing; Kubernetes takes
//	  False if it is left out.
func secretKey(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return secretKeyForm().keyOf("secret", "Secret", thread, args, kwargs)
}

// keyOf makes an EnvVarSource of a key of an object of some kind.
func (f *form) keyOf(of, kind string, thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := f.begin(thread, args, kwargs)
	c.setName(theKey, "name", of, kind)
	c.set(theKey, "key", c.arg("key"), "key")
	return c.records[theObject], nil
}

// setName sets a field to the name in a required keyword, which may be given as an object of one of the kinds, and returns it.
func (c *call) setName(sec int, field, keyword string, kinds ...string) starlark.String {
	v := c.arg(keyword)
	if v == nil { // reported as missing
		c.record(sec).Poison()
		return ""
	}
	name, err := reference(v, kinds...)
	if err != nil {
		c.mistake(sec, kube.Fields(field), err, keyword)
		return ""
	}
	if err := c.record(sec).Put(field, name); err != nil {
		c.mistake(sec, nil, err, keyword)
		return ""
	}
	return name
}
