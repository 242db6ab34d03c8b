package plan

import (
	"errors"
	"io"

	"github.com/starctl/starctl/kube"
)

// Style is how a Plan is written. Its zero value is plain text without places.
type Style struct {
	ASCII bool // no characters beyond ASCII of our own
	All   bool // long values in full
	Width int  // columns, to put places at the right end; 0 is 80

	// What colours begin with, and what ends them; "" for none.
	Created, Changed, Deleted, Dim, Reset string

	Place func(*kube.Object) string // of a declaration: "deploy.star:14"; nil for none
}

// Write writes a plan for people.
func Write(w io.Writer, p *Plan, s Style) error { return errors.New("plan.Write is not written yet") }

// JSON writes plans for machines, as a list.
func JSON(w io.Writer, plans []*Plan, place func(*kube.Object) string) error {
	return errors.New("plan.JSON is not written yet")
}

// Summary is the line that ends a plan: "1 to create, 2 to change, 1 to delete, 37 unchanged".
func (p *Plan) Summary() string { return "" }

// Saved is a plan that was kept in a file.
type Saved struct{}

// Save writes plans to a file that Load reads.
func Save(w io.Writer, plans ...*Plan) error { return errors.New("plan.Save is not written yet") }

// Load reads what Save wrote, and refuses what was changed since.
func Load(r io.Reader) ([]*Saved, error) { return nil, errors.New("plan.Load is not written yet") }

// Matches returns nil if a plan, made anew, does what the saved one says; else what is different.
func (s *Saved) Matches(p *Plan) error { return errors.New("plan.Matches is not written yet") }
