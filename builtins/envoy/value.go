package envoy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// wrong is the error of a value of another type.
func wrong(v starlark.Value, want string, help ...string) *typed.Error {
	return &typed.Error{Err: fmt.Errorf("got %s, want %s", kindOf(v), want), Help: help}
}

// kindOf says what a value is: the kind of an object, else its type.
func kindOf(v starlark.Value) string {
	if r, ok := v.(*typed.Record); ok {
		return r.Schema().Short()
	}
	return typed.Describe(v)
}

func text(dst *string, v starlark.Value) error {
	s, ok := v.(starlark.String)
	switch {
	case !ok:
		return wrong(v, "string")
	case s == "":
		return fmt.Errorf("got an empty string")
	}
	*dst = string(s)
	return nil
}

// name reads a name, or the name of an object of that kind.
func name(dst *string, v starlark.Value, kind string) error {
	r, ok := v.(*typed.Record)
	if !ok || r.Schema().Kind != kind {
		if _, ok := v.(starlark.String); ok {
			return text(dst, v)
		}
		return wrong(v, "a "+kind+" or its name")
	}
	if *dst = r.ID().Name; *dst == "" {
		return fmt.Errorf("the %s has no metadata.name yet", kind)
	}
	return nil
}

// word reads one of a set of words.
func word(dst *string, v starlark.Value, known ...string) error {
	if err := text(dst, v); err != nil {
		return err
	}
	for _, k := range known {
		if *dst == k {
			return nil
		}
	}
	got := *dst
	*dst = ""
	near := diag.Nearest(got, known)
	if near == "" {
		near = otherWords[strings.ToLower(got)]
	}
	return &typed.Error{Err: fmt.Errorf("got %q, want %s", got, alternatives(known)), Suggest: near}
}

// otherWords are what protocols and modes are called elsewhere.
var otherWords = map[string]string{
	"h2": "http2", "h2c": "http2", "http/2": "http2", "http1": "http", "http1.1": "http", "http/1.1": "http", "redis": "tcp",
	"mysql": "tcp", "postgres": "tcp", "postgresql": "tcp", "mongo": "tcp", "kafka": "tcp", "sidecar": "native",
	"warn": "warning", "err": "error",
}

// alternatives writes "a", "b" or "c".
func alternatives(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(w))
	}
	return b.String()
}

// number reads an integer within bounds.
func number(dst *int, v starlark.Value, low, high int) error {
	i, ok := v.(starlark.Int)
	if !ok {
		return wrong(v, "int", digits(v)...)
	}
	n, ok := i.Int64()
	if !ok || n < int64(low) || n > int64(high) {
		return fmt.Errorf("got %s, want a number from %d to %d", i, low, high)
	}
	*dst = int(n)
	return nil
}

// count reads a number of which 0 means none, which package envoy knows as None.
func count(dst *int, v starlark.Value, most int) error {
	if err := number(dst, v, 0, most); err != nil {
		return err
	}
	if *dst == 0 {
		*dst = config.None
	}
	return nil
}

// percent reads a number from 0 to 100.
func percent(dst *float64, v starlark.Value) error {
	f, ok := starlark.AsFloat(v)
	if !ok {
		return wrong(v, "a number from 0 to 100", digits(v)...)
	}
	if !(f >= 0 && f <= 100) {
		return fmt.Errorf("got %s, want a number from 0 to 100", v)
	}
	*dst = f
	return nil
}

// digits says how to write a string that holds a number.
func digits(v starlark.Value) []string {
	s, ok := v.(starlark.String)
	if !ok {
		return nil
	}
	if _, err := strconv.Atoi(string(s)); err != nil {
		return nil
	}
	return []string{"write " + string(s)}
}

func port(dst *int, v starlark.Value) error {
	if s, ok := v.(starlark.String); ok && len(digits(v)) == 0 {
		return &typed.Error{Err: fmt.Errorf("got %s, want the number that the Pods listen on: a DNS name knows no port names", s)}
	}
	if _, ok := v.(starlark.Int); !ok {
		return wrong(v, "a port, 1 to 65535", digits(v)...)
	}
	if number(dst, v, 1, 65535) != nil {
		return fmt.Errorf("got %s, want a port, 1 to 65535", v)
	}
	return nil
}

func flag(dst *bool, v starlark.Value) error {
	b, ok := v.(starlark.Bool)
	if !ok {
		return wrong(v, "bool")
	}
	*dst = bool(b)
	return nil
}

// duration reads "5s" or "250ms". A number says nothing of its unit.
func duration(dst *time.Duration, v starlark.Value) error {
	s, ok := v.(starlark.String)
	if !ok {
		switch v.(type) {
		case starlark.Int, starlark.Float:
			return wrong(v, `a duration such as "5s" or "250ms"`, fmt.Sprintf("write %q for seconds, %q for milliseconds", v.String()+"s", v.String()+"ms"))
		}
		return wrong(v, `a duration such as "5s" or "250ms"`)
	}
	d, err := time.ParseDuration(string(s))
	switch {
	case err != nil:
		e := &typed.Error{Err: fmt.Errorf(`got %q, want a duration such as "5s" or "250ms"`, string(s))}
		if _, err := strconv.ParseFloat(string(s), 64); err == nil {
			e.Help = []string{fmt.Sprintf("write %q for seconds, %q for milliseconds", string(s)+"s", string(s)+"ms")}
		}
		return e
	case d <= 0:
		return fmt.Errorf("got %q, want more than nothing", string(s))
	}
	*dst = d
	return nil
}

// timeout is a duration that may be "never".
func timeout(dst *time.Duration, v starlark.Value) error {
	if s, ok := v.(starlark.String); ok {
		switch s {
		case "never":
			*dst = config.Never
			return nil
		case "0", "0s", "0ms":
			return &typed.Error{Err: fmt.Errorf("got %q, want a duration such as \"5s\"", string(s)), Help: []string{`"never" switches the timeout off`}}
		}
	}
	return duration(dst, v)
}

// sequence returns the items of a list or tuple.
func sequence(v starlark.Value, want string) ([]starlark.Value, error) {
	x, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); !ok || text {
		e := wrong(v, want)
		if text {
			e.Help = []string{"put it into a list: [...]"}
		}
		return nil, e
	}
	list := make([]starlark.Value, x.Len())
	for i := range list {
		list[i] = x.Index(i)
	}
	return list, nil
}

func texts(dst *[]string, v starlark.Value) error {
	list, err := sequence(v, "a list of strings")
	if err != nil {
		return err
	}
	*dst = make([]string, len(list))
	for i, x := range list {
		if err := text(&(*dst)[i], x); err != nil {
			return typed.Within(kube.Path{kube.Item(i, "")}, err)
		}
	}
	return nil
}

// overrides reads a dict of Envoy's own fields. It is copied, as the caller may change its own later, and frozen, as files that
// load this one may read it at the same time.
func overrides(r *reader, dst *kube.Node, v starlark.Value) error {
	switch v.(type) {
	case *starlark.Dict, *typed.Map:
		v = typed.Copy(r.run, v)
		v.Freeze()
		*dst = typed.Node(v)
		return nil
	}
	return wrong(v, "a dict of Envoy's own fields")
}

// pairs returns the entries of a dict whose keys are strings.
func pairs(v starlark.Value, want string) ([]pair, error) {
	m, ok := v.(starlark.IterableMapping)
	if !ok {
		return nil, wrong(v, want)
	}
	items := m.Items()
	list := make([]pair, len(items))
	for i, kv := range items {
		k, ok := kv[0].(starlark.String)
		if !ok {
			return nil, fmt.Errorf("got the key %s, want string", kv[0])
		}
		list[i] = pair{string(k), kv[1]}
	}
	return list, nil
}

type pair struct {
	key   string
	value starlark.Value
}
