package cluster

import (
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// marks builds the metadata of an object as whose looks at it.
type marks struct {
	uid, set, owner string
	manager         string // of an entry in managedFields
	operation       string // Apply if empty
	subresource     string
}

func (m marks) object(t *testing.T) kube.Node {
	t.Helper()
	op := m.operation
	if op == "" {
		op = "Apply"
	}
	text := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","uid":"` + m.uid + `"`
	if m.set != "" {
		text += `,"labels":{"` + plan.SetLabel + `":"` + m.set + `"}`
	}
	if m.owner != "" {
		text += `,"annotations":{"` + plan.OwnerAnnotation + `":"` + m.owner + `"}`
	}
	if m.manager != "" {
		text += `,"managedFields":[{"manager":"` + m.manager + `","operation":"` + op + `","subresource":"` + m.subresource + `"}]`
	}
	n, err := decode.JSON([]byte(text + "}}"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhose(t *testing.T) {
	owner := plan.Owner{Set: "shop", Namespace: "n", Cluster: "c"}
	own := marks{uid: "1", set: "shop", owner: "c/n/shop", manager: "starctl:shop"}
	with := func(f func(*marks)) marks { m := own; f(&m); return m }
	for name, c := range map[string]struct {
		live  marks
		entry *Entry
		want  claim
		who   string
	}{
		"the uid is known":                {own, &Entry{UID: "1"}, ours, ""},
		"the uid is known, marks removed": {marks{uid: "1"}, &Entry{UID: "1"}, ours, ""},
		"no uid yet, all marks":           {own, &Entry{}, ours, ""},
		"no entry, all marks":             {own, nil, ours, ""},
		"made again by others":            {marks{uid: "2"}, &Entry{UID: "1"}, remade, ""},
		"made again with our marks":       {with(func(m *marks) { m.uid = "2" }), &Entry{UID: "1"}, remade, ""},
		"by hand":                         {marks{uid: "1"}, nil, nobodys, ""},
		"by hand, where we intended one":  {marks{uid: "1"}, &Entry{}, nobodys, ""},
		"a copy with our marks":           {with(func(m *marks) { m.manager = "kubectl" }), &Entry{}, nobodys, ""},
		"a copy, not known":               {with(func(m *marks) { m.manager = "" }), nil, nobodys, ""},
		"our manager has only updated":    {with(func(m *marks) { m.operation = "Update" }), &Entry{}, nobodys, ""},
		"our manager, of a subresource":   {with(func(m *marks) { m.subresource = "scale" }), &Entry{}, nobodys, ""},
		"our label alone":                 {with(func(m *marks) { m.owner = "" }), &Entry{}, nobodys, ""},
		"our annotation alone":            {with(func(m *marks) { m.set = "" }), &Entry{}, nobodys, ""},
		"of another set":                  {marks{uid: "1", set: "blog", owner: "c/n/blog", manager: "starctl:blog"}, nil, anothers, "blog"},
		"moved to another set":            {marks{uid: "1", set: "blog", owner: "c/n/blog", manager: "starctl:blog"}, &Entry{UID: "1"}, anothers, "blog"},
		"of our name, another namespace":  {with(func(m *marks) { m.owner = "c/m/shop" }), &Entry{UID: "1"}, anothers, "shop"},
		"of our name, another cluster":    {with(func(m *marks) { m.owner = "d/n/shop" }), &Entry{}, nobodys, ""},
		"whose cluster was not readable":  {with(func(m *marks) { m.owner = "/n/shop" }), &Entry{}, ours, ""},
		"an annotation that is nonsense":  {with(func(m *marks) { m.owner = "nonsense" }), &Entry{UID: "1"}, anothers, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			got, who := whose(c.live.object(t), c.entry, owner)
			if got != c.want || !strings.HasPrefix(who, c.who) || c.who == "" && who != "" {
				t.Errorf("got %d %q, want %d %q", got, who, c.want, c.who)
			}
		})
	}
	owner.Cluster = "" // kube-system may not be read
	if got, _ := whose(own.object(t), &Entry{}, owner); got != ours {
		t.Errorf("who may not read the cluster's uid knows its own objects no more: %d", got)
	}
}

// What says whose an object is, is a mark that it bears, not that something is written on it: only with both is it deleted.
func TestMarked(t *testing.T) {
	owner := plan.Owner{Set: "shop", Namespace: "n", Cluster: "c"}
	for _, m := range []marks{{uid: "1"}, {uid: "1", set: "shop"}, {uid: "1", owner: "c/n/shop"}, {uid: "1", set: "blog", owner: "c/n/shop"}} {
		if marked(m.object(t), owner) {
			t.Errorf("%+v bears the marks of shop", m)
		}
	}
	if !marked(marks{uid: "1", set: "shop", owner: "c/n/shop"}.object(t), owner) {
		t.Error("label and annotation are not enough")
	}
}
