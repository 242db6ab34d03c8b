package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
)

var subjectForm = sync.OnceValue(func() *form {
	f := newForm("subject", "rbac.v1.Subject", 2, "kind", "name")
	return f.fields(theObject, "", "apiGroup", "kind", "name").done()
})

// rbacGroup is the API group of users and groups in bindings.
const rbacGroup = "rbac.authorization.k8s.io"

// subject(kind, name, *, namespace = None) -> Subject
//
// Whom a role_binding or cluster_role_binding is for, where no ServiceAccount object is at hand:
// subject("Group", "developers"), subject("ServiceAccount", "prometheus", namespace = "monitoring").
//
// Args:
//
//	kind: "User", "Group" or "ServiceAccount".
//	name: of the user, the group or the ServiceAccount.
//	namespace: of the ServiceAccount; by default that of the target.
func subject(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := subjectForm().begin(thread, args, kwargs)
	r := c.records[theObject]
	kind := c.arg("kind")
	switch kind {
	case starlark.String("User"), starlark.String("Group"):
		put(r, "kind", kind)
		put(r, "apiGroup", starlark.String(rbacGroup))
		if r.Get("namespace") != nil {
			c.mistake(theObject, kube.Fields("namespace"), fmt.Errorf("a %s belongs to no namespace", string(kind.(starlark.String))), "namespace")
		}
	case starlark.String("ServiceAccount"):
		put(r, "kind", kind)
	case nil: // reported as missing
	default:
		c.mistake(theObject, kube.Fields("kind"), oneOfStrings(kind, "User", "Group", "ServiceAccount"), "kind")
	}
	c.set(theObject, "name", c.arg("name"), "name")
	return r, nil
}

// subjects sets whom a binding is for.
func (c *call) subjects() {
	v := c.arg("subjects")
	if v == nil && !c.lacks("subjects") {
		return
	}
	if v == nil {
		c.mistake(theObject, kube.Fields("subjects"), fmt.Errorf("a %s needs subjects, such as [sa] or [subject(\"Group\", \"developers\")]", c.kind()))
		return
	}
	if _, ok := v.(*typed.Record); ok {
		v = starlark.Tuple{v}
	}
	seq, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); !ok || text {
		c.mistake(theObject, kube.Fields("subjects"), fmt.Errorf("got %s, want a list of ServiceAccounts or subject(...)", kindOf(v)), "subjects")
		return
	}
	list := c.records[theObject].Items("subjects")
	for i := range seq.Len() {
		s, err := c.subject(seq.Index(i))
		if err == nil {
			err = list.Append(s)
		}
		if err != nil {
			c.mistake(theObject, kube.Fields("subjects"), err, "subjects", fmt.Sprintf("[%d]", i))
		}
	}
}

// subject returns a Subject for a ServiceAccount, and anything else as it is.
func (c *call) subject(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *typed.Record:
		if v.Schema().Kind == "ServiceAccount" {
			return c.accountSubject(v)
		}
		if v.Schema().Kind != "" {
			return nil, fmt.Errorf("got %s, want a ServiceAccount or subject(...)", v.Schema().Kind)
		}
	case starlark.String:
		return nil, &typed.Error{Err: fmt.Errorf("got string, want a ServiceAccount or subject(...)"), Help: []string{
			fmt.Sprintf("write subject(%q, %s), or %q or %q", "ServiceAccount", v, "User", "Group"),
		}}
	}
	return v, nil
}

func (c *call) accountSubject(account *typed.Record) (starlark.Value, error) {
	name, err := nameOf(account)
	if err != nil {
		return nil, err
	}
	s := c.run.New(subjectForm().sections[theObject].typ)
	if err := s.Put("name", name); err != nil {
		return nil, err
	}
	put(s, "kind", starlark.String("ServiceAccount"))
	if ns := account.ID().Namespace; ns != "" {
		put(s, "namespace", starlark.String(ns))
	}
	return s, nil
}

// bind sets what is given by a binding, a role of one of the kinds.
func (c *call) bind(keyword string, kinds ...string) {
	v := c.arg(keyword)
	if v == nil {
		return
	}
	ref := c.records[theObject].Child("roleRef")
	name, err := reference(v, kinds...)
	if err != nil {
		ref.Poison()
		c.mistake(theObject, kube.Fields("roleRef"), err, keyword)
		return
	}
	kind := kinds[0]
	if r, ok := v.(*typed.Record); ok {
		kind = r.Schema().Kind
	}
	put(ref, "apiGroup", starlark.String(rbacGroup))
	put(ref, "kind", starlark.String(kind))
	if err := ref.Put("name", name); err != nil {
		c.mistake(theObject, kube.Fields("roleRef"), err, keyword)
	}
}
