package builtins

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

var ruleForm = sync.OnceValue(func() *form {
	f := newForm("rule", "rbac.v1.PolicyRule", 1, "verbs", "resources")
	f.shape(theObject, "non_resource_urls")
	return f.fields(theObject, "", "nonResourceURLs", "resources", "verbs").done()
})

// rule(verbs, resources = None, *, api_groups = None, resource_names = None, non_resource_urls = None) -> PolicyRule
//
// One rule of a role: rule(["get", "list"], "pods"), rule("*", "deployments/scale"), rule("get", "widgets.example.com").
//
// Args:
//
//	verbs: a string or a list: get, list, watch, create, update, patch, delete, deletecollection, or "*".
//	resources: a string or a list: "pods", "pods/log", "deployments", or "RESOURCE.GROUP" for custom ones. The API group of
//	  Kubernetes' own is known; resources of several groups take several rules.
//	api_groups: the groups, "" for the core's; resources are then taken as they are.
//	resource_names: only the objects with these names.
//	non_resource_urls: paths of the API server such as "/healthz", instead of resources; only in a cluster_role.
func rule(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c := ruleForm().begin(thread, args, kwargs)
	if s, ok := c.arg("verbs").(starlark.String); ok && isResource(string(s)) {
		c.mistake(theObject, kube.Fields("verbs"), &typed.Error{
			Err: fmt.Errorf("%s is a resource, and verbs come first", s), Help: []string{fmt.Sprintf("write rule([\"get\"], %s)", s)},
		}, "verbs")
		return c.records[theObject], nil
	}
	c.set(theObject, "verbs", listed(c.arg("verbs")), "verbs")
	urls := c.arg("non_resource_urls")
	if urls != nil {
		c.set(theObject, "nonResourceURLs", listed(urls), "non_resource_urls")
	}
	switch resources := c.arg("resources"); {
	case resources == nil && c.arg("verbs") == nil: // reported as missing
	case resources == nil && urls == nil:
		c.mistake(theObject, kube.Fields("resources"), errors.New(`a rule needs resources, such as "pods"`))
	case resources != nil && urls != nil:
		c.mistake(theObject, kube.Fields("nonResourceURLs"), errors.New("give resources or non_resource_urls, not both"), "non_resource_urls")
	case resources != nil:
		c.resources(listed(resources))
	}
	return c.records[theObject], nil
}

// listed makes a list of one string.
func listed(v starlark.Value) starlark.Value {
	if _, ok := v.(starlark.String); ok {
		return starlark.Tuple{v}
	}
	return v
}

// resources sets the resources of a rule, and their group if it is not given.
func (c *call) resources(v starlark.Value) {
	r := c.records[theObject]
	seq, ok := v.(starlark.Indexable)
	if !ok || r.Get("apiGroups") != nil {
		c.set(theObject, "resources", v, "resources")
		return
	}
	var groups []string
	list := make(starlark.Tuple, seq.Len())
	for i := range list {
		list[i] = seq.Index(i)
		s, ok := list[i].(starlark.String)
		if !ok {
			continue // Put says so
		}
		resource, group, err := splitResource(string(s))
		if err != nil {
			c.mistake(theObject, kube.Fields("resources"), err, "resources", fmt.Sprintf("[%d]", i))
			continue
		}
		list[i] = starlark.String(resource)
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	c.set(theObject, "resources", list, "resources")
	if len(groups) > 1 {
		c.mistake(theObject, kube.Fields("apiGroups"),
			fmt.Errorf("the resources are of the groups %q: write a rule for each, since a rule allows every resource in every group", groups), "resources")
	} else if len(groups) == 1 {
		put(r, "apiGroups", starlark.Tuple{starlark.String(groups[0])})
	}
}

// splitResource returns the resource, with its subresource, and the group in "deployments/scale" or "widgets.example.com".
func splitResource(s string) (resource, group string, err error) {
	name, sub, _ := strings.Cut(s, "/")
	if sub != "" {
		sub = "/" + sub
	}
	if plural, group, ok := strings.Cut(name, "."); ok {
		return plural + sub, group, nil
	}
	if name == "*" {
		return "", "", errors.New(`"*" needs api_groups, such as [""] for the core's, or ["*"]`)
	}
	known := groupsOfResources()
	if group, ok := known[name]; ok {
		return s, group, nil
	}
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	e := &typed.Error{Err: fmt.Errorf("there is no resource %q in Kubernetes", name), Suggest: diag.Nearest(name, names)}
	if e.Suggest == "" {
		e.Help = []string{fmt.Sprintf("write %q for a custom one, or give api_groups", name+".GROUP")}
	}
	return "", "", e
}

// groupsOfResources says in which group each of Kubernetes' own resources is; where it is in several, in the core's.
var groupsOfResources = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for _, group := range schema.Kubernetes().Fields {
		for _, version := range modules(group.Type) {
			for _, f := range modules(version.Type) {
				if f.Type.Kind == schema.Module {
					continue
				}
				o := f.Type.Object()
				if o.Resource == "" {
					continue
				}
				api, _ := kube.SplitAPIVersion(o.APIVersion)
				if have, taken := known[o.Resource]; !taken || have != "" && api == "" {
					known[o.Resource] = api
				}
			}
		}
	}
	return known
})

// modules are the parts of a module.
func modules(t *schema.Type) []schema.Field {
	if t.Kind != schema.Module {
		return nil
	}
	return t.Object().Fields
}

// isResource reports whether Kubernetes has a resource of that name.
func isResource(s string) bool {
	_, _, err := splitResource(s)
	return err == nil && s != "*" && !strings.Contains(s, ".")
}
