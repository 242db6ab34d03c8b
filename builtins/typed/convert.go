package typed

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// maxDepth is how deeply values may be nested. The deepest type of Kubernetes that does not contain itself has 17 levels.
const maxDepth = 200

// anyType is the type of whatever is free in form.
var (
	anyType = &schema.Type{Kind: schema.Any}
	anyList = &schema.Type{Kind: schema.List, Elem: anyType}
	anyMap  = &schema.Type{Kind: schema.Map, Elem: anyType}
)

// converted converts v for a place in holder, which exists already: v must not contain it.
func (r *Run) converted(t *schema.Type, v, holder starlark.Value) starlark.Value {
	v = r.convert(t, v)
	if v != nil && composite(v) && !r.fits(v, holder) {
		return nil
	}
	return v
}

// convert returns v as a value of type t: itself, or what a dict or list turns into, without what is wrong in it. Mistakes
// become faults of the Run, with paths that start at v. What cannot be used at all is nil.
func (r *Run) convert(t *schema.Type, v starlark.Value) starlark.Value {
	switch t.Kind {
	case schema.Obj:
		return r.object(t.Object(), v)
	case schema.List:
		return r.list(t, v)
	case schema.Map:
		return r.mapping(t, v)
	case schema.Any:
		return r.anything(v)
	}
	if s, ok := v.(starlark.String); ok && t.Kind == schema.String {
		if e := written(t, string(s)); e != nil {
			r.fault(e)
			return nil
		}
		return v // not the string: that would be boxed again
	}
	if e := scalar(t, v); e != nil {
		r.fault(e)
		return nil
	}
	if f, ok := v.(starlark.Float); ok && t.Kind == schema.Quantity {
		return fraction(f)
	}
	return v
}

// fraction writes a number such as 0.5 as a quantity, which is rounded to nine digits: Kubernetes has no smaller parts.
func fraction(f starlark.Float) starlark.String {
	s := strings.TrimRight(strconv.FormatFloat(float64(f), 'f', 9, 64), "0")
	return starlark.String(strings.TrimSuffix(s, "."))
}

func scalar(t *schema.Type, v starlark.Value) *Error {
	switch v := v.(type) {
	case starlark.String:
		return text(t, string(v))
	case starlark.Int:
		return integer(t, v)
	case starlark.Bool:
		if t.Kind == schema.Bool {
			return nil
		}
	case starlark.Float:
		if t.Kind == schema.Float || t.Kind == schema.Quantity {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return &Error{Err: fmt.Errorf("got %s, want a finite number", v)}
			}
			return nil
		}
	}
	e := wrong(v, t.String())
	e.Help = rewrite(t, v)
	return e
}

// rewrite says how to write a scalar of the wrong type so that it has the right one.
func rewrite(t *schema.Type, v starlark.Value) []string {
	textual := t.Kind == schema.String || t.Kind == schema.Enum
	s := ""
	switch v := v.(type) {
	case starlark.Int:
		if textual {
			s = strconv.Quote(v.String())
		}
	case starlark.Float:
		f := float64(v)
		switch {
		case textual:
			s = strconv.Quote(strconv.FormatFloat(f, 'f', -1, 64))
		case t.IsInt() && f == math.Trunc(f) && math.Abs(f) < 1<<53:
			s = strconv.FormatInt(int64(f), 10)
		}
	case starlark.Bool:
		if textual {
			s = strconv.Quote(strconv.FormatBool(bool(v)))
		}
	case starlark.String:
		switch {
		case t.IsInt():
			return rewriteInt(t, string(v))
		case t.Kind == schema.Bool:
			s = truth(string(v))
		}
	case *starlark.Dict:
		if t.Kind == schema.String {
			return []string{"yaml.encode(...) and json.encode(...) make text of it"}
		}
	}
	if s == "" {
		return nil
	}
	return []string{"write " + s}
}

// rewriteInt says how to write a string as the number that it seems to be.
func rewriteInt(t *schema.Type, s string) []string {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		if d, err := time.ParseDuration(s); err == nil && d%time.Second == 0 {
			return []string{fmt.Sprintf("write %d if seconds are meant", d/time.Second)}
		}
		return nil
	case t.Max == 0o777:
		return octal(s)
	}
	return []string{"write " + strconv.FormatInt(n, 10)}
}

func truth(s string) string {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return "True"
	case "false", "no", "off", "0":
		return "False"
	}
	return ""
}

func integer(t *schema.Type, v starlark.Int) *Error {
	n, ok := v.Int64()
	switch t.Kind {
	case schema.Int32, schema.IntOrString, schema.IntOrPercent:
		ok = ok && n >= math.MinInt32 && n <= math.MaxInt32
	case schema.Int64, schema.Quantity, schema.Float:
	default:
		e := wrong(v, t.String())
		e.Help = rewrite(t, v)
		return e
	}
	if !ok || t.Max != 0 && (n < int64(t.Min) || n > int64(t.Max)) {
		return outside(t, v)
	}
	return nil
}

// outside is the error of a number that is too small or too large.
func outside(t *schema.Type, v starlark.Int) *Error {
	e := &Error{Err: fmt.Errorf("got %s, want %s", v, t.Range())}
	switch {
	case v.Sign() < 0:
	case t.Max == math.MaxInt32 && v.Sign() > 0: // its Range names the least alone
		if n, ok := v.Int64(); !ok || n > math.MaxInt32 {
			e.Err = fmt.Errorf("got %s, want a number of at most %d", v, t.Max)
		}
	case t.Max == 0o777:
		e.Help = octal(v.String())
	}
	return e
}

// octal says how to write the bits of a file's mode that were given in decimal digits.
func octal(s string) []string {
	if s = strings.TrimLeft(s, "0"); s == "" || len(s) > 3 || strings.Trim(s, "01234567") != "" {
		return nil
	}
	return []string{"write 0o" + s + ": the digits of a mode are octal"}
}

func text(t *schema.Type, s string) *Error {
	switch t.Kind {
	case schema.String, schema.IntOrString:
		return written(t, s)
	case schema.IntOrPercent:
		if n := len(s) - 1; n < 1 || s[n] != '%' || digits(s) != n {
			return &Error{Err: fmt.Errorf("got %q, want an int or a percentage such as 25%%", s)}
		}
		return nil
	case schema.Quantity:
		if !quantity(s) {
			return &Error{Err: fmt.Errorf("got %q, want a quantity such as 100m or 1.5Gi", s), Suggest: nearQuantity(s)}
		}
		return nil
	case schema.Enum:
		return oneOf(t.Values, s)
	case schema.Time:
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			return &Error{Err: fmt.Errorf("got %q, want a time such as 2006-01-02T15:04:05Z", s)}
		}
		return nil
	case schema.Bytes: // often a secret: never shown
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return &Error{Err: fmt.Errorf("got text that is not base64"), Help: []string{"base64.encode(...) makes it so"}}
		}
		return nil
	}
	e := wrong(starlark.String(s), t.String())
	e.Help = rewrite(t, starlark.String(s))
	return e
}

// written holds a text to the format that its type asks for.
func written(t *schema.Type, s string) *Error {
	if t.Format != schema.Unformatted {
		if want := t.Misspelt(s); want != "" {
			return &Error{Err: fmt.Errorf("got %q, want %s", s, want), Suggest: cmp.Or(diag.Nearest(s, t.Format.Names()), t.Format.Near(s))}
		}
	}
	return unicode(s)
}

// unicode refuses text that YAML and JSON cannot hold: half a character, cut off by an index in bytes.
func unicode(s string) *Error {
	if utf8.ValidString(s) {
		return nil
	}
	return &Error{Err: fmt.Errorf("got text that is not UTF-8, want whole characters"), Help: []string{`s[:n] counts bytes; "".join(list(s.codepoints())[:n]) counts characters`}}
}

func oneOf(values []string, s string) *Error {
	for _, v := range values {
		if v == s {
			return nil
		}
	}
	var quoted []string
	for _, v := range values {
		if v != "" { // the same as none
			quoted = append(quoted, strconv.Quote(v))
		}
	}
	return &Error{Err: fmt.Errorf("got %q, want %s", s, alternatives(quoted)), Suggest: diag.Nearest(s, values)}
}

// alternatives writes a, b or c.
func alternatives(list []string) string {
	n := len(list) - 1
	if n < 1 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:n], ", ") + " or " + list[n]
}

// object returns v, a Record of type t or a dict of its fields.
func (r *Run) object(t *schema.Object, v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case *Record:
		if v.typ == t {
			return r.shared(v, t)
		}
		if v.typ.Name == t.Name { // of a custom resource whose definition another file has read as well
			return r.again(t, v)
		}
		e := &Error{Err: fmt.Errorf("got %s, want %s", v.typ.Short(), t.Short())}
		if v.typ.Short() == t.Short() {
			e.Err = fmt.Errorf("got %s, want %s", v.typ.Name, t.Name)
		}
		r.fault(e)
		return nil
	case *starlark.Dict:
		if !r.enter() {
			return nil
		}
		x := r.record(t, v.Len())
		for k, val := range v.Entries() {
			if name, ok := k.(starlark.String); ok {
				x.add(string(name), val)
			} else {
				x.fault(k.String(), wrong(k, "the name of a field"))
			}
		}
		if t.Kind != "" {
			x.stamp()
		}
		r.depth--
		return x
	case *Map:
		if !r.enter() {
			return nil
		}
		x := r.record(t, v.Len())
		for _, e := range v.entries {
			x.add(e.key, e.val)
		}
		r.depth--
		return x
	}
	e := wrong(v, t.Short())
	if s, ok := v.(starlark.String); ok {
		if f := only(t, string(s)); f != "" {
			e.Help = []string{fmt.Sprintf("write {%q: %s}", f, s)}
		}
	}
	if list, ok := v.(*starlark.List); ok {
		e.Help = listField(t, list)
	}
	r.fault(e)
	return nil
}

// listField says how to write a list in place of an object that holds nothing but lists: a command, capabilities.
func listField(t *schema.Object, v *starlark.List) []string {
	var help []string
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Type.Kind != schema.List {
			return nil
		}
		help = append(help, fmt.Sprintf("{%q: %s}", f.Name(), v))
	}
	if len(help) == 0 || len(v.String()) > 60 {
		return nil
	}
	return []string{"write " + alternatives(help)}
}

// only returns the field of t that a string in its place is probably meant for: the API's reference by name, or a choice
// that has this value.
func only(t *schema.Object, s string) string {
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Type.Kind == schema.Enum && slices.Contains(f.Type.Values, s) {
			return f.Name()
		}
	}
	if len(t.Fields) == 1 {
		return t.Fields[0].Name()
	}
	if f := t.Field("name"); f >= 0 && len(t.Fields) <= 3 && t.Fields[f].Type.Kind == schema.String && !needsMore(t, f) {
		return "name"
	}
	return ""
}

// needsMore reports whether another field than the one at i is required.
func needsMore(t *schema.Object, i int) bool {
	for j := range t.Fields {
		if name := t.Fields[j].Name(); j != i && (t.Fields[j].Required || name == "key" || name == "value") {
			return true
		}
	}
	return false
}

// shared returns v itself, a Record of a type. Of a type that contains itself it may be nested too deeply.
func (r *Run) shared(v starlark.Value, t *schema.Object) starlark.Value {
	if t.Recursive && !r.fits(v, nil) {
		return nil
	}
	return v
}

// sharedElems returns v itself, a List or a Map of type t.
func (r *Run) sharedElems(v starlark.Value, t *schema.Type) starlark.Value {
	if t.Elem.Kind == schema.Obj {
		return r.shared(v, t.Elem.Object())
	}
	return v
}

// again makes a Record of type t with the fields of another.
func (r *Run) again(t *schema.Object, v *Record) starlark.Value {
	if !r.enter() {
		return nil
	}
	x := r.record(t, len(v.slots))
	x.at, x.note = r.adopt(v.run, v.at), v.note
	for _, s := range v.slots {
		if !blank(s.val) {
			x.add(v.typ.Fields[s.field].Name(), s.val)
		}
	}
	r.depth--
	return x
}

// enter counts a level of the conversion at work.
func (r *Run) enter() bool {
	if r.depth == maxDepth {
		r.fault(&Error{Err: fmt.Errorf("nested more than %d levels deep", maxDepth)})
		return false
	}
	r.depth++
	return true
}

// list returns v, a List of type t or a sequence of what can become one.
func (r *Run) list(t *schema.Type, v starlark.Value) starlark.Value {
	switch x := v.(type) {
	case *List:
		if x.typ == t || x.typ.Elem == t.Elem {
			return r.sharedElems(x, t)
		}
		return r.sequence(t, x)
	case *starlark.List:
		return r.sequence(t, x)
	case starlark.Tuple:
		return r.sequence(t, v.(starlark.Indexable)) // not x: a slice would be boxed again
	case *starlark.Set:
		return r.sequence(t, starlark.Tuple(elements(x)))
	case starlark.String, starlark.Bytes:
	case starlark.Indexable: // a range
		return r.sequence(t, x)
	}
	e := wrong(v, t.String())
	switch before := len(r.faults); {
	case t.Elem.Kind == schema.List || t.Elem.Kind == schema.Any:
	case r.convert(t.Elem, v) != nil && len(r.faults) == before: // one element without its brackets
		e.Help = []string{"put it into a list: " + bracketed(v)}
	default:
		r.faults = r.faults[:before]
	}
	r.fault(e)
	return nil
}

// bracketed writes a list of v, or of the words of a command.
func bracketed(v starlark.Value) string {
	s, ok := starlark.AsString(v)
	words := strings.Fields(s)
	if !ok || len(words) == 0 || len(s) > 60 || strings.ContainsAny(s, "'\"\\$`|&;<>(){}*?\n") {
		return "[...]"
	}
	for i, w := range words {
		words[i] = strconv.Quote(w)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (r *Run) sequence(t *schema.Type, v starlark.Indexable) starlark.Value {
	if !r.enter() {
		return nil
	}
	n := v.Len()
	x := r.newList(t, n)
	for i := range n {
		given := v.Index(i)
		before := len(r.faults)
		e := r.convert(t.Elem, given)
		if len(r.faults) > before {
			r.inside(before, kube.Item(i, itemKey(t, given)))
		}
		if e != nil {
			x.vals = append(x.vals, e)
		}
	}
	r.depth--
	return x
}

// mapping returns v, a Map of type t or a dict of what can become one.
func (r *Run) mapping(t *schema.Type, v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case *Map:
		if v.typ == t || v.typ.Elem == t.Elem {
			return r.sharedElems(v, t)
		}
		if !r.enter() {
			return nil
		}
		x := r.newMap(t, v.Len())
		for _, e := range v.entries {
			x.add(starlark.String(e.key), e.val)
		}
		r.depth--
		return x
	case *starlark.Dict:
		if !r.enter() {
			return nil
		}
		x := r.newMap(t, v.Len())
		for k, val := range v.Entries() {
			x.add(k, val)
		}
		r.depth--
		return x
	}
	r.fault(wrong(v, t.String()))
	return nil
}

// anything returns v as it can be written: plain lists and dicts are copied, so that no change of theirs gets past us.
func (r *Run) anything(v starlark.Value) starlark.Value {
	switch x := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int:
		return v
	case starlark.String:
		if e := unicode(string(x)); e != nil {
			r.fault(e)
			return nil
		}
		return v
	case starlark.Float:
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			r.fault(&Error{Err: fmt.Errorf("got %s, want a finite number", x)})
			return nil
		}
		return v
	case *Record, *List, *Map:
		if !r.fits(v, nil) {
			return nil
		}
		return v
	case *starlark.Dict:
		return r.mapping(anyMap, v)
	case *starlark.List, starlark.Tuple, *starlark.Set:
		return r.list(anyList, v)
	}
	r.fault(wrong(v, "a value that YAML can hold"))
	return nil
}

func composite(v starlark.Value) bool {
	switch v.(type) {
	case *Record, *List, *Map:
		return true
	}
	return false
}

// fits reports whether v may be put into holder: it must neither contain it nor be nested too deeply.
func (r *Run) fits(v, holder starlark.Value) bool {
	s := search{holder: holder}
	s.walk(v, r.depth)
	switch {
	case s.found:
		r.fault(&Error{Err: fmt.Errorf("the %s would contain itself", TypeName(holder)), Help: []string{"copy(...) makes a value of its own"}})
	case s.deep:
		r.fault(&Error{Err: fmt.Errorf("nested more than %d levels deep", maxDepth)})
	}
	return !s.found && !s.deep
}

// search looks for holder in a value, and for values that are nested too deeply. From the thousandth step on it remembers
// where it has been, so that values that share much do not take forever.
type search struct {
	holder      starlark.Value
	found, deep bool
	steps       int
	seen        map[starlark.Value]int
}

func (s *search) walk(v starlark.Value, depth int) {
	if !composite(v) || s.found || s.deep {
		return
	}
	s.found = v == s.holder
	s.deep = depth > maxDepth
	if s.steps++; s.steps > 1000 {
		if s.seen == nil {
			s.seen = map[starlark.Value]int{}
		}
		if d, ok := s.seen[v]; ok && d >= depth {
			return
		}
		s.seen[v] = depth
	}
	switch v := v.(type) {
	case *Record:
		for i := range v.slots {
			s.walk(v.slots[i].val, depth+1)
		}
	case *List:
		if v.typ.Elem.Composite() {
			for _, x := range v.vals {
				s.walk(x, depth+1)
			}
		}
	case *Map:
		if v.typ.Elem.Composite() {
			for i := range v.entries {
				s.walk(v.entries[i].val, depth+1)
			}
		}
	}
}
