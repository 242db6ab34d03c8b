package typed

// Annotate keeps a note of Go code with the Record: what configure_sidecar or config_map was told of it. It is not part of
// the value and is never written. Copies keep it.
func (r *Record) Annotate(note any) {
	if n, ok := r.note.(*notes); ok {
		r.note = &notes{note, n.declared}
		return
	}
	r.note = note
}

// Annotation returns what was last given to Annotate.
func (r *Record) Annotation() any {
	if n, ok := r.note.(*notes); ok {
		return n.note
	}
	return r.note
}

// Declare keeps what the user says about the Record to a later stage: which fields apply leaves alone, which check is
// silenced. Unlike a note there may be many. Copies keep them.
func (r *Record) Declare(d any) {
	r.note = &notes{r.Annotation(), append(r.Declarations(), d)}
}

// Declarations returns what Declare was given, in order.
func (r *Record) Declarations() []any {
	if n, ok := r.note.(*notes); ok {
		return n.declared[:len(n.declared):len(n.declared)]
	}
	return nil
}

// notes is what Record.note holds where something was declared. It does not change: copies share it.
type notes struct {
	note     any
	declared []any
}

// Declare keeps what the user says to a later stage about no object in particular.
func (r *Run) Declare(d any) { r.declared = append(r.declared, d) }

// Declarations returns what the Run's Declare was given, in order.
func (r *Run) Declarations() []any { return r.declared }
