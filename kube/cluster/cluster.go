// Package cluster brings a set to a Kubernetes cluster, and is the only one that talks to one: it reads what is there, makes
// the Plan (package plan compares and knows no server), applies it by stages, waits until all is healthy, prunes what is no
// longer declared, and keeps the inventory of what a set owns. Nothing that belongs to somebody else is touched, and a run that
// ended anywhere can be run again.
//
// Read client.go (requests), inventory.go (what is ours), read.go and plan.go, apply.go, wait.go, prune.go.
package cluster

import (
	"time"

	"github.com/starctl/starctl/kube"
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
