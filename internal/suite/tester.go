package suite

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/project"
)

// tester is the t of a unit test. What does not hold is noted, and the test goes on; only t.render ends it, if the file
// cannot be rendered.
type tester struct {
	ctx      context.Context
	project  *starctl.Project
	file     string // of the test
	failures []Failure
}

var _ starlark.HasAttrs = (*tester)(nil)

func (t *tester) String() string        { return "t" }
func (t *tester) Type() string          { return "t" }
func (t *tester) Freeze()               {}
func (t *tester) Truth() starlark.Bool  { return true }
func (t *tester) Hash() (uint32, error) { return 0, errors.New("unhashable: t") }

type method = func(*tester, *starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func testerMethod(name string) method {
	switch name {
	case "contains":
		return (*tester).contains
	case "equal":
		return (*tester).equal
	case "fails":
		return (*tester).fails
	case "render":
		return (*tester).render
	case "true":
		return (*tester).true
	}
	return nil
}

// AttrNames lists what t can do.
func (t *tester) AttrNames() []string {
	return []string{"contains", "equal", "fails", "render", "true"}
}

// Attr returns a method.
func (t *tester) Attr(name string) (starlark.Value, error) {
	m := testerMethod(name)
	if m == nil {
		return nil, nil
	}
	return starlark.NewBuiltin("t."+name, func(th *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return m(t, th, b, args, kwargs)
	}), nil
}

// fail notes that something does not hold where the test stands.
func (t *tester) fail(thread *starlark.Thread, msg, what string, lines ...Line) {
	place := typed.RunOf(thread).Here()
	if msg != "" {
		what = msg + ": " + what
	}
	t.failures = append(t.failures, Failure{What: what, At: place.Locate(t.project), Calls: place.Calls(t.project), Lines: lines})
}

// t.equal(got, want, msg = "")
//
// Both are the same value; lists and dicts by what is in them.
func (t *tester) equal(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var got, want starlark.Value
	var msg string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "got", &got, "want", &want, "msg?", &msg); err != nil {
		return nil, err
	}
	same, err := equalValues(got, want)
	if err != nil {
		return nil, err
	}
	if same {
		return starlark.None, nil
	}
	what, lines := explainEqual(got, want)
	t.fail(thread, msg, what, lines...)
	return starlark.None, nil
}

// equalValues compares values as a deploy file sees them: a typed list equals a plain one with the same items.
func equalValues(a, b starlark.Value) (bool, error) {
	same, err := starlark.Compare(syntax.EQL, a, b)
	if same || err != nil {
		return same, err
	}
	x, y := typed.Node(a), typed.Node(b)
	return x.Collection() != nil && y.Collection() != nil && kube.Equal(x, y), nil
}

// explainEqual says how two values differ: two collections by what is in them.
func explainEqual(got, want starlark.Value) (string, []Line) {
	x, y := typed.Node(want), typed.Node(got)
	if x.IsMapping() && y.IsMapping() || x.Kind() == kube.List && y.Kind() == kube.List {
		var lines []Line
		for _, c := range plan.Diff(x, y) {
			lines = append(lines, changeLines(c, false)...)
		}
		if len(lines) > 0 {
			return "got (+) is not what is wanted (-)", lines
		}
	}
	if g, w := x.Str(), y.Str(); isText(g) || isText(w) {
		return "got (+) is not what is wanted (-)", unified(plan.Lines(g, w, 2), false)
	}
	return fmt.Sprintf("got %s, want %s", got, want), nil
}

// t.contains(container, item, msg = "")
//
// The item is in the list, the key in the dict, or the text in the string.
func (t *tester) contains(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var container, item starlark.Value
	var msg string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "container", &container, "item", &item, "msg?", &msg); err != nil {
		return nil, err
	}
	in, err := starlark.Binary(syntax.IN, item, container)
	if err != nil {
		return nil, err
	}
	if !in.Truth() {
		t.fail(thread, msg, fmt.Sprintf("%s does not contain %s", shortText(container), item))
	}
	return starlark.None, nil
}

func shortText(v starlark.Value) string {
	const most = 300
	s := v.String()
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// t.true(condition, msg = "")
//
// The condition holds: it is True, or a value that counts as true.
func (t *tester) true(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var cond starlark.Value
	var msg string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "condition", &cond, "msg?", &msg); err != nil {
		return nil, err
	}
	if !cond.Truth() {
		t.fail(thread, msg, fmt.Sprintf("got %s, want it to hold", shortText(cond)))
	}
	return starlark.None, nil
}

// t.fails(fn, match, msg = "")
//
// Calling fn without arguments fails, or reports a mistake, with a message that match, a regular expression, finds.
func (t *tester) fails(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fn starlark.Callable
	var match, msg string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "fn", &fn, "match", &match, "msg?", &msg); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(match)
	if err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	list, err := t.attempt(thread, fn)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		t.fail(thread, msg, fmt.Sprintf("it does not fail; want a mistake that matches %q", match))
		return starlark.None, nil
	}
	for _, d := range list {
		if re.MatchString(d.Error()) {
			return starlark.None, nil
		}
	}
	t.fail(thread, msg, fmt.Sprintf("it fails otherwise; want a mistake that matches %q", match), errorLines(list)...)
	return starlark.None, nil
}

// attempt calls fn and returns the mistakes that it makes; the error is that of a context or limit, which no test may
// pass over.
func (t *tester) attempt(thread *starlark.Thread, fn starlark.Callable) (diag.List, error) {
	run := typed.RunOf(thread)
	before := len(run.Mistakes())
	_, err := starlark.Call(thread, fn, nil, nil)
	if t.ctx.Err() != nil {
		return nil, t.ctx.Err()
	}
	var list diag.List
	for _, m := range run.Forgive(before) {
		list = append(list, m.Diagnostic(t.project))
	}
	return append(list, diag.From(err, t.project)...), nil
}

func errorLines(list diag.List) []Line {
	var lines []Line
	for _, d := range list {
		lines = append(lines, Line{'+', " " + d.Error()})
	}
	return lines
}

// t.render(file, target = None, set = {}, namespace = None) -> rendered
//
// Renders a deploy file.
//
// Args:
//
//	file: "//checkout/deploy.star" from the project's root, "./deploy.star" beside the test.
//	target: the name of a target; None for the only one, or none.
//	set: a dict of inputs.
//	namespace: of objects that have none, in place of the target's.
func (t *tester) render(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var file string
	var target, namespace starlark.Value
	var set *starlark.Dict
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "file", &file, "target?", &target, "set?", &set, "namespace?", &namespace); err != nil {
		return nil, err
	}
	job := starctl.Job{}
	var err error
	if job.File, err = t.resolve(file); err != nil {
		return nil, err
	}
	if job.Inputs, err = values(set); err != nil {
		return nil, err
	}
	if job.Namespace, err = optionalText("namespace", namespace); err != nil {
		return nil, err
	}
	if job.Target, err = t.target(target); err != nil {
		return nil, err
	}
	if list, err := t.project.Unclaimed(t.ctx, []string{job.File}, job.Inputs); err != nil || len(list) > 0 {
		return nil, errors.Join(err, list.Err())
	}
	res, err := t.project.Render(t.ctx, job)
	if err != nil {
		return nil, err
	}
	return newRendered(res), nil
}

// resolve turns the name of a file into one that the project knows.
func (t *tester) resolve(file string) (string, error) {
	name, ok := strings.CutPrefix(file, "//")
	if !ok {
		name = path.Join(path.Dir(t.file), file)
	}
	if name = path.Clean(name); strings.HasPrefix(name, "..") || path.IsAbs(name) {
		return "", fmt.Errorf("%q lies outside the project", file)
	}
	return name, nil
}

func values(set *starlark.Dict) (project.Values, error) {
	if set == nil {
		return nil, nil
	}
	var list project.Values
	for k, v := range set.Entries() {
		name, ok := starlark.AsString(k)
		if !ok {
			return nil, fmt.Errorf("set: got %s, want the name of an input", typed.TypeName(k))
		}
		list = append(list, project.Value{Name: name, Value: v})
	}
	return list, nil
}

func optionalText(name string, v starlark.Value) (string, error) {
	if v == nil || v == starlark.None {
		return "", nil
	}
	s, ok := starlark.AsString(v)
	if !ok {
		return "", fmt.Errorf("%s: got %s, want string", name, typed.TypeName(v))
	}
	return s, nil
}

func (t *tester) target(v starlark.Value) (*project.Target, error) {
	name, err := optionalText("target", v)
	if err != nil {
		return nil, err
	}
	list, err := t.project.Config.Select(name)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}
