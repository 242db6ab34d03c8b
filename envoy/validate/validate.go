// Package validate says what Envoy will make of a bootstrap, without Envoy.
//
// The text is parsed strictly into go-control-plane's messages (parse.go), Envoy's own constraints are checked on the bootstrap
// and on every message inside an Any, which ValidateAll does not enter (walk.go), and then what messages cannot express is
// looked at: references, names, sockets, the order of filters (rules.go, references.go, clusters.go, versions.go). Each
// [Finding] is an error, if Envoy refuses to load the text or to start with it, or a warning, if Envoy takes it and should not.
//
// This is the only package that links Envoy's messages: they cost 3 to 5 ms when a program starts, so nothing on the way from
// a deploy file to YAML may import it. Tests use it as the judge of what package envoy writes.
package validate

import (
	"cmp"
	"fmt"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// Level says how bad a Finding is.
type Level uint8

// Levels.
const (
	Error   Level = iota // Envoy refuses to load it, or to start with it
	Warning              // Envoy takes it
)

func (l Level) String() string { return [...]string{"error", "warning"}[l] }

// Finding is something wrong with a bootstrap.
type Finding struct {
	Level   Level
	Rule    string // the rule's name: syntax, field, value, constraint, or that of one of the rules
	Path    string // static_resources.clusters[2].connect_timeout
	Line    int    // in the text, from 1; 0 where unknown
	Message string
	Suggest string // the field that may have been meant
}

// Error is the Finding on one line.
func (f Finding) Error() string {
	s := f.Level.String() + ": "
	if f.Line > 0 {
		s = fmt.Sprintf("%d: %s", f.Line, s)
	}
	if f.Path != "" {
		s += f.Path + ": "
	}
	s += f.Message
	if f.Suggest != "" {
		s += fmt.Sprintf(": did you mean %q?", f.Suggest)
	}
	return s
}

// Options narrow what is allowed. The zero value is the newest Envoy that this package knows.
type Options struct {
	Envoy string // "1.36": fields that came later are errors
}

// Bootstrap checks a bootstrap written in YAML or JSON, and returns what it found, by line.
func Bootstrap(text []byte, o Options) []Finding {
	d := parse(text)
	if d.message != nil {
		d.messages()
		newView(d).check(o)
	}
	slices.SortStableFunc(d.findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return d.findings
}

// Parse returns the message that the text stands for, if Envoy's parser would take it.
func Parse(text []byte) (*bootstrapv3.Bootstrap, []Finding) {
	d := parse(text)
	return d.message, d.findings
}
