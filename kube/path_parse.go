package kube

import (
	"fmt"
	"strconv"
	"strings"
)

// ParsePath reads a path as String writes it: spec.containers["app"].args[2], metadata.labels["a/b"]. Single quotes do as
// well. A quoted step is a Key: only who knows the type can tell a map's key from the identity of a list's item.
func ParsePath(s string) (Path, error) {
	var p Path
	for rest := s; rest != ""; {
		step, n, err := parseStep(rest, len(p) == 0)
		if err != nil {
			return nil, fmt.Errorf("got path %q: %w", s, err)
		}
		p, rest = append(p, step), rest[n:]
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("got an empty path")
	}
	return p, nil
}

// parseStep reads the step that s begins with, and returns how long it is.
func parseStep(s string, first bool) (Step, int, error) {
	if s[0] == '[' {
		return parseBracket(s)
	}
	begin := 0
	if !first {
		if s[0] != '.' {
			return Step{}, 0, fmt.Errorf("want . or [ before %q", s)
		}
		begin = 1
	}
	end := len(s)
	if i := strings.IndexAny(s[begin:], ".["); i >= 0 {
		end = begin + i
	}
	if end == begin {
		return Step{}, 0, fmt.Errorf("a field's name is missing")
	}
	return Field(s[begin:end]), end, nil
}

// parseBracket reads ["key"], ['key'] or [index].
func parseBracket(s string) (Step, int, error) {
	if len(s) > 1 && (s[1] == '"' || s[1] == '\'') {
		end := strings.IndexByte(s[2:], s[1])
		if end < 0 || !strings.HasPrefix(s[2+end+1:], "]") {
			return Step{}, 0, fmt.Errorf("%s does not end with %c]", s, s[1])
		}
		return Key(s[2 : 2+end]), 2 + end + 2, nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return Step{}, 0, fmt.Errorf("%s does not end with ]", s)
	}
	i, err := strconv.Atoi(s[1:end])
	if err != nil || i < 0 {
		return Step{}, 0, fmt.Errorf("got [%s], want an index or a quoted key", s[1:end])
	}
	return Item(i, ""), end + 1, nil
}
