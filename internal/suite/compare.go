package suite

import (
	"bytes"
	"slices"
	"strings"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/kube/plan"
)

// text is what a golden file holds of a set: its objects as YAML, Secrets masked.
func text(objects []*kube.Object) ([]byte, error) {
	var b bytes.Buffer
	err := encode.Write(&b, encode.YAML, masked(objects))
	return b.Bytes(), err
}

func masked(objects []*kube.Object) []*kube.Object {
	list := make([]*kube.Object, len(objects))
	for i, o := range objects {
		c := *o
		c.Node = plan.Mask(o.Node)
		list[i] = &c
	}
	return list
}

// difference is how one object differs between a golden file and what is rendered.
type difference struct {
	id       kube.ID
	old, new *kube.Object // nil if not there
	changes  []plan.Change
}

// differences compares what a golden file holds with what is rendered, in the order of the latter. moved says that the
// objects are the same in another order.
func differences(want, got []*kube.Object) (list []difference, moved bool) {
	left := slices.Clone(want)
	var order []kube.ID
	for _, o := range got {
		i := slices.IndexFunc(left, func(w *kube.Object) bool { return w != nil && w.Identity() == o.Identity() })
		if i < 0 {
			list = append(list, difference{id: o.ID, new: o})
			continue
		}
		order = append(order, left[i].Identity())
		if c := plan.Diff(left[i].Node, o.Node); len(c) > 0 {
			list = append(list, difference{id: o.ID, old: left[i], new: o, changes: c})
		}
		left[i] = nil
	}
	for _, o := range left {
		if o != nil {
			list = append(list, difference{id: o.ID, old: o})
		}
	}
	return list, !slices.Equal(order, inOrder(want, order))
}

// inOrder returns those of the objects whose identities are in ids, in their own order.
func inOrder(objects []*kube.Object, ids []kube.ID) []kube.ID {
	var list []kube.ID
	for _, o := range objects {
		if slices.Contains(ids, o.Identity()) {
			list = append(list, o.Identity())
		}
	}
	return list
}

// mostLines is how much of a value is shown unless everything is asked for.
const mostLines = 12

// lines shows a value's change: the path, then what was there and what is.
func changeLines(c plan.Change, all bool) []Line {
	list := []Line{{' ', c.Path.String()}}
	if c.Order {
		list[0].Text += ": the order of its items"
	}
	if old, new := c.Old.Str(), c.New.Str(); isText(old) && isText(new) {
		return append(list, unified(plan.Lines(old, new, 2), all)...)
	}
	list = append(list, valueLines('-', c.Old, all)...)
	return append(list, valueLines('+', c.New, all)...)
}

func isText(s string) bool { return strings.Contains(s, "\n") }

func unified(diff string, all bool) []Line {
	var list []Line
	for l := range strings.SplitSeq(strings.TrimSuffix(diff, "\n"), "\n") {
		op := byte(' ')
		if l != "" && (l[0] == '-' || l[0] == '+') {
			op = l[0]
		}
		if op == ' ' {
			list = append(list, Line{op, l})
			continue
		}
		list = append(list, Line{op, l[1:]})
	}
	return shorten(list, 4*mostLines, all)
}

func valueLines(op byte, n kube.Node, all bool) []Line {
	if !n.Exists() {
		return nil
	}
	var list []Line
	for l := range strings.SplitSeq(strings.TrimSuffix(valueText(n), "\n"), "\n") {
		list = append(list, Line{op, " " + l})
	}
	return shorten(list, mostLines, all)
}

func valueText(n kube.Node) string {
	switch n.Kind() {
	case kube.String:
		return n.Str()
	case kube.List, kube.Map, kube.Record:
		return string(encode.AppendYAML(nil, n))
	}
	return n.Text()
}

func shorten(list []Line, most int, all bool) []Line {
	if all || len(list) <= most {
		return list
	}
	return append(list[:most-1:most-1], Line{' ', "... " + count(len(list)-most+1, "more line", "more lines") + " (all of them: -v)"})
}

// Changes says how the objects of a file differ from those that it rendered to before, Secrets masked.
func Changes(p *starctl.Project, before, now []*kube.Object) []Failure {
	var list []Failure
	diffs, moved := differences(masked(before), masked(now))
	for _, d := range diffs {
		f := Failure{Object: d.id.String()}
		switch {
		case d.new == nil:
			f.What = "no longer declared"
		case d.old == nil:
			f.At, f.What = p.Declared(d.new), "new"
			f.Lines = valueLines('+', d.new.Node, false)
		default:
			f.At = p.Declared(d.new)
			for _, c := range d.changes {
				f.Lines = append(f.Lines, changeLines(c, false)...)
			}
		}
		list = append(list, f)
	}
	if moved {
		list = append(list, Failure{What: "the objects come in another order"})
	}
	return list
}
