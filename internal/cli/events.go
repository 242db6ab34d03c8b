package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"
	"unicode"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/kube/plan"
	"github.com/starctl/starctl/starlark/diag"
)

// eventLine is a line that --json writes. The names are stable; docs/apply.md explains them.
type eventLine struct {
	Time   string     `json:"time"`
	Event  string     `json:"event"`
	Target string     `json:"target,omitempty"`
	Set    string     `json:"set,omitempty"`
	Object *objectRef `json:"object,omitempty"`
	Text   string     `json:"text,omitempty"`
	Detail []string   `json:"detail,omitempty"`

	// Of what is not healthy.
	Reason    string `json:"reason,omitempty"`
	Pod       string `json:"pod,omitempty"`
	Container string `json:"container,omitempty"`

	// Of an error, a warning, an obstacle or a note.
	Kind   string   `json:"kind,omitempty"`
	Path   string   `json:"path,omitempty"`
	File   string   `json:"file,omitempty"`
	Line   int      `json:"line,omitempty"`
	Column int      `json:"column,omitempty"`
	Help   []string `json:"help,omitempty"`

	Counts *changeCounts `json:"counts,omitempty"` // of a plan, of the end of a set, and of the result
	Rolls  int           `json:"rolls,omitempty"`  // of a plan: Pods that are made anew

	// Of the end of a set, and of the result.
	Result  string   `json:"result,omitempty"`
	Exit    *int     `json:"exit,omitempty"`
	Seconds *float64 `json:"seconds,omitempty"`
}

// objectRef is an object in an event.
type objectRef struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func refer(id kube.ID) *objectRef {
	if id.Kind == "" {
		return nil
	}
	return &objectRef{id.APIVersion(), id.Kind, id.Namespace, id.Name}
}

// eventLog writes eventLines, each at once.
type eventLog struct {
	w     *bufio.Writer
	now   func() time.Time
	begun time.Time
	total changeCounts // of all sets that have ended

	mu  sync.Mutex
	err error
}

// logEvents is --json of a command that changes a cluster: all that happens goes to stdout as events, mistakes too.
func (u *ui) logEvents() {
	u.events = &eventLog{w: u.out, now: time.Now, begun: time.Now()}
}

// wantsEvents reports whether a command line asks for events, also one that cannot be understood otherwise: whoever reads them reads
// nothing else.
func wantsEvents(args []string) bool {
	if len(args) == 0 || looks[args[0]] == nil {
		return false
	}
	asked := false
	for _, a := range args {
		switch a {
		case "--json", "--json=true":
			asked = true
		case "-h", "--help":
			return false
		case "--":
			return asked
		}
	}
	return asked
}

func (l *eventLog) write(e eventLine) {
	if e.Time == "" {
		e.Time = instant(l.now())
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.err == nil {
		if _, err = l.w.Write(escapeJSON(b.Bytes())); err == nil {
			err = l.w.Flush()
		}
	}
	if l.err == nil {
		l.err = err
	}
}

// instant is a time in an event: RFC 3339, UTC, milliseconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// escapeJSON writes the characters of strings that a terminal would act on, where JSON itself does not ask for it, as JSON
// writes them: the data is the same.
func escapeJSON(text []byte) []byte {
	harmful := func(r rune) bool {
		return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	}
	if bytes.IndexFunc(text, harmful) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if harmful(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// diagnostic writes a mistake or a warning, about a file or about a set; x is nil where no set is known.
func (l *eventLog) diagnostic(d diag.Diagnostic, x *deployment) {
	target, set := "", ""
	if x != nil {
		target, set = x.place, x.result.Set.Name
	}
	e := eventLine{
		Event: d.Severity.String(), Target: target, Set: set, Kind: d.Check, Path: d.Path, Text: d.Message, Help: d.Help,
		File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Col,
	}
	if d.Object != "" {
		e.Text = d.Object + ": " + e.Text
	}
	if d.Suggest != "" {
		e.Help = append([]string{fmt.Sprintf("did you mean %q?", d.Suggest)}, e.Help...)
	}
	l.write(e)
}

// eventLines follows a set by writing what happens to it as data.
type eventLines struct {
	log     *eventLog
	subject subject
}

func (f *eventLines) begin(s subject) {
	f.subject = s
	f.log.write(eventLine{Event: "begin", Target: s.place, Set: s.set, Text: s.title})
}

func (f *eventLines) follow(e deploy.Event) {
	line := eventLine{
		Time: instant(e.Time), Event: string(e.Kind), Target: f.subject.place, Set: f.subject.set,
		Object: refer(e.ID), Text: e.Text, Detail: e.Detail,
	}
	if p := e.Problem; p != nil {
		line.Reason, line.Pod, line.Container = p.Reason, p.Pod, p.Container
	}
	f.log.write(line)
}

func (f *eventLines) end() {}

// changeCounts count objects by what was planned for them, or done with them.
type changeCounts struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Replace   int `json:"replace"`
	Delete    int `json:"delete"`
	Unchanged int `json:"unchanged"`
	Kept      int `json:"kept,omitempty"`      // not deleted, with the reason in an event
	Unhealthy int `json:"unhealthy,omitempty"` // written
	Refused   int `json:"refused,omitempty"`   // of a plan: what has an obstacle
}

func countsOf(p *plan.Plan) *changeCounts {
	n := map[plan.Action]int{}
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.Replace, plan.Delete, plan.Unchanged} {
		n[a] = p.Count(a)
	}
	c := countsIn(n)
	c.Refused = p.Obstructed()
	return c
}

func countsIn(n map[plan.Action]int) *changeCounts {
	return &changeCounts{
		Create: n[plan.Create], Update: n[plan.Update], Replace: n[plan.Replace], Delete: n[plan.Delete], Unchanged: n[plan.Unchanged],
	}
}

func (c *changeCounts) add(o *changeCounts) {
	c.Create += o.Create
	c.Update += o.Update
	c.Replace += o.Replace
	c.Delete += o.Delete
	c.Unchanged += o.Unchanged
	c.Kept += o.Kept
	c.Unhealthy += o.Unhealthy
}

// plan writes what will be done: a line for each object that changes, then one for the set.
func (l *eventLog) plan(x *deployment) {
	rolls := 0
	for i := range x.plan.Steps {
		s := &x.plan.Steps[i]
		rolls += s.Rolls
		if s.Action != plan.Unchanged {
			l.write(eventLine{Event: "planned", Target: x.place, Set: x.plan.Set, Object: refer(s.ID), Text: s.Action.String(), Rolls: s.Rolls})
		}
	}
	l.write(eventLine{Event: "plan", Target: x.place, Set: x.plan.Set, Text: say(planned(x.plan), "nothing changes"), Counts: countsOf(x.plan), Rolls: rolls})
}

// ended writes how a set's turn ended.
func (l *eventLog) ended(c *carriedOut) {
	exit, seconds := int(c.verdict), c.took.Seconds()
	e := eventLine{Event: "end", Target: c.place, Set: c.plan.Set, Result: verdictWord(exit), Exit: &exit, Seconds: &seconds}
	if c.report != nil {
		e.Counts = reported(c.report)
		l.total.add(e.Counts)
	}
	l.write(e)
}

// result writes the last line.
func (l *eventLog) result(exit int) {
	seconds := l.now().Sub(l.begun).Seconds()
	l.write(eventLine{Event: "result", Result: verdictWord(exit), Exit: &exit, Counts: &l.total, Seconds: &seconds})
}

// verdictWord is an exit code in a word.
func verdictWord(exit int) string {
	switch deploy.Verdict(exit) {
	case deploy.Done:
		return "done"
	case deploy.BadInput:
		return "bad-input"
	case deploy.Refused:
		return "refused"
	case deploy.Partly:
		return "partly"
	case deploy.Unhealthy:
		return "unhealthy"
	case deploy.Unreachable:
		return "unreachable"
	case deploy.Interrupted:
		return "interrupted"
	}
	return "internal"
}
