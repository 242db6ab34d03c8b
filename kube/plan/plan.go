package plan

import (
	"time"

	"github.com/starctl/starctl/kube"
)

// Action is what happens to an object.
type Action uint8

// The actions, from none to the most severe.
const (
	Unchanged Action = iota
	Create
	Update
	Replace // deleted and made again: a field that cannot change does, and the object says that this is allowed
	Delete
)

var actions = [...]string{"unchanged", "create", "update", "replace", "delete"}

func (a Action) String() string { return actions[a] }

// Plan is what makes the live objects of a set equal to what it declares. Whoever applies it does exactly this, or stops.
type Plan struct {
	Target    string // for people: where it goes; "" if nobody has said
	Set       string // name of the set
	Namespace string // of the inventory
	Cluster   string // uid of the cluster's kube-system namespace; "" where it may not be read
	Revision  int    // of the history that it goes back to; 0 if it does not
	Inventory string // resourceVersion of the inventory that the plan was made from; "" where there was none

	Steps     []Step     // what is declared in the order of the set, then the deletions in the order in which they are done
	Obstacles []Obstacle // why the plan cannot be applied, all of them; empty if it can
	Notes     []Obstacle // what deserves to be known and stops nothing
}

// Step is what happens to one object.
type Step struct {
	ID     kube.ID
	Action Action

	Declared *kube.Object // as declared; nil of a deletion
	Desired  kube.Node    // what is sent: as declared, without what is left to others, with the marks of its owner
	Live     kube.Node    // what was there when the plan was made, without noise of the server; Absent if nothing was
	Result   kube.Node    // what a dry run answered, without noise of the server; Absent if nothing was asked

	// UID and ResourceVersion are of the live object, and pin every write to it. Both are empty if there was none: then there
	// must be none still.
	UID, ResourceVersion string

	Changes []Change  // what is different afterwards, field by field; nothing that the server sets by itself
	Adopted bool      // the object was there, and nobody's or kubectl's; from now on the set owns it
	Rolls   int       // Pods that are made anew because the Pod template changes
	Since   time.Time // of a deletion: since when the set has owned the object
	Later   bool      // compared without the server, since it waits for a Namespace or a CRD of the set; a dry run comes before its stage
	Stage   int       // see Stages: objects of a lower stage are written before, and ready if ReadyBefore says so
	After   []int     // indexes of Steps that must be ready before, in this stage or lower ones
}

// Obstacle is something about an object that a person should know of.
type Obstacle struct {
	Kind    string // such as "conflict": stable, for machines
	ID      kube.ID
	Object  *kube.Object // nil where nothing is declared
	Path    kube.Path    // of the field, if it is about one
	Message string
	Related []*kube.Object // others that it is about, whose places are worth showing
	Help    []string       // what to do, a line each
}

// Wishes is what a deploy file says about how one of its objects is applied.
type Wishes struct {
	Leave     []kube.Path // fields that belong to somebody else
	Take      []kube.Path // fields that become ours whoever owns them
	DependsOn []kube.ID   // objects that must be ready before
	Replace   bool        // may be deleted and made again
}

// Count counts the steps of an action. Of what has an Obstacle nobody knows what would become of it: it is in no count.
func (p *Plan) Count(a Action) int {
	obstructed := p.obstructed()
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Action == a && !obstructed[p.Steps[i].ID] {
			n++
		}
	}
	return n
}

// Obstructed counts the steps of which nobody knows what would become of them.
func (p *Plan) Obstructed() int {
	obstructed := p.obstructed()
	n := 0
	for i := range p.Steps {
		if obstructed[p.Steps[i].ID] {
			n++
		}
	}
	return n
}

// obstructed is what has an Obstacle; nil if nothing has.
func (p *Plan) obstructed() map[kube.ID]bool {
	if len(p.Obstacles) == 0 {
		return nil
	}
	m := make(map[kube.ID]bool, len(p.Obstacles))
	for i := range p.Obstacles {
		m[p.Obstacles[i].ID] = true
	}
	return m
}

// Empty reports whether applying the Plan would change nothing.
func (p *Plan) Empty() bool { return p.Count(Unchanged) == len(p.Steps) }
