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

func (d *Deployment) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DefaultTimeout
}

func (d *Deployment) ttl() time.Duration {
	if d.LockTTL > 0 {
		return max(d.LockTTL, time.Second)
	}
	return lockTTL
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
