package plan

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

// Style is how a Plan is written. Its zero value is plain text without places.
type Style struct {
	ASCII  bool   // no characters beyond ASCII of our own
	All    bool   // long values, and the objects that are created, in full
	Delete bool   // all is deleted, declared or not: that it is no longer declared is not the reason
	More   string // what to type to see All; "" is not said
	Width  int    // columns, at whose end places stand; 0 is 80

	// What colours begin with, and what ends them; "" for none.
	Created, Changed, Deleted, Dim, Reset string

	Place func(*kube.Object) string // of a declaration: "deploy.star:14"; nil for none
}

// Limits of what is shown of a value, unless Style.All.
const (
	mostLines = 12
	mostHunks = 40 // lines of a text's hunks
	mostRunes = 160
)

// Write writes a plan for people: what changes in the order in which it is done, an object with its fields, then how many
// objects there are of each action. What stays as it is does not appear. Obstacles and Notes belong to whoever shows
// diagnostics.
//
//	~ Deployment checkout    rolls 6 Pods                        checkout/deploy.star:14
//	    spec.template.spec.containers["server"].image
//	    - shop/checkout:v1
//	    + shop/checkout:v2
//
//	1 to change, 37 unchanged
func Write(w io.Writer, p *Plan, s Style) error {
	t := &text{Style: s, plan: p}
	if t.Width <= 0 {
		t.Width = 80
	}
	order := t.order()
	for _, i := range order {
		if n := utf8.RuneCountInString(t.place(&p.Steps[i])); n <= t.Width/2 {
			t.column = max(t.column, n)
		}
	}
	for _, i := range order {
		t.step(&p.Steps[i])
	}
	if len(order) > 0 {
		t.WriteByte('\n')
	}
	t.WriteString(p.Summary())
	t.WriteByte('\n')
	_, err := w.Write(t.Bytes())
	return err
}

// Summary is the line that ends a plan: "1 to create, 2 to change, 1 to delete, 37 unchanged".
func (p *Plan) Summary() string {
	var parts []string
	for _, x := range [...]struct {
		action Action
		text   string
	}{{Create, "to create"}, {Update, "to change"}, {Replace, "to replace"}, {Delete, "to delete"}, {Unchanged, "unchanged"}} {
		if n := p.Count(x.action); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, x.text))
		}
	}
	if n := p.Obstructed(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", n))
	}
	if parts == nil {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// text is a plan on its way to a person.
type text struct {
	bytes.Buffer
	Style
	plan   *Plan
	column int // width of the longest place that is not longer than half a line
}

// order lists the steps that do something, as they are done: deletions come last.
func (t *text) order() []int {
	var list []int
	for i := range t.plan.Steps {
		if t.plan.Steps[i].Action != Unchanged {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(i, j int) int {
		a, b := &t.plan.Steps[i], &t.plan.Steps[j]
		switch {
		case a.Action == Delete && b.Action == Delete:
			return 0
		case a.Action == Delete:
			return 1
		case b.Action == Delete:
			return -1
		}
		return cmp.Compare(a.Stage, b.Stage)
	})
	return list
}

func (t *text) place(s *Step) string {
	if t.Place == nil || s.Declared == nil {
		return ""
	}
	return escape(t.Style.Place(s.Declared))
}

func (t *text) paint(color, s string) {
	if color == "" || s == "" {
		t.WriteString(s)
		return
	}
	t.WriteString(color + s + t.Style.Reset)
}

func (t *text) symbol(a Action) (symbol, color string) {
	switch a {
	case Create:
		return "+", t.Created
	case Delete:
		return "-", t.Deleted
	case Replace:
		if t.ASCII {
			return "-+", t.Deleted
		}
		return "±", t.Deleted
	}
	return "~", t.Changed
}

// step writes a line about an object, and its changes below.
func (t *text) step(s *Step) {
	symbol, color := t.symbol(s.Action)
	t.paint(color, symbol)
	line := " " + escape(t.name(s.ID))
	if r := t.remarks(s); r != "" {
		line += "    " + r
	}
	t.WriteString(line)
	if place := t.place(s); place != "" {
		used := utf8.RuneCountInString(symbol) + utf8.RuneCountInString(line)
		t.WriteString(strings.Repeat(" ", max(2, t.Width-t.column-used)))
		t.paint(t.Dim, place)
	}
	t.WriteByte('\n')
	switch {
	case s.Action == Create && t.All:
		t.lines("    ", '+', yamlLines(Mask(s.Desired)), 0)
	case s.Action == Update || s.Action == Replace:
		t.changes(s)
	}
}

// name is the object's, without the namespace if that is the plan's.
func (t *text) name(id kube.ID) string {
	if id.Namespace == t.plan.Namespace {
		id.Namespace = ""
	}
	return id.String()
}

func (t *text) remarks(s *Step) string {
	var list []string
	if s.Adopted {
		list = append(list, "adopted")
	}
	pods := fmt.Sprintf("%d Pods", s.Rolls)
	if s.Rolls == 1 {
		pods = "1 Pod"
	}
	switch {
	case s.Action == Replace && s.Rolls > 0:
		list = append(list, "deleted and made again, with "+pods)
	case s.Action == Replace:
		list = append(list, "deleted and made again")
	case s.Rolls > 0:
		list = append(list, "rolls "+pods)
	}
	if s.Action == Update && !s.Adopted && len(s.Changes) == 0 {
		list = append(list, "only which of its fields the set owns")
	}
	if s.Later && s.Action == Update {
		list = append(list, "compared without the cluster")
	}
	if s.Action == Delete {
		if !t.Delete {
			list = append(list, "no longer declared")
		}
		if !s.Since.IsZero() {
			list = append(list, "owned since "+s.Since.UTC().Format("2006-01-02"))
		}
	}
	return strings.Join(list, ", ")
}

// changes writes what is different, but for what goes without saying: the marks of an object that is adopted, and the hash of
// a configuration, which is only mentioned.
func (t *text) changes(s *Step) {
	hash, written, outer := false, 0, ""
	for _, c := range s.Changes {
		switch {
		case isHash(c.Path):
			hash = true
			continue
		case s.Adopted && isMark(c):
			continue
		}
		written++
		indent := "    "
		if c.Inner > 0 {
			if o := c.Path[:c.Inner].String(); o != outer {
				outer = o
				t.WriteString(indent + escape(o) + "\n")
			}
			indent += "  "
		} else {
			outer = ""
		}
		t.change(c, indent)
	}
	if !hash {
		return
	}
	what := "the hash of " + escape(configOf(s))
	if written > 0 {
		what = "and " + what
	}
	t.WriteString("    ")
	t.paint(t.Dim, "("+what+")")
	t.WriteByte('\n')
}

// hashAnnotation is what link puts on a Pod template, so that Pods roll when the configuration of their sidecar changes.
const hashAnnotation = "starctl.dev/envoy-config-sha256"

func isHash(path kube.Path) bool {
	n := len(path)
	return n > 1 && path[n-1].Name == hashAnnotation && path[n-2].Name == "annotations"
}

// isMark reports whether a change only puts marks of the owner on an object.
func isMark(c Change) bool {
	if len(c.Path) < 2 || c.Path[0].Name != "metadata" || c.Old.Exists() {
		return false
	}
	names := keys(c.New)
	if len(c.Path) == 3 {
		names = []string{c.Path[2].Name}
	}
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool {
		return name != SetLabel && name != PartOfLabel && name != OwnerAnnotation
	})
}

// configOf is the ConfigMap of which a Pod template carries the hash.
func configOf(s *Step) string {
	pod := s.Desired.Get("spec", "template", "spec")
	if s.ID.Kind == "CronJob" {
		pod = s.Desired.Get("spec", "jobTemplate", "spec", "template", "spec")
	}
	for _, v := range pod.Get("volumes").Items() {
		if v.Get("name").Str() == "envoy-config" {
			if name := v.Get("configMap", "name").Str(); name != "" {
				return name
			}
		}
	}
	return "its Envoy configuration"
}

// change writes one difference.
func (t *text) change(c Change, indent string) {
	t.WriteString(indent + escape(c.name()))
	if c.Order {
		t.WriteString(": the order of its items")
	}
	t.WriteByte('\n')
	old, new := c.Old.Str(), c.New.Str()
	if c.Old.Kind() == kube.String && c.New.Kind() == kube.String && (strings.Contains(old, "\n") || strings.Contains(new, "\n")) {
		t.hunks(indent, old, new)
		return
	}
	typed := c.Old.Exists() && c.New.Exists() && c.Old.Text() == c.New.Text() // 8080 and "8080"
	skip := 0
	if !t.All {
		skip = commonRunes(old, new)
	}
	t.value(indent, '-', c.Old, typed, skip)
	t.value(indent, '+', c.New, typed, skip)
}

// name is the path, without the steps that are said already.
func (c Change) name() string {
	path := c.Path[c.Inner:]
	if c.Inner > 0 && len(path) > 1 && path[0].Name == "static_resources" {
		path = path[1:]
	}
	return path.String()
}

func (t *text) value(indent string, op byte, n kube.Node, typed bool, skip int) {
	switch {
	case !n.Exists():
	case n.Kind() >= kube.List && n.Len() > 0:
		t.lines(indent, op, yamlLines(n), mostLines)
	case n.Kind() >= kube.List:
		t.lines(indent, op, []string{string(encode.AppendJSON(nil, n, 0))}, 0)
	case n.Kind() == kube.String && strings.Contains(n.Str(), "\n"):
		t.lines(indent, op, split(n.Str()), mostLines)
	case n.Kind() == kube.String:
		s := n.Str()
		if typed || s == "" || strings.TrimSpace(s) != s {
			s = string(encode.AppendJSON(nil, n, 0))
		}
		t.lines(indent, op, []string{t.window(s, skip)}, 0)
	default:
		t.lines(indent, op, []string{n.Text()}, 0)
	}
}

func yamlLines(n kube.Node) []string { return split(string(encode.AppendYAML(nil, n))) }

// lines writes lines of an old or a new value, most of them at most; 0 is all.
func (t *text) lines(indent string, op byte, list []string, most int) {
	color := t.Created
	if op == '-' {
		color = t.Deleted
	}
	shown := list
	if most > 0 && !t.All && len(list) > most {
		shown = list[:most-1]
	}
	for _, l := range shown {
		t.WriteString(indent)
		t.paint(color, string(op)+" "+escape(t.window(l, 0)))
		t.WriteByte('\n')
	}
	t.more(indent, len(list)-len(shown))
}

// more says how many lines are not shown.
func (t *text) more(indent string, n int) {
	if n == 0 {
		return
	}
	hint := ""
	if t.More != "" {
		hint = " (all of them: " + t.More + ")"
	}
	t.WriteString(indent)
	t.paint(t.Dim, fmt.Sprintf("%s %d more lines%s", t.dots(), n, hint))
	t.WriteByte('\n')
}

func (t *text) dots() string {
	if t.ASCII {
		return "..."
	}
	return "…"
}

// hunks writes the unified diff of two texts.
func (t *text) hunks(indent, old, new string) {
	diff := Lines(old, new, 2)
	if diff == "" { // they differ at the end of the last line
		t.WriteString(indent)
		t.paint(t.Dim, "(the line break at its end)")
		t.WriteByte('\n')
		return
	}
	list := split(diff)
	shown := list
	if !t.All && len(list) > mostHunks {
		shown = list[:mostHunks-1]
	}
	for _, l := range shown {
		color := ""
		switch l[0] {
		case '-':
			color = t.Deleted
		case '+':
			color = t.Created
		case '@':
			color = t.Dim
		}
		t.WriteString(indent)
		t.paint(color, strings.TrimRight(escape(t.window(l[:1]+gap(l)+l[1:], 0)), " "))
		t.WriteByte('\n')
	}
	t.more(indent, len(list)-len(shown))
}

// gap sets a line of a hunk off from its sign, as values are.
func gap(line string) string {
	if line[0] == '@' {
		return ""
	}
	return " "
}

// window is a line, or of a very long one the part in which skip characters are passed over that are the same in both values.
func (t *text) window(s string, skip int) string {
	if t.All || len(s) <= mostRunes || utf8.RuneCountInString(s) <= mostRunes {
		return s
	}
	r := []rune(s)
	begin := 0
	if skip > mostRunes/2 {
		begin = min(skip-mostRunes/4, len(r)-mostRunes)
	}
	end := min(len(r), begin+mostRunes)
	out := string(r[begin:end])
	if begin > 0 {
		out = t.dots() + out
	}
	if end < len(r) {
		out += t.dots()
	}
	return fmt.Sprintf("%s (%d characters)", out, len(r))
}

// commonRunes counts the characters that two values begin with.
func commonRunes(a, b string) int {
	n := 0
	for a != "" && b != "" {
		x, i := utf8.DecodeRuneInString(a)
		y, j := utf8.DecodeRuneInString(b)
		if x != y || i != j {
			break
		}
		a, b, n = a[i:], b[j:], n+1
	}
	return n
}
