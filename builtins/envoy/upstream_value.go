package envoy

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/starlark/diag"
)

var (
	_ starlark.HasAttrs   = (*Upstream)(nil)
	_ starlark.Comparable = (*Upstream)(nil)
)

// String writes the Upstream as the call that made it.
func (u *Upstream) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "envoy.upstream(%q", u.Name)
	for _, kw := range u.Given {
		if kw[1] != starlark.None {
			fmt.Fprintf(&b, ", %s = %s", string(kw[0].(starlark.String)), kw[1])
		}
	}
	return b.String() + ")"
}

// Type is upstream.
func (u *Upstream) Type() string { return "upstream" }

// Freeze does nothing: an Upstream does not change.
func (u *Upstream) Freeze() {}

// Truth is always true.
func (u *Upstream) Truth() starlark.Bool { return true }

// Hash fails: what was given may be lists and dicts.
func (u *Upstream) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: upstream") }

// Attr returns what a keyword was given, or its default; None if that depends on more than the Upstream.
func (u *Upstream) Attr(attr string) (starlark.Value, error) {
	if attr == "name" {
		return starlark.String(u.Name), nil
	}
	if v := lookup(u.Given, attr); v != nil {
		return v, nil
	}
	switch attr {
	case "service":
		return starlark.String(u.Name), nil
	case "protocol":
		return starlark.String(config.GRPC), nil
	case "discovery":
		if len(u.Addresses) > 0 {
			return starlark.String(config.Static), nil
		}
		return starlark.String(config.DNS), nil
	case "lb":
		return starlark.String("round_robin"), nil
	}
	if slices.Contains(upstreamKeywords, attr) {
		return starlark.None, nil
	}
	return nil, diag.Diagnostic{Message: "an upstream has no " + attr, Suggest: diag.Nearest(attr, upstreamKeywords)}
}

// AttrNames lists the keywords.
func (u *Upstream) AttrNames() []string { return upstreamKeywords }

// CompareSameType compares what was given.
func (u *Upstream) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	v := y.(*Upstream)
	same := u.Name == v.Name && sameArguments(u.Given, v.Given)
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("upstream %s upstream is not defined", op)
}

// sameArguments reports whether two calls were given the same keywords, in whatever order.
func sameArguments(a, b []starlark.Tuple) bool {
	n := 0
	for _, kw := range a {
		if kw[1] == starlark.None {
			continue
		}
		n++
		v := lookup(b, string(kw[0].(starlark.String)))
		if v == nil {
			return false
		}
		if same, err := typed.Equal(kw[1], v); err != nil || !same {
			return false
		}
	}
	for _, kw := range b {
		if kw[1] != starlark.None {
			n--
		}
	}
	return n == 0
}
