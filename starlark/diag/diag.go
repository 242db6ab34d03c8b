// Package diag turns whatever goes wrong in a Starlark file into one kind of value, a [Diagnostic], and prints it: the
// place, the source line with a caret, what was found and expected, what to write instead, and the calls that led there.
//
// Errors of go.starlark.net (syntax, resolve, evaluation, load) become Diagnostics by From. Whoever notices a mistake
// later than the interpreter does knows only a [Place]: the calls that were running and the names that lead from the
// innermost call's arguments to the value; Locate finds the text that is meant in the syntax tree.
package diag

import "fmt"

// Pos is a place in a file: a line and a column of characters, both from 1. End is the column behind the last character
// that is meant, on the same line; 0 where that is not known. File is relative to the project's root, or begins with
// "@std//" or another dependency's name.
type Pos struct {
	File      string
	Line, Col int
	End       int
}

// IsValid reports whether the place is known.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String writes file:line:col.
func (p Pos) String() string {
	if !p.IsValid() {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Severity says whether a Diagnostic stops the run.
type Severity uint8

const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string { return [...]string{"error", "warning"}[s] }

// Diagnostic is one mistake or warning.
type Diagnostic struct {
	Severity Severity
	Pos      Pos
	Object   string    // what it is about: "Deployment shop/checkout"
	Path     string    // of the value in it: spec.template.spec.containers["app"].image
	Message  string    // what was found, what was expected
	Suggest  string    // the nearest name that exists, in the source's spelling; printed as: did you mean "ports"?
	Help     []string  // what to do, a line each
	Check    string    // the name under which vet lists it and a file can silence it; "" for mistakes that no one may silence
	Calls    []Frame   // the calls that led there, innermost first
	Related  []Related // other places that matter: the first of two declarations
}

// Frame is a call that was running: the function's name and the place in it that was running, which for the innermost
// one is where the mistake is.
type Frame struct {
	Func string
	Pos  Pos
}

// Related is another place of a Diagnostic and what is there: "first declared here".
type Related struct {
	Pos  Pos
	Text string
}

// Place is where a value came from: the calls that were running when it was made or set, innermost first, and the names
// that lead from that call's arguments, or from that assignment, to the value: keywords, keys of dicts, and "[2]" for an
// item of a list, behind which its key may stand: "[2]http".
type Place struct {
	Frames []Frame
	Names  []string
}

// List is several Diagnostics as one error.
type List []Diagnostic

func (l List) Error() string {
	switch len(l) {
	case 0:
		return "no errors"
	case 1:
		return l[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", l[0].Error(), len(l)-1)
}

// Error is the Diagnostic on one line.
func (d Diagnostic) Error() string {
	s := d.Message
	if d.Path != "" {
		s = d.Path + ": " + s
	}
	if d.Object != "" {
		s = d.Object + ": " + s
	}
	if d.Suggest != "" {
		s += fmt.Sprintf(": did you mean %q?", d.Suggest)
	}
	if d.Pos.File != "" {
		s = d.Pos.String() + ": " + s
	}
	return s
}
