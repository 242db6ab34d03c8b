package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Owned is an object as the inventory remembers it.
type Owned struct {
	ID    kube.ID
	UID   string // "" if it was never learned
	Since time.Time
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
	Ready  int `json:"ready"`
	New    int `json:"new"` // of the latest version, ready or not
}

// ForeignEdit is a write by another manager to an object of the set.
type ForeignEdit struct {
	Manager string    `json:"manager"`
	Time    time.Time `json:"time"`
	Fields  []string  `json:"fields"` // as paths; the first few
}

// Inspect says how the objects of a set are, at this moment. It writes nothing.
func Inspect(ctx context.Context, c *Client, owner plan.Owner, objects []Owned) ([]ObjectState, error) {
	return nil, errors.New("inspecting is not written yet")
}
