package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Deployment is one set on its way to one cluster. It plans, applies, deletes and looks; each of its methods may be called
// again after any failure. All errors are Failures.
type Deployment struct {
	Client *Client
	Set    *kube.Set
	Wishes map[kube.ID]plan.Wishes // by the IDs of the Set
	Target string                  // name of the target, for the history; "" for none
	Settings
}

// Settings are what a person says about how a set is deployed. The zero value waits for health without an end, and takes over
// and deletes nothing that needs to be allowed.
type Settings struct {
	Adopt          bool // take over objects that are there and that no set owns
	PruneProtected bool // delete Namespaces, CRDs, volumes and claims as well
	AllowMassPrune bool // delete most of a set
	NoWait         bool // wait for no health
	Timeout        time.Duration
	LockTimeout    time.Duration // how long to wait for another run to end
	Observer       Observer
}

// Report is what a run did.
type Report struct {
	Counts    map[plan.Action]int
	Kept      []kube.ID // not deleted, with the reasons in events; their entries stay
	Unhealthy []Problem
	Revision  int // that the run made; 0 for none
	Duration  time.Duration
}

// Revision is a run that is remembered.
type Revision struct {
	Number  int
	Time    time.Time
	By      string // who, and where
	Counts  map[plan.Action]int
	Verdict Verdict     // Done: it went well
	Objects []kube.Node // as declared, without the data of Secrets
}

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
	Phase  string // applying, waiting, pruning
}

var errUnwritten = &Failure{Verdict: Internal, Err: errors.New("talking to clusters is not in this version")}

// Plan compares the set with what is there, and asks the server what it would make of the changes. Nothing is written.
func (d *Deployment) Plan(context.Context) (*plan.Plan, error) { return nil, errUnwritten }

// PlanDelete is the plan that deletes everything that the set owns.
func (d *Deployment) PlanDelete(context.Context) (*plan.Plan, error) { return nil, errUnwritten }

// PlanRollback is the plan that applies a revision again; 0 is the last one before the current one that went well.
func (d *Deployment) PlanRollback(_ context.Context, revision int) (*plan.Plan, error) {
	return nil, errUnwritten
}

// Apply carries out a plan of Plan or PlanRollback. The Report says what was done even where there is an error.
func (d *Deployment) Apply(context.Context, *plan.Plan) (*Report, error) { return nil, errUnwritten }

// Delete carries out a plan of PlanDelete.
func (d *Deployment) Delete(context.Context, *plan.Plan) (*Report, error) { return nil, errUnwritten }

// Status looks at the objects of the set.
func (d *Deployment) Status(context.Context) (*Status, error) { return nil, errUnwritten }

// History returns the revisions that are kept, newest first, without their Objects.
func (d *Deployment) History(context.Context) ([]Revision, error) { return nil, errUnwritten }

// Revision returns a revision with its Objects.
func (d *Deployment) Revision(_ context.Context, number int) (*Revision, error) {
	return nil, errUnwritten
}
