package cluster

import (
	"context"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Deployment is a set on a cluster. Plan says what would change, Apply does exactly that.
type Deployment struct {
	Client *Client
	Set    *kube.Set
	Wishes map[kube.ID]plan.Wishes
	Target string // for people; may be empty
	Settings

	made     *reading // what madePlan was made from
	madePlan *plan.Plan
	madeBy   *Deployment    // of what set: that of a revision, or none to delete, where it is not Set
	keep     []kube.ID      // not declared, and not to be deleted: Secrets of a revision
	phase    string         // of runs, if it is not what the method says: rollback
	comparer *plan.Comparer // of every plan, so that digests of Secrets can be compared between them
}

// Settings are what a person allows, and how long they wait.
type Settings struct {
	Adopt          bool          // take over objects that are there and that no set owns
	PruneProtected bool          // delete Namespaces, CRDs, PersistentVolumes and claims too
	AllowMassPrune bool          // delete also if that is all, or most, of the set
	NoWait         bool          // end when all is written
	Timeout        time.Duration // of the wait until all is healthy, and of that until deleted objects are gone; 0 is DefaultTimeout
	LockTimeout    time.Duration // how long a run that is under way is waited for; 0 is not at all
	LockTTL        time.Duration // how long a holder that renews nothing is taken for alive; 0 is 15 s
	Revisions      int           // of the history to keep; 0 is 10, less than 0 keeps none
	Observer       Observer      // may be nil
}

func (s *Settings) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return DefaultTimeout
}

func (s *Settings) ttl() time.Duration {
	if s.LockTTL > 0 {
		return max(s.LockTTL, time.Second)
	}
	return lockTTL
}

// Report is what a run did.
type Report struct {
	Counts    map[plan.Action]int // of steps that were done
	Undone    []kube.ID           // whose steps were not done
	Kept      []kube.ID           // that should be gone and are not; their entries stay
	Unhealthy []Problem
	Revision  int // of the history; 0 if none was kept
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

	uid string // of the Secret that keeps it
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
	Phase  string // apply, rollback or delete
}

// owner is the set as the cluster's objects name it.
func (d *Deployment) owner() plan.Owner {
	id := d.Client.Identity()
	return plan.Owner{Set: d.Set.Name, Namespace: d.namespace(), Cluster: id.UID}
}

// namespace is where the inventory is.
func (d *Deployment) namespace() string {
	if d.Set.Namespace != "" {
		return d.Set.Namespace
	}
	return d.Client.Identity().Namespace
}

func (d *Deployment) observe(e Event) { d.Client.tell(d.Observer, e) }

// listen lets whoever observes hear also what the Client has to say.
func (d *Deployment) listen() {
	if d.Observer != nil {
		d.Client.Observe(d.Observer)
	}
}

// inParallel calls f for 0 to n-1, as many at once as the server is asked, until one fails or ctx is done; those under way are
// waited for. The error is that of the lowest that failed.
func inParallel(ctx context.Context, n int, f func(i int) error) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, n)
	next := make(chan int)
	workers := min(n, inFlight)
	done := make(chan struct{}, workers)
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range next {
				if errs[i] = f(i); errs[i] != nil {
					stop()
				}
			}
		}()
	}
	feed(work, n, next)
	for range workers {
		<-done
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func feed(ctx context.Context, n int, next chan<- int) {
	defer close(next)
	for i := range n {
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case next <- i:
		}
	}
}
