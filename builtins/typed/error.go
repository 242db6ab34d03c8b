package typed

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube/schema"
)

// Error is a mistake in a value; Path leads to it, from the value that was set.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

func within(step string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{step + e.Path, e.Err}
	}
	return &Error{step, err}
}

func wrong(got starlark.Value, want string) error {
	return fmt.Errorf("got %s, want %s", got.Type(), want)
}

func unknown(t *schema.Object, name string) error {
	return within("."+name, fmt.Errorf("no such field of %s%s", t.Name, hint(name, names(t))))
}

// hint names the candidate nearest to s, if one is near.
func hint(s string, candidates []string) string {
	best, least := "", len(s)/3+1
	for _, c := range candidates {
		if d := distance(s, c); d <= least && (best == "" || d < distance(s, best)) {
			best = c
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i]|0x20 == b[j]|0x20 {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diag+cost)
		}
	}
	return row[len(b)]
}
