package typed

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// RunOf returns the Run of the thread that evaluates.
func RunOf(thread *starlark.Thread) *Run { return thread.Local(local).(*Run) }

// Lookup returns a type by its name, such as "apps.v1.Deployment", or panics: names in Go code are known.
func Lookup(name string) *schema.Object {
	o := schema.Lookup(name)
	if o == nil {
		panic("no type " + name)
	}
	return o
}

// New returns an empty Record of type t, made where the Starlark code that runs now calls; an object that stands alone
// has its apiVersion and kind.
func (r *Run) New(t *schema.Object) *Record {
	x := r.record(t, 8)
	r.mark(x)
	if t.Kind != "" {
		_ = x.stamp() // cannot fail: nothing is set
	}
	return x
}

// Schema is the Record's type.
func (r *Record) Schema() *schema.Object { return r.typ }

// Frozen reports whether the Record can no longer change.
func (r *Record) Frozen() bool { return r.frozen }

// Get returns the value of a field as it was set, or nil.
func (r *Record) Get(name string) starlark.Value {
	f := r.typ.Field(name)
	if f < 0 {
		return nil
	}
	if i, ok := r.find(f); ok && !blank(r.slots[i].val) {
		return r.slots[i].val
	}
	return nil
}

// Set sets a field, as an assignment in Starlark does.
func (r *Record) Set(name string, v starlark.Value) error { return r.SetField(name, v) }

// Child returns the record in a field, made if need be.
func (r *Record) Child(name string) *Record { return child[*Record](r, name) }

// Items returns the list in a field, made if need be.
func (r *Record) Items(name string) *List { return child[*List](r, name) }

// Entries returns the map in a field, made if need be.
func (r *Record) Entries(name string) *Map { return child[*Map](r, name) }

func child[T any](r *Record, name string) T {
	v, err := r.Attr(name)
	if err != nil {
		panic(err)
	}
	return v.(T)
}

// Append adds an element, checked as in Starlark.
func (l *List) Append(v starlark.Value) error { return l.Insert(len(l.vals), v) }

// Insert adds an element before the one at i.
func (l *List) Insert(i int, v starlark.Value) error {
	if l.frozen {
		return fmt.Errorf("cannot insert into a frozen list")
	}
	v, err := l.run.convert(l.elem, v)
	if err != nil {
		return within(fmt.Sprintf("[%d]", i), err)
	}
	l.vals = append(l.vals, nil)
	copy(l.vals[i+1:], l.vals[i:])
	l.vals[i], l.blank = v, false
	return nil
}

// Mistake is an error that did not stop evaluation: the value was left unset, so that independent mistakes are all found
// in one run.
type Mistake struct {
	Err     error // often an *Error, whose path starts at what was called or set
	Object  string
	Place   diag.Place
	Related []diag.Related
	Help    []string
}

// Report records a mistake of the Starlark code that runs now; evaluation goes on. names lead from the arguments of the
// running call to the value: diag.Place.Names.
func (r *Run) Report(object string, err error, names ...string) {
	r.mistakes = append(r.mistakes, Mistake{Err: err, Object: object, Place: diag.Place{Frames: r.frames(), Names: names}})
}

// Mistakes returns what was reported, in order.
func (r *Run) Mistakes() []Mistake { return r.mistakes }

// Where says where the value at path below the Record was set: the deepest place that is known, and the names that lead
// on from there.
func (r *Record) Where(path kube.Path) diag.Place {
	panic("not yet") // TODO: see the positions of Run
}

// Annotate keeps a note of Go code with the Record: what configure_sidecar or config_map was told of it. It is not part of
// the value and is never written. Copies keep it.
func (r *Record) Annotate(note any) { r.note = note }

// Annotation returns what was last given to Annotate.
func (r *Record) Annotation() any { return r.note }
