package builtins

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// match is where a regular expression matched a text; at holds a start and an end for the whole and for each group.
type match struct {
	pattern string
	re      *regexp.Regexp
	text    string
	at      []int
}

var (
	_ starlark.Mapping  = (*match)(nil)
	_ starlark.HasAttrs = (*match)(nil)
)

func (m *match) String() string        { return fmt.Sprintf("<match %q>", m.text[m.at[0]:m.at[1]]) }
func (m *match) Type() string          { return "match" }
func (m *match) Freeze()               {}
func (m *match) Truth() starlark.Bool  { return true }
func (m *match) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: match") }
func (m *match) AttrNames() []string   { return []string{"end", "groups", "start"} }

// Attr returns start, end or groups.
func (m *match) Attr(name string) (starlark.Value, error) {
	switch name {
	case "start":
		return starlark.MakeInt(m.at[0]), nil
	case "end":
		return starlark.MakeInt(m.at[1]), nil
	case "groups":
		groups := make(starlark.Tuple, len(m.at)/2-1)
		for i := range groups {
			groups[i] = m.group(i + 1)
		}
		return groups, nil
	}
	return nil, nil
}

// Get returns a group by its number or name.
func (m *match) Get(k starlark.Value) (starlark.Value, bool, error) {
	switch k := k.(type) {
	case starlark.Int:
		if i, ok := k.Int64(); ok && i >= 0 && i < int64(len(m.at)/2) {
			return m.group(int(i)), true, nil
		}
		return nil, false, fmt.Errorf("no group %s: pattern %q has %d", k, m.pattern, len(m.at)/2-1)
	case starlark.String:
		if i := m.re.SubexpIndex(string(k)); i >= 0 {
			return m.group(i), true, nil
		}
		return nil, false, fmt.Errorf("no group %s in pattern %q", k, m.pattern)
	}
	return nil, false, fmt.Errorf("got %s, want the number or name of a group", k.Type())
}

// group is the text of a group, None if it took no part.
func (m *match) group(i int) starlark.Value {
	if m.at[2*i] < 0 {
		return starlark.None
	}
	return starlark.String(m.text[m.at[2*i]:m.at[2*i+1]])
}

// replace returns what stands in the match's place: what a function says, or a template with groups in it.
func (m *match) replace(thread *starlark.Thread, replacement starlark.Value) (string, error) {
	switch r := replacement.(type) {
	case starlark.String:
		return m.expand(string(r))
	case starlark.Callable:
		v, err := starlark.Call(thread, r, starlark.Tuple{m}, nil)
		if err != nil {
			return "", err
		}
		s, ok := starlark.AsString(v)
		if !ok {
			return "", fmt.Errorf("%s returned %s, want string", r.Name(), v.Type())
		}
		return s, nil
	}
	return "", fmt.Errorf("for parameter replacement: got %s, want string or function", replacement.Type())
}

func (m *match) expand(template string) (string, error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(template, `\`)
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, rest, err := groupName(after)
		if err != nil {
			return "", err
		}
		template = rest
		if name == `\` {
			out.WriteString(name)
			continue
		}
		var key starlark.Value = starlark.String(name)
		if i, err := strconv.Atoi(name); err == nil {
			key = starlark.MakeInt(i)
		}
		group, _, err := m.Get(key)
		if err != nil {
			return "", err
		}
		s, _ := starlark.AsString(group) // nothing for None
		out.WriteString(s)
	}
}

// groupName reads what follows a backslash: a digit, g<name> or another backslash.
func groupName(s string) (name, rest string, err error) {
	switch {
	case s != "" && (s[0] == '\\' || s[0] >= '0' && s[0] <= '9'):
		return s[:1], s[1:], nil
	case strings.HasPrefix(s, "g<"):
		if name, rest, ok := strings.Cut(s[2:], ">"); ok && name != "" {
			return name, rest, nil
		}
	}
	return "", "", fmt.Errorf(`got \%.10s in the replacement, want \1, \g<name> or \\`, s)
}
