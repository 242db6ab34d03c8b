package deploy

import (
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Status is what there is of a set.
type Status struct {
	Run     *Run      // that is under way, or that was left behind
	Last    *Revision // nil if there is none
	Objects []ObjectState
}

// Run is an apply, a rollback or a delete that holds the lock of a set.
type Run struct {
	Holder string
	Since  time.Time
	Phase  string // apply, rollback or delete
}

// ObjectState is what a cluster has of an object of a set.
type ObjectState struct {
	ID      kube.ID       `json:"-"`
	Present Presence      `json:"state"`
	Healthy bool          `json:"healthy"`
	Text    string        `json:"text,omitempty"`    // for people: "6 of 6 Pods ready"
	Problem *Problem      `json:"problem,omitempty"` // why it is not healthy, as far as one can see without waiting
	Pods    *PodCount     `json:"pods,omitempty"`    // of a workload
	Foreign []ForeignEdit `json:"foreign,omitempty"` // fields that others have changed since
	Since   time.Time     `json:"since"`             // when the set came to own it
}

// Presence says whether an object of the inventory is there, and ours.
type Presence string

// The kinds of presence.
const (
	IsPresent  Presence = "present"
	IsMissing  Presence = "missing"  // deleted by somebody
	IsReplaced Presence = "replaced" // another object of that name, not made by this set
	IsLeaving  Presence = "leaving"  // being deleted
	IsUnknown  Presence = "unknown"  // its kind is gone, its API does not answer, or it may not be read: see Text
)

// PodCount counts Pods of a workload.
type PodCount struct {
	Wanted int `json:"wanted"`
	Ready  int `json:"ready"` // of any version
	New    int `json:"new"`   // of the latest version, ready or not
}

// ForeignEdit is a write by another manager to an object of the set.
type ForeignEdit struct {
	Manager string    `json:"manager"`
	Time    time.Time `json:"time"`
	Fields  []string  `json:"fields"` // as paths; the first few
}

// Revision is a run that is remembered.
type Revision struct {
	Number  int
	Time    time.Time
	By      string // who, and where
	Counts  map[plan.Action]int
	Verdict Verdict     // Done: it went well
	Objects []kube.Node // as declared, without the data of Secrets; empty in lists
	UID     string      // of the Secret that keeps it
	Digest  string      // of its Objects
}
