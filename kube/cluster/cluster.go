// Package cluster brings a set to a Kubernetes cluster, and is the only one that talks to one: it reads what is there, makes
// the Plan (package plan compares and knows no server), applies it by stages, waits until all is healthy, prunes what is no
// longer declared, and keeps the inventory of what a set owns. Nothing that belongs to somebody else is touched, and a run that
// ended anywhere can be run again. What it says to its callers, it says in the words of package deploy.
//
// Read client.go (requests), inventory.go (what is ours), read.go and plan.go, apply.go, wait.go, prune.go.
package cluster

import (
	"context"

	"github.com/starctl/starctl/kube/deploy"
)

// The words of package deploy.
type (
	Options     = deploy.Options
	Identity    = deploy.Identity
	Settings    = deploy.Settings
	Verdict     = deploy.Verdict
	Failure     = deploy.Failure
	Event       = deploy.Event
	EventKind   = deploy.EventKind
	Observer    = deploy.Observer
	Report      = deploy.Report
	Problem     = deploy.Problem
	Status      = deploy.Status
	Run         = deploy.Run
	Revision    = deploy.Revision
	ObjectState = deploy.ObjectState
	Presence    = deploy.Presence
	PodCount    = deploy.PodCount
	ForeignEdit = deploy.ForeignEdit
)

// The constants of package deploy.
const (
	Done           = deploy.Done
	Internal       = deploy.Internal
	BadInput       = deploy.BadInput
	Refused        = deploy.Refused
	Partly         = deploy.Partly
	Unhealthy      = deploy.Unhealthy
	Unreachable    = deploy.Unreachable
	Interrupted    = deploy.Interrupted
	Waiting        = deploy.Waiting
	Applying       = deploy.Applying
	Created        = deploy.Created
	Changed        = deploy.Changed
	Replaced       = deploy.Replaced
	Deleting       = deploy.Deleting
	Deleted        = deploy.Deleted
	Kept           = deploy.Kept
	Progress       = deploy.Progress
	Healthy        = deploy.Healthy
	Unwell         = deploy.Unwell
	Warned         = deploy.Warned
	Failed         = deploy.Failed
	IsPresent      = deploy.IsPresent
	IsMissing      = deploy.IsMissing
	IsReplaced     = deploy.IsReplaced
	IsLeaving      = deploy.IsLeaving
	IsUnknown      = deploy.IsUnknown
	InCluster      = deploy.InCluster
	DefaultTimeout = deploy.DefaultTimeout
)

// Clusters are the clusters of the kubeconfig, for those who know only package deploy.
type Clusters struct{}

// Connect is the function Connect.
func (Clusters) Connect(ctx context.Context, o Options) (deploy.Cluster, error) {
	c, err := Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	return connection{c}, nil
}

// Contexts is the function Contexts.
func (Clusters) Contexts(kubeconfig string) []string { return Contexts(kubeconfig) }

// connection is a Client for those who know only package deploy.
type connection struct{ *Client }

// UID is the Client's, with a Failure for an error.
func (c connection) UID(ctx context.Context) (string, error) {
	uid, err := c.Client.UID(ctx)
	if err != nil {
		return "", AsFailure(err, Unreachable)
	}
	return uid, nil
}

// Deploy returns the Deployment of a job.
func (c connection) Deploy(j deploy.Job) deploy.Engine {
	return &Deployment{Client: c.Client, Set: j.Set, Wishes: j.Wishes, Target: j.Target, Settings: j.Settings}
}
