package link

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// add adds a Diagnostic about an object, or an upstream, at a place.
func (l *linker) add(s diag.Severity, p diag.Place, object, format string, args ...any) *diag.Diagnostic {
	d := diag.Diagnostic{Severity: s, Pos: p.Locate(l.places), Object: object, Message: fmt.Sprintf(format, args...), Calls: p.Calls(l.places)}
	if strings.HasPrefix(d.Message, "got ") {
		d.Pos = p.LocateValue(l.places)
	}
	l.diags = append(l.diags, d)
	return &l.diags[len(l.diags)-1]
}

func (l *linker) fail(p diag.Place, object, format string, args ...any) *diag.Diagnostic {
	return l.add(diag.Error, p, object, format, args...)
}

// Checks lists the names of Link's warnings, under which a file can silence them.
func Checks() []string {
	return []string{
		"envoy-config-large", "envoy-config-unused", "namespace-assumed", "upstream-drain", "upstream-no-selector",
		"upstream-not-headless", "upstream-port", "upstream-port-assumed", "upstream-protocol", "upstream-unused",
	}
}

// warn adds a warning under the name of its check, one of Checks.
func (l *linker) warn(check string, p diag.Place, object, format string, args ...any) *diag.Diagnostic {
	d := l.add(diag.Warning, p, object, format, args...)
	d.Check = check
	return d
}

// related is another place that matters.
func (l *linker) related(p diag.Place, text string) diag.Related {
	return diag.Related{Pos: p.Locate(l.places), Text: text}
}

// reported turns the mistakes of a Run of Link's own into Diagnostics below a place.
func (l *linker) reported(run *typed.Run, below diag.Place) {
	for _, m := range run.Mistakes() {
		m.Place = diag.Place{Frames: below.Frames, Names: append(below.Names[:len(below.Names):len(below.Names)], m.Place.Names...)}
		l.diags = append(l.diags, m.Diagnostic(l.places))
	}
}

// whereMade is the call that made an object.
func whereMade(r *typed.Record) diag.Place { return r.Where(nil) }

// quoted writes names as people list them.
func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(list, ", ")
}

// oneOf writes names as alternatives.
func oneOf(names []string) string {
	if len(names) == 1 {
		return quoted(names)
	}
	return "one of " + quoted(names)
}

// fields is a path of fields.
func fields(names ...string) kube.Path { return kube.Fields(names...) }
