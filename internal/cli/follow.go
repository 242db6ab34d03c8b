package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// follower shows what happens to sets while they are applied, deleted or rolled back, one set after the other: as a live view on
// a terminal (live.go), as plain lines elsewhere (lines.go), as data where --json is given (events.go).
type follower interface {
	begin(subject)         // a set's turn
	follow(e deploy.Event) // never blocks
	end()                  // of the set's turn: whatever is still shown becomes part of the record
}

// subject is one set on one target, and what it is about to go through.
type subject struct {
	place     string // the target's name, else the kubeconfig's context
	set       string
	namespace string // objects in it are called without it
	title     string // what is done, for whoever reads lines: "applying: 1 to create, 2 to change"
	width     int    // of the names of the objects that change

	declared   func(kube.ID) string                      // where a deploy file declares an object, "" if none does
	configured func(id kube.ID, container string) string // where it says what one of its containers is, "" if nowhere
}

// follower returns the one that suits where the output goes.
func (u *ui) follower() follower {
	switch {
	case u.events != nil:
		return &eventLines{log: u.events}
	case u.live:
		return newLiveView(u)
	}
	return &plainLines{u: u, now: time.Now}
}

// name is an object as people call it who know which set they look at.
func (s *subject) name(id kube.ID) string {
	if id.Namespace == s.namespace {
		id.Namespace = ""
	}
	return diag.Escape(id.String())
}

// row is an object that something is being done to, or that is waited for.
type row struct {
	id      kube.ID
	begun   time.Time
	text    string   // what is happening
	detail  []string // why
	said    bool     // a warning about it was the last thing
	written string   // "created" as soon as it is, for the record of what is not waited for; "" again once it is
}

// underWay are the rows, in the order in which they began.
type underWay struct {
	rows []*row
	over map[kube.ID]bool // objects whose record is written
}

func (w *underWay) find(id kube.ID) *row {
	for _, r := range w.rows {
		if r.id == id {
			return r
		}
	}
	return nil
}

// begin returns the row of an object, a new one if there is none.
func (w *underWay) begin(e deploy.Event) *row {
	if r := w.find(e.ID); r != nil {
		return r
	}
	r := &row{id: e.ID, begun: e.Time}
	w.rows = append(w.rows, r)
	return r
}

func (w *underWay) drop(id kube.ID) {
	w.rows = slices.DeleteFunc(w.rows, func(r *row) bool { return r.id == id })
}

// take notes an Event and says whether it is one that a record should hold. An object that was written and is waited for stays
// under way until it is healthy.
func (w *underWay) take(e deploy.Event) (line *outcome) {
	if e.Kind == deploy.Healthy && w.over[e.ID] && w.find(e.ID) == nil {
		return nil // as was to be expected of what needs no time
	}
	if e.ID.Kind != "" && e.Kind != deploy.Waiting {
		w.drop(kube.ID{}) // what was waited for has come
	}
	r := w.begin(e)
	if e.Kind == deploy.Waiting {
		e.Text = waitingText(e.Text)
	}
	switch e.Kind {
	case deploy.Waiting, deploy.Applying, deploy.Deleting, deploy.Progress:
		r.text, r.detail, r.written, r.said = say(e.Text, doing[e.Kind]), e.Detail, "", false
		return nil
	case deploy.Created, deploy.Changed, deploy.Replaced:
		r.written = string(e.Kind)
		r.text, r.detail = say(e.Text, r.written), e.Detail
		if awaited(e.ID) {
			return nil
		}
	case deploy.Warned:
		r.said = true
		w.drop(kube.ID{})
		return &outcome{mark: warned, id: e.ID, text: e.Text, detail: e.Detail}
	}
	w.drop(e.ID)
	if w.over == nil {
		w.over = map[kube.ID]bool{}
	}
	w.over[e.ID] = true
	o := &outcome{mark: marks[e.Kind], id: e.ID, text: say(e.Text, string(e.Kind)), detail: e.Detail}
	if e.Problem != nil {
		o.container = e.Problem.Container
	}
	if r.written != "" && e.Kind == deploy.Healthy {
		o.text = say(e.Text, r.written)
	}
	if took := e.Time.Sub(r.begun); took >= time.Second && o.mark != failed {
		o.took = took
	}
	return o
}

// rest are the outcomes of what is still under way when a set's turn ends: what was written and not waited for is done, the
// others are as they are.
func (w *underWay) rest() []outcome {
	var list []outcome
	for _, r := range w.rows {
		switch {
		case r.id == kube.ID{}, r.said && r.written == "":
		case r.written != "":
			list = append(list, outcome{mark: done, id: r.id, text: say(r.text, r.written)})
		default:
			list = append(list, outcome{id: r.id, text: r.text, detail: r.detail})
		}
	}
	w.rows = nil
	return list
}

// waitingText is what is waited for as a sentence of its own.
func waitingText(text string) string {
	if strings.HasPrefix(text, "for ") {
		return "waiting " + text
	}
	return text
}

func say(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

var doing = map[deploy.EventKind]string{
	deploy.Waiting:  "waiting",
	deploy.Applying: "being written",
	deploy.Deleting: "being deleted",
	deploy.Progress: "not ready yet",
}

// outcome is what became of an object: a line of the record.
type outcome struct {
	mark   mark
	id     kube.ID
	text   string
	took   time.Duration
	detail []string

	container string // that is to blame
}

// mark says how an outcome is meant.
type mark uint8

const (
	open   mark = iota // neither
	done               // ✓
	failed             // ✗
	warned
)

var marks = map[deploy.EventKind]mark{
	deploy.Created: done, deploy.Changed: done, deploy.Replaced: done, deploy.Deleted: done, deploy.Healthy: done,
	deploy.Unwell: failed, deploy.Failed: failed, deploy.Kept: open,
}

// symbol is a mark in the locale's characters, and its colour.
func (u *ui) symbol(m mark) (string, color) {
	switch {
	case m == done && u.utf8:
		return "✓", green
	case m == done:
		return "v", green
	case m == failed && u.utf8:
		return "✗", red
	case m == failed:
		return "x", red
	case m == warned:
		return "!", yellow
	}
	return " ", ""
}

// writeOutcome writes a line of the record, and what belongs to it below.
func (u *ui) writeOutcome(w io.Writer, s *subject, o outcome) {
	sign, c := u.symbol(o.mark)
	if c != "" {
		sign = u.paint(c, sign)
	}
	name := s.name(o.id)
	if o.id == (kube.ID{}) {
		name = "" // about the set
	}
	line := sign + " " + diag.Escape(o.text)
	if name != "" {
		line = fmt.Sprintf("%s %-*s  %s", sign, s.width, name, diag.Escape(o.text))
	}
	if o.took > 0 {
		line += "   " + u.paint(dim, span(o.took))
	}
	detail := o.detail
	if at := s.blame(&o); at != "" {
		detail = append(slices.Clip(detail), at)
	}
	var b strings.Builder
	b.WriteString(line + "\n")
	for _, d := range detail {
		for l := range strings.SplitSeq(strings.TrimRight(d, "\n"), "\n") {
			b.WriteString("    " + diag.Escape(l) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	u.keep(err)
}

// blame is where a deploy file has the mistake, as far as one can tell: where it configures the container that failed, else
// where it declares the object; "" if nothing failed.
func (s *subject) blame(o *outcome) string {
	if o.mark != failed || s.declared == nil {
		return ""
	}
	if o.container != "" {
		if at := s.configured(o.id, o.container); at != "" {
			return "configured at " + at
		}
	}
	if at := s.declared(o.id); at != "" {
		return "declared at " + at
	}
	return ""
}

// awaited reports whether objects of a kind take their time to become healthy: their record is written when they are.
func awaited(id kube.ID) bool {
	switch id.Group {
	case "apps", "batch":
		return id.Kind != "CronJob" && id.Kind != "ControllerRevision"
	case "":
		return id.Kind == "Pod" || id.Kind == "PersistentVolumeClaim" || id.Kind == "ReplicationController"
	case "apiextensions.k8s.io":
		return true
	}
	return false
}

// span is a time as people say it: "40 ms", "19 s", "2 min 5 s", "1 h 3 min".
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60), " 0 s")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min")
}

// count is a number of things as people say it: count(2, "object") is "2 objects".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
