package builtins

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starctl/starctl/builtins/declared"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube/check"
	"github.com/starctl/starctl/link"
	"github.com/starctl/starctl/starlark/diag"
)

// vet -> module
//
// vet is what a file says to the checks of `starctl vet`: vet.silence, vet.external.
func vetModule() starlark.Value {
	return &starlarkstruct.Module{Name: "vet", Members: starlark.StringDict{
		"external": starlark.NewBuiltin("vet.external", vetExternal),
		"silence":  starlark.NewBuiltin("vet.silence", vetSilence),
	}}
}

// vet.silence(object, *checks, reason) -> object
//
// Accepts what a check finds: vet.silence(app, "scaled-replicas", reason = "the autoscaler is off in dev").
//
// Args:
//
//	object: the object that it is about, which is returned; None for all objects of this file.
//	checks: the names of checks, which stand in brackets behind their messages.
//	reason: why it is meant to be so; `starctl vet` prints it.
func vetSilence(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	const usage = `want an object or None, names of checks, and reason = "why"`
	if len(args) < 2 {
		return nil, fmt.Errorf("%s: %s", b.Name(), usage)
	}
	d := &declaration{run: typed.RunOf(thread), name: b.Name()}
	reason := d.reason(kwargs)
	var r *typed.Record
	if args[0] != starlark.None {
		if r = d.object(args[0], "[0]"); r == nil {
			return args[0], nil
		}
	}
	for i, v := range args[1:] {
		d.silence(r, v, reason, fmt.Sprintf("[%d]", i+1))
	}
	return args[0], nil
}

// reason returns why a check is silenced, or reports that it is not said.
func (d *declaration) reason(kwargs []starlark.Tuple) string {
	reason, given := "", false
	for _, kw := range kwargs {
		name := string(kw[0].(starlark.String))
		if name != "reason" {
			d.mistake(nil, &typed.Error{Err: fmt.Errorf("no keyword %q", name), Suggest: "reason"}, name)
			given = true
			continue
		}
		given = true
		s, ok := kw[1].(starlark.String)
		if !ok {
			d.mistake(nil, fmt.Errorf("reason: got %s, want string", kindOf(kw[1])), name)
		} else if reason = strings.TrimSpace(string(s)); reason == "" {
			d.mistake(nil, errors.New("reason: got an empty string, want why it is meant to be so"), name)
		}
	}
	if !given {
		d.mistake(nil, &typed.Error{Err: errors.New("a check is silenced for a reason"), Help: []string{`add reason = "..."`}})
	}
	return reason
}

// checkNames lists all that can be silenced: what package check finds, what package link warns of, and what package starctl
// itself says of the objects that main returned.
func checkNames() []string {
	return slices.Concat(check.Names(), link.Checks(), []string{"no-objects", "returned-twice"})
}

// silence declares that what a check finds is meant to be so.
func (d *declaration) silence(r *typed.Record, v starlark.Value, reason string, names ...string) {
	name, ok := v.(starlark.String)
	if !ok {
		d.mistake(r, fmt.Errorf("got %s, want the name of a check", kindOf(v)), names...)
		return
	}
	if known := checkNames(); !slices.Contains(known, string(name)) {
		d.mistake(r, &typed.Error{Err: fmt.Errorf("there is no check %s", name), Suggest: diag.Nearest(string(name), known)}, names...)
		return
	}
	s := declared.Silence{Check: string(name), Reason: reason, Place: d.run.Here(names...)}
	if r != nil {
		r.Declare(s)
	} else {
		d.run.Declare(s)
	}
}

var externalForm = sync.OnceValue(func() *form {
	return newForm("vet.external", "core.v1.ObjectReference", 1, "name").shape(theObject, "kind", "namespace").done()
})

// vet.external(name, *, kind = None, namespace = None) -> string
//
// Says that something else makes the object that is called so, and returns the name: no check asks who declares it.
// config_volume(vet.external("platform-ca")), service_account_name = vet.external("runner", kind = "ServiceAccount").
//
// Args:
//
//	name: of a ConfigMap, Secret, ServiceAccount, Service or other object that is referred to; "*" for any.
//	kind: of the object; by default any.
//	namespace: of the object; by default any.
func vetExternal(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := externalForm().begin(thread, args, kwargs)
	e := declared.External{Name: c.text("name"), Kind: c.text("kind"), Namespace: c.text("namespace"), Place: c.run.Here()}
	if e.Name != "" {
		c.run.Declare(e)
	}
	return starlark.String(e.Name), nil
}
