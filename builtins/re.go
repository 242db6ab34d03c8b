package builtins

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.starlark.net/starlark"
)

const (
	maxPattern  = 10_000    // bytes of a regular expression
	maxMatches  = 1_000_000 // of one call
	maxPatterns = 256       // that are kept compiled
)

// re -> module
//
// re searches text by regular expressions, which are RE2's (https://github.com/google/re2/wiki/Syntax): no backreferences,
// no looking around, and time in proportion to the text. A pattern is best written as a raw string, r"\d+". The module
// holds re.match, re.fullmatch, re.search, re.find_all, re.sub, re.split and re.escape. What they find is a match m: m[0]
// is the text of all, m[1] or m["name"] that of a group (None if the group took no part), m.start and m.end are offsets in
// bytes, m.groups is the tuple of all groups.
func reModule() starlark.Value {
	p := &patterns{compiled: map[string]*regexp.Regexp{}}
	return module("re", starlark.StringDict{
		"match":     starlark.NewBuiltin("re.match", p.match),
		"fullmatch": starlark.NewBuiltin("re.fullmatch", p.fullmatch),
		"search":    starlark.NewBuiltin("re.search", p.search),
		"find_all":  starlark.NewBuiltin("re.find_all", p.findAll),
		"sub":       starlark.NewBuiltin("re.sub", p.sub),
		"split":     starlark.NewBuiltin("re.split", p.split),
		"escape":    starlark.NewBuiltin("re.escape", reEscape),
	})
}

// patterns keeps what was compiled, for all threads.
type patterns struct {
	sync.Mutex
	compiled map[string]*regexp.Regexp
}

// get compiles a pattern between a prefix and a suffix, which the errors do not show.
func (p *patterns) get(pattern, prefix, suffix string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("got a pattern of %d bytes, want at most %d", len(pattern), maxPattern)
	}
	p.Lock()
	defer p.Unlock()
	key := prefix + pattern + suffix
	if re := p.compiled[key]; re != nil {
		return re, nil
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("pattern %q: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	re, err := regexp.Compile(key)
	if err != nil {
		return nil, err
	}
	if len(p.compiled) == maxPatterns {
		clear(p.compiled)
	}
	p.compiled[key] = re
	return re, nil
}

// first returns the first match of the pattern that an argument names.
func (p *patterns) first(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple, prefix, suffix string) (starlark.Value, error) {
	var pattern, text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern, "text", &text); err != nil {
		return nil, err
	}
	re, err := p.get(pattern, prefix, suffix)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	at := re.FindStringSubmatchIndex(text)
	if at == nil {
		return starlark.None, nil
	}
	return &match{pattern, re, text, at}, nil
}

// re.match(pattern, text) -> match or None
//
// re.match is the match at the start of the text.
//
// Args:
//
//	pattern: a regular expression.
//	text: the string to look at.
func (p *patterns) match(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return p.first(b, args, kwargs, `\A(?:`, `)`)
}

// re.fullmatch(pattern, text) -> match or None
//
// re.fullmatch is the match that takes the whole text.
//
// Args:
//
//	pattern: a regular expression.
//	text: the string to look at.
func (p *patterns) fullmatch(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return p.first(b, args, kwargs, `\A(?:`, `)\z`)
}

// re.search(pattern, text) -> match or None
//
// re.search is the first match anywhere in the text.
//
// Args:
//
//	pattern: a regular expression.
//	text: the string to look at.
func (p *patterns) search(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return p.first(b, args, kwargs, "", "")
}

// re.find_all(pattern, text) -> list of matches
//
// re.find_all lists all matches that do not overlap, from left to right.
//
// Args:
//
//	pattern: a regular expression.
//	text: the string to look at.
func (p *patterns) findAll(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern, text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern, "text", &text); err != nil {
		return nil, err
	}
	matches, err := p.all(pattern, text, -1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	list := make([]starlark.Value, len(matches))
	for i, m := range matches {
		list[i] = m
	}
	return starlark.NewList(list), nil
}

// all finds at most count matches, any number if count is negative.
func (p *patterns) all(pattern, text string, count int) ([]*match, error) {
	re, err := p.get(pattern, "", "")
	if err != nil {
		return nil, err
	}
	if count < 0 {
		count = maxMatches + 1
	}
	found := re.FindAllStringSubmatchIndex(text, count)
	if len(found) > maxMatches {
		return nil, fmt.Errorf("the text holds more than %d matches", maxMatches)
	}
	matches := make([]*match, len(found))
	for i, at := range found {
		matches[i] = &match{pattern, re, text, at}
	}
	return matches, nil
}

// re.sub(pattern, replacement, text, *, count = 0) -> string
//
// re.sub returns the text with its matches replaced.
//
// Args:
//
//	pattern: a regular expression.
//	replacement: a string, in which \1, \g<1> and \g<name> stand for groups, \0 for the match and \\ for a backslash; or a
//	    function that takes a match and returns a string.
//	text: the string to look at.
//	count: how many matches to replace, from the left; 0 is all.
func (p *patterns) sub(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern, text string
	var replacement starlark.Value
	count := 0
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern, "replacement", &replacement, "text", &text, "count?", &count); err != nil {
		return nil, err
	}
	if count <= 0 {
		count = -1
	}
	matches, err := p.all(pattern, text, count)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	var out strings.Builder
	done := 0
	for _, m := range matches {
		s, err := m.replace(thread, replacement)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name(), err)
		}
		out.WriteString(text[done:m.at[0]])
		out.WriteString(s)
		done = m.at[1]
		if out.Len() > maxText {
			return nil, fmt.Errorf("%s: the text would be larger than %d MiB", b.Name(), maxText>>20)
		}
	}
	out.WriteString(text[done:])
	return starlark.String(out.String()), nil
}

// re.split(pattern, text, *, count = 0) -> list of strings
//
// re.split cuts the text at its matches and returns what lies between them.
//
// Args:
//
//	pattern: a regular expression; its groups mean nothing here.
//	text: the string to cut.
//	count: how many cuts to make, from the left; 0 is all.
func (p *patterns) split(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern, text string
	count := 0
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern, "text", &text, "count?", &count); err != nil {
		return nil, err
	}
	if count <= 0 {
		count = -1
	}
	matches, err := p.all(pattern, text, count)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	list := make([]starlark.Value, 0, len(matches)+1)
	done := 0
	for _, m := range matches {
		list = append(list, starlark.String(text[done:m.at[0]]))
		done = m.at[1]
	}
	return starlark.NewList(append(list, starlark.String(text[done:]))), nil
}

// re.escape(text) -> string
//
// re.escape returns a pattern that matches exactly this text.
//
// Args:
//
//	text: any string.
func reEscape(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	return starlark.String(regexp.QuoteMeta(text)), nil
}
