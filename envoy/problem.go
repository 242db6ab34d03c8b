package envoy

import (
	"fmt"

	"github.com/starctl/starctl/internal/nearest"
)

// Problem is a mistake in a [Config].
type Problem struct {
	Upstream int    // index in Config.Upstreams; -1 for the Config itself
	Option   string // the Starlark keyword; "outlier.interval" is a keyword of what that keyword was given
	Message  string // what was got, what is wanted
	Suggest  string // what may have been meant
}

// Error is the Problem on one line.
func (p Problem) Error() string {
	s := p.Option + ": " + p.Message
	if p.Upstream >= 0 {
		s = fmt.Sprintf("upstream %d: %s", p.Upstream, s)
	}
	if p.Suggest != "" {
		s += fmt.Sprintf(": did you mean %q?", p.Suggest)
	}
	return s
}

// problems collects what is wrong with one Config.
type problems struct {
	list []Problem
	at   int // index of the upstream that is looked at, or -1
}

func (p *problems) add(option, format string, args ...any) *Problem {
	p.list = append(p.list, Problem{Upstream: p.at, Option: option, Message: fmt.Sprintf(format, args...)})
	return &p.list[len(p.list)-1]
}

// oneOf checks a word against those that are known; "" is the default.
func (p *problems) oneOf(option, got string, known ...string) {
	if got == "" {
		return
	}
	for _, k := range known {
		if got == k {
			return
		}
	}
	p.add(option, "got %q, want %s", got, alternatives(known)).Suggest = nearest.Name(got, known)
}

// between checks a number; 0 is the default.
func (p *problems) between(option string, got, low, high int) {
	if got != 0 && (got < low || got > high) {
		p.add(option, "got %d, want %d to %d", got, low, high)
	}
}

func alternatives(words []string) string {
	s := fmt.Sprintf("%q", words[0])
	for i, w := range words[1:] {
		sep := ", "
		if i == len(words)-2 {
			sep = " or "
		}
		s += sep + fmt.Sprintf("%q", w)
	}
	return s
}
