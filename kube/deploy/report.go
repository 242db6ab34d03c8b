package deploy

import (
	"slices"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Verdict is how a command that changes a cluster ended; it is the exit code.
type Verdict int

// The verdicts.
const (
	Done        Verdict = 0
	Internal    Verdict = 1
	BadInput    Verdict = 2
	Refused     Verdict = 3 // before anything was written
	Partly      Verdict = 4 // some was applied, not all
	Unhealthy   Verdict = 5 // applied, and not healthy or not in time
	Unreachable Verdict = 6 // no server, or it denied access
	Interrupted Verdict = 130
)

// Failure is an error with its verdict and with what to do.
type Failure struct {
	Verdict Verdict
	Err     error
	Help    []string // a line each
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Event is something that happens while a set is applied, waited for, pruned or deleted. Events are what a live view shows and
// what --json writes, one a line.
type Event struct {
	Time   time.Time
	Kind   EventKind
	ID     kube.ID  // of the object that it is about; zero if about the set
	Text   string   // for people: "4 of 6 Pods ready, 2 starting"; escaped by whoever prints it
	Detail []string // further lines: the reason of a failing Pod, events, last lines of its log

	Problem *Problem // of Unwell: the same for machines; else nil
}

// EventKind says what happens.
type EventKind string

// The kinds of events.
const (
	Waiting  EventKind = "waiting"   // for the lock of another run, for a server that asks to slow down
	Applying EventKind = "applying"  // a write has begun
	Created  EventKind = "created"   // written
	Changed  EventKind = "changed"   // written
	Replaced EventKind = "replaced"  // written
	Deleting EventKind = "deleting"  // asked for; finalizers may take their time
	Deleted  EventKind = "deleted"   // gone, as seen
	Kept     EventKind = "kept"      // not deleted, and why; its entry stays
	Progress EventKind = "progress"  // of an object that is waited for
	Healthy  EventKind = "healthy"   // an object that was waited for
	Unwell   EventKind = "unhealthy" // an object that will not become healthy, or did not in time
	Warned   EventKind = "warning"   // by the server or by us
	Failed   EventKind = "failed"    // a write that was refused
)

// Observer hears Events in the order in which they happen, from one goroutine at a time. It must not block.
type Observer func(Event)

// Report is what a run did.
type Report struct {
	Counts    map[plan.Action]int // of steps that were done
	Undone    []kube.ID           // whose steps were not done
	Kept      []kube.ID           // that should be gone and are not; their entries stay
	Unhealthy []Problem
	Revision  int // of the history; 0 if none was kept
	Back      int // the last revision before that went well; 0 if there is none, or nothing was written
	Duration  time.Duration
}

// Problem is an object that is not healthy, and why.
type Problem struct {
	ID        kube.ID  `json:"-"`
	Reason    string   `json:"reason"`              // a stable word, such as CrashLoop: see the constants
	Text      string   `json:"text"`                // "not healthy after 47 s"
	Pod       string   `json:"pod,omitempty"`       // its name, if a Pod is the cause
	Container string   `json:"container,omitempty"` // its name, if one container of the Pod is
	Lines     []string `json:"lines,omitempty"`     // for people: what is wrong, then more about it, then the last lines of the log; indented by two spaces a level
	Serving   string   `json:"serving,omitempty"`   // of a workload: "4 Pods of the old version still serve, 2 of the new one do not start"
}

// Detail are the lines about a Problem for people.
func (p *Problem) Detail() []string {
	if p.Serving == "" {
		return p.Lines
	}
	return append(slices.Clip(p.Lines), p.Serving)
}
