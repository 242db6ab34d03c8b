package project

import (
	"fmt"

	"go.starlark.net/starlark"
)

// Context is ctx: where a deploy file is being evaluated for. What is not known is None; reading anything else is an error.
type Context struct {
	Target, Cluster, Namespace, Region, Kubernetes string
}

// For returns what main gets on the target; t is nil for none. namespace, if not "", wins over the target's.
func (t *Target) For(namespace string) *Context {
	if t == nil {
		return &Context{Namespace: namespace}
	}
	c := &Context{t.Name, t.Context, t.Namespace, t.Region, t.Kubernetes}
	if namespace != "" {
		c.Namespace = namespace
	}
	return c
}

var _ starlark.HasAttrs = (*Context)(nil)

func (c *Context) String() string        { return fmt.Sprintf("ctx(target = %q)", c.Target) }
func (c *Context) Type() string          { return "ctx" }
func (c *Context) Freeze()               {}
func (c *Context) Truth() starlark.Bool  { return true }
func (c *Context) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: ctx") }

// AttrNames lists what ctx has.
func (c *Context) AttrNames() []string {
	return []string{"cluster", "kubernetes", "namespace", "region", "target"}
}

// Attr returns a part of ctx.
func (c *Context) Attr(name string) (starlark.Value, error) {
	var s string
	switch name {
	case "target":
		s = c.Target
	case "cluster":
		s = c.Cluster
	case "namespace":
		s = c.Namespace
	case "region":
		s = c.Region
	case "kubernetes":
		s = c.Kubernetes
	default:
		return nil, c.unknown(name)
	}
	if s == "" {
		return starlark.None, nil
	}
	return starlark.String(s), nil
}

// unknown says what there is; the interpreter adds the nearest name.
func (c *Context) unknown(name string) error {
	return starlark.NoSuchAttrError("ctx has no ." + name + ": it has target, cluster, namespace, region and kubernetes")
}
