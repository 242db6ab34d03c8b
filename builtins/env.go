package builtins

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

// env sets the container's variables from a dict: text, numbers, and where to take a value from.
func (w *workload) env(v starlark.Value) {
	items, ok := pairs(v)
	if !ok {
		w.mistake(w.form.container, kube.Fields("env"), fmt.Errorf(`got %s, want a dict such as {"LOG_LEVEL": "info"}`, kindOf(v)), "env")
		return
	}
	list := make(starlark.Tuple, 0, size(v))
	for k, v := range items {
		if x := w.variable(k, v); x != nil {
			list = append(list, x)
		}
	}
	put(w.record(w.form.container), "env", list)
}

// variable makes an EnvVar, or nil for one that is left out.
func (w *workload) variable(k, v starlark.Value) starlark.Value {
	name, ok := k.(starlark.String)
	if !ok {
		w.mistake(w.form.container, kube.Fields("env"), fmt.Errorf("got %s %s, want a variable's name as string", kindOf(k), k), "env")
		return nil
	}
	if v == starlark.None {
		return nil
	}
	x := w.run.NewPart(types().envVar, 2)
	put(x, "name", k)
	r, ok := v.(*typed.Record)
	if _, raw := v.(*starlark.Dict); raw || ok && r.Schema() == types().envVarSource {
		if err := x.Put("valueFrom", v); err != nil {
			w.badVariable(name, unwrapped(v, err))
			return nil
		}
	} else {
		text, err := envText(v)
		if err != nil {
			w.badVariable(name, typed.Within(kube.Fields("value"), err))
			return nil
		}
		put(x, "value", text)
	}
	return x
}

// unwrapped says what to write where a variable is given as an item of the API's list.
func unwrapped(v starlark.Value, err error) error {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return err
	}
	for _, key := range []string{"value", "valueFrom"} {
		if inner, ok, _ := d.Get(starlark.String(key)); ok && d.Len() == 1 {
			return &typed.Error{Err: fmt.Errorf("got a dict with the key %s, want what belongs to it", key), Help: []string{"write env = {NAME: " + inner.String() + "}"}}
		}
	}
	return err
}

func (w *workload) badVariable(name starlark.String, err error) {
	w.mistake(w.form.container, kube.Path{kube.Field("env"), kube.Item(0, string(name))}, err, "env", string(name))
}

// envText is the text of a variable, a number's as str writes it.
func envText(v starlark.Value) (starlark.Value, error) {
	switch b := v.(type) {
	case starlark.String:
		return v, nil
	case starlark.Int, starlark.Float:
		return starlark.String(v.String()), nil
	case starlark.Bool:
		return nil, &typed.Error{Err: fmt.Errorf("got bool, want string"), Help: []string{fmt.Sprintf("write %q", strconv.FormatBool(bool(b)))}}
	}
	return nil, typed.Wrong(kindOf(v), v, "a string, a number, secret_key(...), config_key(...), field(...) or resource_field(...)")
}
