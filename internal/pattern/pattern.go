// Package pattern compiles regular expressions when they are first used: what every start of a program would pay for, and few
// runs need.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns a function that returns the compiled expression, which must be valid.
func Lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
