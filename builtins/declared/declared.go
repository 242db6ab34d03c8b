// Package declared holds what a deploy file says to later stages about its objects, by the modules apply and vet. Whoever
// acts on it finds these values among the Declarations of a typed.Record, or of a typed.Run where no object is meant; each
// knows its place, for messages.
package declared

import (
	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/starlark/diag"
)

// Leave says that a field belongs to somebody else: apply never sets it.
type Leave struct {
	Path  kube.Path
	Place diag.Place
}

// Take says that a field which somebody else owns becomes ours.
type Take struct {
	Path  kube.Path
	Place diag.Place
}

// DependsOn says that an object is applied only when others are healthy.
type DependsOn struct {
	On    []*typed.Record
	Place diag.Place
}

// Replace says that the object may be deleted and made again where a change is to a field that cannot change.
type Replace struct {
	Place diag.Place
}

// Silence says that what a check finds is meant to be so: on the Record that it is declared on, on a Run everywhere.
type Silence struct {
	Check, Reason string
	Place         diag.Place
}

// External says, on a Run, that something else makes the object with a name that is referred to. An empty Kind or Namespace
// is any.
type External struct {
	Name, Kind, Namespace string
	Place                 diag.Place
}
