// Package deploy has the words between what brings sets to clusters, package cluster, and whoever asks for it: connections, what a
// person allows, events, reports, verdicts. It is apart from package cluster, which links the client of Kubernetes, because that client costs
// every start of a program more than a millisecond: a program that only shows what happens need not link it.
package deploy

import (
	"context"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Clusters are the clusters that there are.
type Clusters interface {
	// Connect finds a cluster as kubectl does, and asks who it is. Every error is a Failure.
	Connect(context.Context, Options) (Cluster, error)
	// Contexts are the names of the contexts in a kubeconfig; "" is the usual one. There are none where it cannot be read.
	Contexts(kubeconfig string) []string
}

// Cluster is a cluster that answers.
type Cluster interface {
	Identity() Identity
	// UID is that of the Identity; where there is none the error is a Failure that says why.
	UID(context.Context) (string, error)
	Deploy(Job) Engine
}

// Engine brings one set to one cluster. Its errors are Failures.
type Engine interface {
	// Plan says what Apply would do. PlanDelete and PlanRollback plan to delete all, and to go back to a revision; 0 is the last good
	// one before the present. They write nothing.
	Plan(context.Context) (*plan.Plan, error)
	PlanDelete(context.Context) (*plan.Plan, error)
	PlanRollback(ctx context.Context, revision int) (*plan.Plan, error)

	// Apply does what Plan or PlanRollback has planned, and Delete what PlanDelete has. The Report is there even with an error, if
	// something was done.
	Apply(context.Context, *plan.Plan) (*Report, error)
	Delete(context.Context, *plan.Plan) (*Report, error)

	Status(context.Context) (*Status, error)
	// History lists the revisions, the latest first, without their objects.
	History(context.Context) ([]Revision, error)
	Revision(ctx context.Context, number int) (*Revision, error)
}

// Job is a set that is to be brought to a cluster.
type Job struct {
	Set    *kube.Set
	Wishes map[kube.ID]plan.Wishes
	Target string // for people; may be empty
	Settings
}

// Settings are what a person allows, and how long they wait.
type Settings struct {
	Adopt          bool          // take over objects that are there and that no set owns
	PruneProtected bool          // delete Namespaces, CRDs, PersistentVolumes and claims too
	AllowMassPrune bool          // delete also if that is all, or most, of the set
	NoWait         bool          // end when all is written
	Rights         bool          // the plan is to be carried out: it is refused where rights for that are lacking
	Timeout        time.Duration // of the wait until all is healthy, and of that until deleted objects are gone; 0 is DefaultTimeout
	LockTimeout    time.Duration // how long a run that is under way is waited for; 0 is not at all
	LockTTL        time.Duration // how long a holder that renews nothing is taken for alive; 0 is 15 s
	Revisions      int           // of the history to keep; 0 is 10, less than 0 keeps none
	Observer       Observer      // may be nil
}

// DefaultTimeout is how long objects are waited for: as by helm --wait and by Flux. (kubectl rollout status has no limit, kapp
// gives 15 minutes.)
const DefaultTimeout = 5 * time.Minute

// Options say which cluster to connect to, and as whom. The zero Options are those of kubectl without flags.
type Options struct {
	Kubeconfig string // file in place of $KUBECONFIG and ~/.kube/config
	Context    string // in place of the current one
	Namespace  string // in place of the context's
	Pin        string // uid that the cluster's kube-system must have; "" takes any cluster
	UserAgent  string // starctl/1.2.3; the platform is added
	CacheDir   string // in place of starctl's directory in the user's cache
	Observer   Observer
}

// Identity is a cluster, and how it was reached.
type Identity struct {
	Context   string // of the kubeconfig; InCluster where there is none
	Server    string // URL
	UID       string // of the namespace kube-system; "" where that may not be read
	Version   string // v1.34.2; "" where that may not be read
	Namespace string // of Options, else of the context, else default
}

// InCluster is the name of the context that a Pod has without a kubeconfig: its service account.
const InCluster = "in-cluster"
