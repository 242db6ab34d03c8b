package typed

import (
	"strings"

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
func (r *Run) New(t *schema.Object) *Record { return r.NewRoom(t, 8) }

// NewRoom is New with room for n fields; more cost an allocation.
func (r *Run) NewRoom(t *schema.Object, n int) *Record {
	x := r.NewPart(t, n)
	x.at = r.here()
	return x
}

// NewPart is NewRoom for a part of what the running call makes: its place is that of the whole.
func (r *Run) NewPart(t *schema.Object, n int) *Record {
	x := r.record(t, n)
	x.stamp() // finds nothing wrong: nothing is set
	return x
}

// Schema is the Record's type.
func (r *Record) Schema() *schema.Object { return r.typ }

// Frozen reports whether the Record can no longer change.
func (r *Record) Frozen() bool { return r.frozen }

// Get returns the value of a field as it was set, or nil.
func (r *Record) Get(name string) starlark.Value {
	if i, ok := r.find(r.typ.Field(name)); ok && !blank(r.slots[i].val) {
		return r.slots[i].val
	}
	return nil
}

// Set sets a field, as an assignment in Starlark does, and remembers the place. Mistakes are returned, not reported: the
// error holds all of them (see Split), with paths that begin with the field's name. What is usable of v is set even then.
func (r *Record) Set(name string, v starlark.Value) error {
	return r.set(name, v, r.run.here())
}

// Put sets a field like Set, but remembers no place. It is for Records that the running call made with New, whose place is
// the same.
func (r *Record) Put(name string, v starlark.Value) error {
	return r.set(name, v, 0)
}

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

// Poison marks the Record as one with a mistake, so that what it lacks is not reported as well.
func (r *Record) Poison() { r.poisoned = true }

// Poisoned reports whether a mistake was found in the Record itself. Those below it have their own mark.
func (r *Record) Poisoned() bool { return r.poisoned }

// ID is the Record's identity, if it is an object that stands alone.
func (r *Record) ID() kube.ID {
	if len(r.slots) < 2 || r.slots[1].field != 1 || r.typ.Constant(1) == "" { // no kind, or one that only its slot knows
		return kube.Identify(Node(r))
	}
	id := kube.ID{Kind: r.typ.Constant(1)}
	id.Group, id.Version = kube.SplitAPIVersion(r.typ.Constant(0))
	if meta, ok := r.Get("metadata").(*Record); ok {
		id.Namespace, _ = starlark.AsString(meta.Get("namespace"))
		id.Name, _ = starlark.AsString(meta.Get("name"))
	}
	return id
}

// Append adds an element, checked as in Starlark.
func (l *List) Append(v starlark.Value) error { return l.Insert(len(l.vals), v) }

// Insert adds an element before the one at i. Mistakes are returned, with paths that begin with the element's index.
func (l *List) Insert(i int, v starlark.Value) error {
	if err := l.mutable("insert into"); err != nil {
		return err
	}
	return l.insert(i, v)
}

// Key is the identity of the element at i by the list's key fields, or "" where it has none.
func (l *List) Key(i int) string { return itemKey(l.typ, l.vals[i]) }

// Step leads to the element at i.
func (l *List) Step(i int) kube.Step { return kube.Item(i, l.Key(i)) }

// Set sets the value of a key; None deletes it. Mistakes are returned, with paths that begin with the key.
func (m *Map) Set(key string, v starlark.Value) error { return m.assignAt(key, v, m.run.here()) }

// Put sets a key like Set, but remembers no place: see Record.Put.
func (m *Map) Put(key string, v starlark.Value) error { return m.assignAt(key, v, 0) }

// Grow makes room for n keys in a Map that has none yet.
func (m *Map) Grow(n int) {
	if cap(m.entries) == 0 {
		m.entries = m.run.entries.cut(n)
	}
}

// Delete removes a key, if it is there.
func (m *Map) Delete(key string) error {
	if err := m.mutable("delete from"); err != nil {
		return err
	}
	m.delete(key)
	return nil
}

// Has reports whether there is a key.
func (m *Map) Has(key string) bool { return m.find(key) >= 0 }

// Mistake is an error that did not stop evaluation: the value was left unset, so that independent mistakes are all found
// in one run.
type Mistake struct {
	Err     error // often an *Error, whose path starts at what was called or set
	Object  string
	Place   diag.Place
	Related []diag.Related
	Help    []string

	holder starlark.Value // the Record, List or Map that it was found in
}

// Report records a mistake of the Starlark code that runs now; evaluation goes on. names lead from the arguments of the
// running call to the value that was given: diag.Place.Names. The steps of err's path that lie inside that value are
// added; an error that holds several mistakes becomes several.
func (r *Run) Report(object string, err error, names ...string) {
	r.report(object, Split(err), nil, names...)
}

// ReportIn is Report for a mistake in a part of an object: which object that is, Attach says when it is known. Until then
// the part is named as given.
func (r *Run) ReportIn(part *Record, object string, err error, names ...string) {
	r.report(object, Split(err), part, names...)
}

// Replace says that one part took over what is in another: mistakes that were found there are about this one.
func (r *Run) Replace(old, part *Record) {
	for i := range r.mistakes {
		if r.mistakes[i].holder == starlark.Value(old) {
			r.mistakes[i].holder = part
		}
	}
}

func (r *Run) report(object string, list Errors, holder starlark.Value, names ...string) {
	frames := r.places.frames(r.here())
	for _, e := range list {
		inner := Names(e.Path[len(e.Path)-e.below:])
		r.mistakes = append(r.mistakes, Mistake{
			Err:    e,
			Object: object,
			Place:  diag.Place{Frames: frames, Names: append(names[:len(names):len(names)], inner...)},
			Help:   e.Help,
			holder: holder,
		})
	}
}

// Add records a mistake whose place the caller knows.
func (r *Run) Add(m Mistake) { r.mistakes = append(r.mistakes, m) }

// Diagnostic is the Mistake with the text that it is about; src has that text.
func (m Mistake) Diagnostic(src diag.Sources) diag.Diagnostic {
	d := diag.Diagnostic{Message: m.Err.Error()}
	if e, ok := m.Err.(*Error); ok {
		d = e.Diagnostic()
	}
	locate := m.Place.Locate
	if strings.HasPrefix(d.Message, "got ") { // it is the value that is wrong, not its name
		locate = m.Place.LocateValue
	}
	d.Pos, d.Object, d.Calls, d.Related, d.Help = locate(src), m.Object, m.Place.Calls(src), m.Related, m.Help
	return d
}

// Make returns a Record of type t with the fields of a dict, made where the Starlark code that runs now calls. Mistakes are
// returned.
func (r *Run) Make(t *schema.Object, fields *starlark.Dict) (*Record, error) {
	x, ok := r.object(t, fields).(*Record)
	if !ok {
		x = r.record(t, 2)
	}
	x.at = r.here()
	x.stamp()
	return x, r.take().err()
}

// Mistakes returns what was reported, in order.
func (r *Run) Mistakes() []Mistake { return r.mistakes }

// Forgive forgets the mistakes that were reported after the first n, and returns them: a test looked for them.
func (r *Run) Forgive(n int) []Mistake {
	list := r.mistakes[n:]
	r.mistakes = r.mistakes[:n:n]
	return list
}

// Warning is what the user should know although nothing is wrong enough to stop.
type Warning struct {
	Text   string
	Object string // what it is about: "Deployment shop/checkout", or ""
	Place  diag.Place
	Help   []string
}

// Warn records a warning.
func (r *Run) Warn(w Warning) { r.warnings = append(r.warnings, w) }

// Warnings returns what was recorded, in order.
func (r *Run) Warnings() []Warning { return r.warnings }

// Here is the place of the Starlark code that runs now.
func (r *Run) Here(names ...string) diag.Place {
	return diag.Place{Frames: r.places.frames(r.here()), Names: names}
}

// Where says where the value at path below the Record was set: the deepest place that is known, and the names that lead
// on from there.
func (r *Record) Where(path kube.Path) diag.Place {
	p, steps := where(r, path, place{r.run, r.at})
	return diag.Place{Frames: p.run.places.frames(p.at), Names: sourceNames(r, path, steps)}
}

// sourceNames are the names that lead on from the place that the first steps of a path lead to.
func sourceNames(v starlark.Value, path kube.Path, steps int) []string {
	list := Names(path[steps:])
	for i, s := range path {
		if v, _ = step(v, s); v == nil {
			break
		}
		if r, ok := v.(*Record); ok && i >= steps {
			if from, ok := r.note.(source); ok {
				list = append(from[:len(from):len(from)], Names(path[i+1:])...)
			}
		}
	}
	return list
}

// source is the note of From.
type source []string

// From says which names lead to what the Record was made of, from the arguments of the call that made it, where its own path
// in the object does not.
func (r *Record) From(names ...string) { r.Annotate(source(names)) }

// Convert returns v as a Record of type t: itself, or what a dict of its fields turns into. Mistakes are returned, with
// paths that begin below v; what is usable of a dict is in the Record even then, which is nil if nothing is.
func (r *Run) Convert(t *schema.Object, v starlark.Value) (*Record, error) {
	x, _ := r.object(t, v).(*Record)
	return x, r.take().err()
}
