package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
)

// conflict looks at fields that somebody else owns. Those that the file takes are taken, replicas that were scaled are left
// alone, all others are Obstacles. It says whether to try again.
func (t *trial) conflict(err error) (again bool) {
	wishes := t.prepared[t.i].Wishes
	var open, taken []FieldConflict
	left := false
	for _, c := range Conflicts(err) {
		switch {
		case takes(wishes.Take, resolve(c.Field, t.desired)):
		case c.Subresource == "scale" && c.Field == ".spec.replicas":
			t.note(t.i, "scaled", kube.Fields("spec", "replicas"), []string{`say so in the file: apply.leave(object, "spec.replicas")`},
				"%s scales it, now to %s: left alone", c.Manager, t.live.Get("spec", "replicas").Text())
			t.desired, left = withoutReplicas(t.desired), true
		case t.adopt, onlyMakes(c.Manager):
			taken = append(taken, c)
		default:
			open = append(open, c)
		}
	}
	for _, c := range open {
		t.ownedBy(c)
	}
	if len(open) > 0 {
		return false
	}
	if !left {
		t.force = true
		t.takenFrom(taken)
	}
	return true
}

// takenFrom says whose fields an adoption takes. Controllers and other tools may set them back.
func (t *trial) takenFrom(list []FieldConflict) {
	var names, fields []string
	for _, c := range list {
		if setByCommand(t.live, c.Manager) {
			continue // nobody would apply them again
		}
		if !slices.Contains(names, c.Manager) {
			names = append(names, c.Manager)
		}
		fields = append(fields, strings.TrimPrefix(c.Field, "."))
	}
	if len(names) > 0 {
		t.note(t.i, "taken", nil, []string{"if it sets them back, leave them to it: apply.leave(object, PATH)"}, "adopting it takes fields of %s: %s", strings.Join(names, ", "), strings.Join(fields, ", "))
	}
}

// takes reports whether a path is one of those that are taken, or below one.
func takes(list []kube.Path, path kube.Path) bool {
	return slices.ContainsFunc(list, func(p kube.Path) bool {
		if len(p) == 0 || len(path) < len(p) {
			return false
		}
		for i, s := range p {
			if s.Name != path[i].Name || s.Index >= 0 && s.Name == "" && s.Index != path[i].Index {
				return false
			}
		}
		return true
	})
}

// ownedBy reports a field that is somebody else's.
func (t *trial) ownedBy(c FieldConflict) {
	path := resolve(c.Field, t.desired)
	what := path.String()
	since := t.since(c)
	secret := t.resource[t.i].secret()
	declared, theirs := at(t.desired, path), at(t.live, resolve(c.Field, t.live))
	message := fmt.Sprintf("%s owns it%s", c.Manager, since)
	if !secret && scalar(declared) && scalar(theirs) {
		message = fmt.Sprintf("declared %s, but %s owns it (%s%s)", brief(declared), c.Manager, brief(theirs), since)
	}
	if path == nil {
		message, what = c.Field+": "+message, strings.TrimPrefix(c.Field, ".")
	}
	t.object(t.i, "conflict", path, []string{
		fmt.Sprintf("leave it to them: apply.leave(object, %s)", quoted(what)),
		fmt.Sprintf("take it: apply.take(object, %s)", quoted(what)),
	}, "%s", message)
}

// quoted is a path as a literal of Starlark that is easy to read.
func quoted(path string) string {
	if strings.Contains(path, `"`) && !strings.ContainsAny(path, `'\`) {
		return "'" + path + "'"
	}
	return fmt.Sprintf("%q", path)
}

// since says since when a manager owns its fields: the server tells it of those that update, and keeps it of all.
func (t *trial) since(c FieldConflict) string {
	when := c.Since
	for _, m := range t.live.Get("metadata", "managedFields").Items() {
		if when == "" && m.Get("manager").Str() == c.Manager && m.Get("subresource").Str() == c.Subresource {
			when = m.Get("time").Str()
		}
	}
	at, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return ""
	}
	return ", since " + at.UTC().Format("2006-01-02 15:04 UTC")
}

func scalar(n kube.Node) bool { return n.Exists() && n.Collection() == nil }

// brief is a value for a line of text.
func brief(n kube.Node) string {
	const most = 60
	s := n.Text()
	if strings.ContainsAny(s, "\n\t") || len(s) > most {
		return fmt.Sprintf("%q...", s[:min(len(s), most)])
	}
	if s == "" {
		return `""`
	}
	return s
}

// at is the value at a path.
func at(n kube.Node, path kube.Path) kube.Node {
	if path == nil {
		return kube.Node{}
	}
	for _, s := range path {
		if s.Index < 0 {
			n = n.Get(s.Name)
			continue
		}
		var item kube.Node
		for i, v := range n.Items() {
			if i == s.Index {
				item = v
			}
		}
		n = item
	}
	return n
}

// resolve finds what a server's path means in a value: .spec.containers[name="app"].image, .metadata.labels.a.b/c, or, as
// validation writes them, spec.containers[0].image and metadata.labels[a.b/c]. What is not there is nil.
func resolve(field string, n kube.Node) kube.Path {
	if field != "" && field[0] != '.' && field[0] != '[' {
		field = "." + field
	}
	path, ok := walk(field, n, kube.Path{})
	if !ok || len(path) == 0 {
		return nil
	}
	return path
}

func walk(rest string, n kube.Node, path kube.Path) (kube.Path, bool) {
	switch {
	case rest == "":
		return path, true
	case rest[0] == '[':
		end := closing(rest)
		if end < 0 {
			return nil, false
		}
		step, v, ok := inside(rest[1:end], n)
		if !ok {
			return nil, false
		}
		return walk(rest[end+1:], v, path.With(step))
	case rest[0] == '.' && n.IsMapping():
		for k, v := range n.All() {
			after, ok := strings.CutPrefix(rest[1:], k)
			if !ok || after != "" && after[0] != '.' && after[0] != '[' {
				continue
			}
			if found, ok := walk(after, v, path.With(fieldOrKey(path, k))); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// fieldOrKey is the step to a key below a path: one that reads as a name is a field, unless what holds it is a map of the API.
func fieldOrKey(below kube.Path, k string) kube.Step {
	letters := strings.Trim(k, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
	if !letters || len(below) > 0 && slices.Contains([]string{"data", "binaryData", "labels", "annotations", "matchLabels", "nodeSelector"}, below[len(below)-1].Name) {
		return kube.Key(k)
	}
	return kube.Field(k)
}

// closing is where the bracket at the beginning ends; those in quotes do not count.
func closing(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return i
		}
	}
	return -1
}

// inside finds the item of a list, or the key of a mapping, that brackets hold.
func inside(what string, n kube.Node) (kube.Step, kube.Node, bool) {
	if n.IsMapping() {
		k := strings.Trim(what, `"`)
		v := n.Get(k)
		return kube.Key(k), v, v.Exists()
	}
	keys := selectors(what)
	for i, v := range n.Items() {
		if what == fmt.Sprint(i) {
			return kube.Item(i, nameOf(v)), v, true
		}
		if values, ok := matches(v, keys); ok {
			return kube.Item(i, strings.Join(values, "/")), v, true
		}
		if what == "="+fmt.Sprintf("%q", v.Text()) || what == "="+v.Text() {
			return kube.Item(i, ""), v, true
		}
	}
	return kube.Step{}, kube.Node{}, false
}

func nameOf(item kube.Node) string { return item.Get("name").Str() }

// selectors reads name="app",protocol="TCP".
func selectors(s string) [][2]string {
	var list [][2]string
	for part := range strings.SplitSeq(s, ",") {
		k, v, ok := strings.Cut(part, "=")
		if !ok || k == "" {
			return nil
		}
		list = append(list, [2]string{k, strings.Trim(v, `"`)})
	}
	return list
}

// matches returns the values by which an item is known. A port without a protocol is of TCP.
func matches(item kube.Node, keys [][2]string) ([]string, bool) {
	if len(keys) == 0 {
		return nil, false
	}
	var values []string
	for _, k := range keys {
		v := item.Get(k[0])
		switch {
		case v.Exists() && v.Text() == k[1]:
			values = append(values, k[1])
		case !v.Exists() && k[0] == "protocol" && k[1] == "TCP":
		default:
			return nil, false
		}
	}
	return values, true
}

// withoutReplicas is an object without spec.replicas.
func withoutReplicas(n kube.Node) kube.Node {
	return edit(n, "spec", func(spec kube.Node) kube.Node {
		out := kube.Pairs{}
		for k, v := range spec.All() {
			if k != "replicas" {
				out = append(out, kube.Pair{Key: k, Value: v})
			}
		}
		return kube.OfMap(out)
	})
}

// edit is a mapping with another value for a key.
func edit(n kube.Node, key string, f func(kube.Node) kube.Node) kube.Node {
	out := kube.Pairs{}
	for k, v := range n.All() {
		if k == key {
			v = f(v)
		}
		out = append(out, kube.Pair{Key: k, Value: v})
	}
	return kube.OfMap(out)
}
