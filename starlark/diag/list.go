package diag

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Sort puts Diagnostics in source order and leaves out repetitions: what was said of one place in one object, however
// many calls or loads led there.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	type said struct {
		severity                     Severity
		pos                          Pos
		object, path, message, check string
	}
	seen := map[said]bool{}
	*l = slices.DeleteFunc(*l, func(d Diagnostic) bool {
		k := said{d.Severity, d.Pos, d.Object, d.Path, d.Message, d.Check}
		k.pos.End = 0
		if seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

// Err returns the List as an error, nil if no Diagnostic in it is an Error.
func (l List) Err() error {
	for _, d := range l {
		if d.Severity == Error {
			return l
		}
	}
	return nil
}

// MarshalJSON writes a Diagnostic for machines. The names are stable: severity ("error" or "warning"), file, line, column,
// endColumn (behind the last character), object, path, message, suggest, help (a list), check, calls (a list of function,
// file, line, column; innermost first) and related (a list of file, line, column, text). What is not known is left out.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	type place struct {
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
		End    int    `json:"endColumn,omitempty"`
	}
	type call struct {
		Function string `json:"function"`
		place
	}
	type related struct {
		place
		Text string `json:"text"`
	}
	at := func(p Pos) place { return place{p.File, p.Line, p.Col, p.End} }
	out := struct {
		Severity string `json:"severity"`
		place
		Object  string    `json:"object,omitempty"`
		Path    string    `json:"path,omitempty"`
		Message string    `json:"message"`
		Suggest string    `json:"suggest,omitempty"`
		Help    []string  `json:"help,omitempty"`
		Check   string    `json:"check,omitempty"`
		Calls   []call    `json:"calls,omitempty"`
		Related []related `json:"related,omitempty"`
	}{
		Severity: d.Severity.String(), place: at(d.Pos), Object: d.Object, Path: d.Path,
		Message: d.Message, Suggest: d.Suggest, Help: d.Help, Check: d.Check,
	}
	for _, f := range d.Calls {
		out.Calls = append(out.Calls, call{f.Func, at(f.Pos)})
	}
	for _, r := range d.Related {
		out.Related = append(out.Related, related{at(r.Pos), r.Text})
	}
	return json.Marshal(out)
}
