package builtins

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
	"github.com/starctl/starctl/starlark/diag"
)

// form is what a short form takes. Most of its keywords are fields of the object it makes, or of one inside, under the
// field's own name in snake_case; the others are its own and are called shaped.
type form struct {
	name       string   // deployment
	positional []string // the keywords that may be given without their name
	required   int      // how many of these must be given
	sections   []section
	keywords   map[string]keyword
	names      []string // of all keywords, sorted
	object     bool     // it makes an object that stands alone, not a part of one
}

// section is a record whose fields are keywords: the object itself is the first.
type section struct {
	typ    *schema.Object
	parent int
	field  string // of the parent
	list   bool   // it is the first item of that field
	room   int    // for so many fields
}

// keyword says where the value of a keyword goes.
type keyword struct {
	number  uint8  // among the form's keywords
	section uint8  // the record that it is about
	field   string // of that record; "" if the keyword is shaped
}

// newForm starts a form for objects of a type; positional keywords are shaped, and so are those named by shape.
func newForm(name, typ string, required int, positional ...string) *form {
	f := &form{name: name, positional: positional, required: required, keywords: map[string]keyword{}}
	f.sections = []section{{typ: typed.Lookup(typ), parent: -1}}
	return f.shape(0, positional...)
}

// shape adds keywords that are no fields; messages are about the given section.
func (f *form) shape(sec int, names ...string) *form {
	for _, name := range names {
		f.add(name, keyword{section: uint8(sec)})
	}
	return f
}

// inside adds the record in a field of another as a section and returns its number.
func (f *form) inside(parent int, field string) int {
	o := f.sections[parent].typ
	s := section{parent: parent, field: field}
	if t := o.Fields[o.Field(field)].Type; t.Kind == schema.List {
		s.typ, s.list = t.Elem.Object(), true
	} else {
		s.typ = t.Object()
	}
	s.room = roomFor(s.typ)
	f.sections = append(f.sections, s)
	return len(f.sections) - 1
}

// roomFor is how many fields of a type files usually set.
func roomFor(t *schema.Object) int {
	switch t.Short() {
	case "Container":
		return 12
	case "PodSpec":
		return 8
	case "PodTemplateSpec":
		return 2
	}
	return 4
}

// fields adds all fields of a section as keywords, but for those named. A name that is taken already gets the prefix, so
// whichever section comes first keeps the plain name.
func (f *form) fields(sec int, prefix string, except ...string) *form {
	o := f.sections[sec].typ
	for i := range o.Fields {
		field := o.Fields[i].Name()
		if slices.Contains(except, field) {
			continue
		}
		f.field(sec, prefix, field)
	}
	return f
}

// field adds one field of a section as a keyword.
func (f *form) field(sec int, prefix, field string) *form {
	name := snake(field)
	if _, taken := f.keywords[name]; taken {
		name = prefix + name
	}
	f.add(name, keyword{section: uint8(sec), field: field})
	return f
}

func (f *form) add(name string, k keyword) {
	k.number = uint8(len(f.keywords))
	f.keywords[name] = k
}

// done completes a form.
func (f *form) done() *form {
	f.names = slices.Sorted(maps.Keys(f.keywords))
	return f
}

// path leads from the object to a section; item names the container where there is one.
func (f *form) path(sec int, item string) kube.Path {
	s := f.sections[sec]
	if s.parent < 0 {
		return nil
	}
	p := f.path(s.parent, item).With(kube.Field(s.field))
	if s.list {
		p = append(p, kube.Item(0, item))
	}
	return p
}

// call is a short form at work: it reads its keywords into the records of its sections and reports what is wrong with
// them, all of it, each under its keyword.
type call struct {
	*form
	run     *typed.Run
	args    starlark.Tuple
	kwargs  []starlark.Tuple
	records [maxSections]*typed.Record
	given   []argument // the shaped keywords that were given
	few     [4]argument
	meant   []string // the keywords that misspelt ones stood for
}

const maxSections = 10

type argument struct {
	name  string
	value starlark.Value
}

// begin makes the object and sets all fields that keywords name. None counts as not given. What is wrong is reported, and the
// object made without it.
func (f *form) begin(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) *call {
	c := &call{form: f, run: typed.RunOf(thread), args: args, kwargs: kwargs}
	c.given = c.few[:0]
	if n := len(args) + len(kwargs); n > len(c.few) {
		c.given = make([]argument, 0, n)
	}
	c.records[0] = c.run.NewRoom(f.sections[0].typ, 4)
	var seen [4]uint64
	for i, v := range args {
		if i == len(f.positional) {
			c.tooMany()
			break
		}
		seen[0] |= 1 << i // positional keywords were added first
		c.give(f.positional[i], v)
	}
	for _, kw := range kwargs {
		c.keyword(&seen, string(kw[0].(starlark.String)), kw[1])
	}
	for i, name := range f.positional[:f.required] {
		if c.arg(name) == nil {
			c.lack(f.positional[i:f.required]...)
			break
		}
	}
	return c
}

// tooMany reports positional arguments that the form does not take.
func (c *call) tooMany() {
	want := "keywords only"
	if n := len(c.positional); n > 0 {
		want = "only " + strings.Join(c.positional, ", ") + ": the rest are keywords"
	}
	c.about(theObject, nil, fmt.Errorf("%s takes %s", c.name, want), fmt.Sprintf("[%d]", len(c.positional)))
	for sec := range c.sections { // whatever was meant by it is not missed as well
		c.record(sec).Poison()
	}
}

// lack reports which of some required arguments were not given, but for those that a misspelt one may stand for.
func (c *call) lack(names ...string) {
	sec, path := theObject, kube.Path(nil)
	if c.object && names[0] == "name" {
		sec, path = theMetadata, kube.Fields("name")
	}
	c.record(sec).Poison()
	all := c.positional[:max(c.required, slices.Index(c.positional, names[0])+1)]
	form := fmt.Sprintf("as in %s(%s)", c.name, strings.Join(all, ", "))
	var list []string
	for _, name := range names {
		switch {
		case !c.lacks(name):
		case c.named(name):
			c.about(sec, path, fmt.Errorf("got None: %s needs %s, %s", c.name, name, form), name)
		default:
			list = append(list, name)
		}
	}
	if len(list) > 0 {
		c.about(sec, path, fmt.Errorf("%s needs %s, %s", c.name, strings.Join(list, " and "), form))
	}
}

// named reports whether an argument was given, be it None.
func (c *call) named(name string) bool {
	return slices.Index(c.positional, name) < len(c.args) || slices.ContainsFunc(c.kwargs, func(kw starlark.Tuple) bool {
		return kw[0] == starlark.String(name)
	})
}

func (c *call) keyword(seen *[4]uint64, name string, v starlark.Value) {
	k, ok := c.keywords[name]
	if !ok {
		c.unknown(name)
		return
	}
	word, bit := &seen[k.number/64], uint64(1)<<(k.number%64)
	switch {
	case *word&bit != 0:
		c.mistake(0, nil, fmt.Errorf("%s was given two values for %q", c.name, name), name)
	case k.field == "":
		c.give(name, v)
	case v != starlark.None:
		c.set(int(k.section), k.field, v, name)
	}
	*word |= bit
}

func (c *call) give(name string, v starlark.Value) {
	if v != starlark.None {
		c.given = append(c.given, argument{name, v})
	}
}

// arg returns the value of a shaped keyword, or nil.
func (c *call) arg(name string) starlark.Value {
	for i := range c.given {
		if c.given[i].name == name {
			return c.given[i].value
		}
	}
	return nil
}

// text returns the value of a shaped keyword that must be a string, or "".
func (c *call) text(name string) string {
	switch v := c.arg(name).(type) {
	case nil:
	case starlark.String:
		return string(v)
	default:
		c.misuse(name, fmt.Errorf("got %s, want string", kindOf(v)))
	}
	return ""
}

// flag returns the value of a shaped keyword that must be a bool, or false.
func (c *call) flag(name string) bool {
	switch v := c.arg(name).(type) {
	case nil:
	case starlark.Bool:
		return bool(v)
	default:
		c.misuse(name, fmt.Errorf("got %s, want bool", kindOf(v)))
	}
	return false
}

// record returns the record of a section, made if need be.
func (c *call) record(sec int) *typed.Record {
	if r := c.records[sec]; r != nil {
		return r
	}
	s := &c.sections[sec]
	r := c.run.NewPart(s.typ, s.room)
	c.records[sec] = r
	if s.parent < 0 {
		return r // no part of the object: see newVolumeForm
	}
	if s.list {
		put(c.record(s.parent), s.field, starlark.Tuple{r})
	} else {
		put(c.record(s.parent), s.field, r)
	}
	return r
}

// put sets a field to what is known to fit.
func put(r *typed.Record, field string, v starlark.Value) {
	if err := r.Put(field, v); err != nil {
		panic(err)
	}
}

// set sets a field of a section to what a keyword says. Where the API wants an object's name, the object will do.
func (c *call) set(sec int, field string, v starlark.Value, keyword string) {
	r := c.record(sec)
	if v == nil { // required, and reported as missing
		r.Poison()
		return
	}
	if x, ok := v.(*typed.Record); ok {
		var err error
		if v, err = nameInField(r.Schema(), field, x); err != nil {
			c.mistake(sec, nil, err, keyword)
			return
		}
	}
	if err := r.Put(field, v); err != nil {
		c.mistake(sec, nil, err, keyword)
	}
}

// setPairs sets a list whose items have two fields from a dict of these; a list as in the API will do as well.
func (c *call) setPairs(sec int, field, keyword string, v starlark.Value, keyField, valueField string) {
	items, ok := pairs(v)
	if !ok {
		c.set(sec, field, v, keyword)
		return
	}
	var list starlark.Tuple
	var keys []string
	for key, value := range items {
		item := dict(keyField, key)
		_ = item.SetKey(starlark.String(valueField), value) // cannot fail: the key is new
		text, _ := starlark.AsString(key)
		list, keys = append(list, item), append(keys, text)
	}
	for _, e := range typed.Split(c.record(sec).Put(field, list)) {
		names := []string{keyword}
		if len(e.Path) > 1 {
			names = append(names, keys[e.Path[1].Index])
		}
		c.misread(sec, nil, e, names...)
	}
}

// misread reports what is wrong in a value that was built from a keyword's: its path leads nowhere in the source text.
func (c *call) misread(sec int, path kube.Path, err error, names ...string) {
	for _, e := range typed.Split(err) {
		c.mistake(sec, path.With(e.Path...), &typed.Error{Err: e.Err, Suggest: e.Suggest, Help: e.Help}, names...)
	}
}

// mistake reports what is wrong at a path below a section. names lead from the arguments of the call to the value. What
// makes but a part of an object is named itself, until it is known which object that is.
func (c *call) mistake(sec int, path kube.Path, err error, names ...string) {
	c.report(c.title(), sec, path, err, names...)
}

// about is mistake for messages that name the form themselves.
func (c *call) about(sec int, path kube.Path, err error, names ...string) {
	title := ""
	if c.object {
		title = c.title()
	}
	c.report(title, sec, path, err, names...)
}

func (c *call) report(title string, sec int, path kube.Path, err error, names ...string) {
	part := c.record(sec)
	part.Poison()
	if c.object {
		part, path = c.records[theObject], c.path(sec, c.item()).With(path...)
	}
	c.run.ReportIn(part, title, typed.Within(path, err), c.places(names)...)
}

// misuse reports what is wrong with a shaped keyword that is no field of the object.
func (c *call) misuse(name string, err error) {
	part := c.record(int(c.keywords[name].section))
	part.Poison()
	if c.object {
		part = c.records[theObject]
	}
	c.run.ReportIn(part, c.title(), typed.Within(kube.Fields(name), err), c.places([]string{name})...)
}

// lacks reports whether none of the keywords was given or meant.
func (c *call) lacks(names ...string) bool {
	for _, name := range names {
		if c.arg(name) != nil || slices.Contains(c.meant, name) {
			return false
		}
	}
	return true
}

// places writes the name of an argument as diag.Place wants it: one that was given without its keyword by its index.
func (c *call) places(names []string) []string {
	if len(names) > 0 {
		if i := slices.Index(c.positional, names[0]); i >= 0 && i < len(c.args) {
			names[0] = fmt.Sprintf("[%d]", i)
		}
	}
	return names
}

// title names the object as messages do, from the arguments: they may not have been read yet. What makes but a part of an
// object is named itself.
func (c *call) title() string {
	if !c.object {
		return c.name
	}
	typ := c.sections[theObject].typ
	id := kube.ID{Kind: typ.Kind, Name: c.peek("name")}
	if typ.Namespaced {
		id.Namespace = c.peek("namespace")
	}
	if meta := c.records[theMetadata]; meta != nil && id.Name == "" { // called after its workload
		id.Name = typed.Node(meta).Get("name").Str()
	}
	return id.String()
}

// item is the name of the container.
func (c *call) item() string {
	if name := c.peek("container_name"); name != "" {
		return name
	}
	return c.peek("name")
}

// peek returns the text of an argument, if it has one, before keywords were read.
func (c *call) peek(name string) string {
	if i := slices.Index(c.positional, name); i >= 0 && i < len(c.args) {
		s, _ := starlark.AsString(c.args[i])
		return s
	}
	for _, kw := range c.kwargs {
		if kw[0] == starlark.String(name) {
			s, _ := starlark.AsString(kw[1])
			return s
		}
	}
	return ""
}

// unknown reports a keyword that there is not. What it resembles tells where it was meant to go.
func (c *call) unknown(name string) {
	near := c.nearest(name)
	err := &typed.Error{Err: fmt.Errorf("%s has no keyword %q", c.name, name), Suggest: near}
	k, known := c.keywords[near]
	switch {
	case name == "namespace" && c.object:
		err = &typed.Error{Err: fmt.Errorf("a %s belongs to no namespace", c.kind())}
	case advice[name] != "":
		err.Suggest, err.Help = "", []string{advice[name]}
	case known:
		c.meant = append(c.meant, near)
		if !c.object {
			break
		}
		err.Err = fmt.Errorf("no such field of %s", c.sections[k.section].typ.Short())
		c.mistake(int(k.section), kube.Fields(name), err, name)
		return
	}
	c.about(theObject, nil, err, name)
}

// nearest returns the keyword that was probably meant: the same in snake_case, what other tools call it, or a similar one.
func (f *form) nearest(name string) string {
	words := snake(strings.ReplaceAll(name, "-", "_"))
	if _, ok := f.keywords[words]; ok {
		return words
	}
	for _, word := range synonyms[words] {
		if _, ok := f.keywords[word]; ok {
			return word
		}
	}
	return diag.Nearest(words, f.names)
}

// nameInField returns x, or its name if the field wants the name of such an object: serviceAccountName of a ServiceAccount.
func nameInField(o *schema.Object, field string, x *typed.Record) (starlark.Value, error) {
	f := o.Field(field)
	if o.Fields[f].Type.Kind != schema.String || !strings.HasSuffix(field, "Name") || x.Schema().Kind == "" {
		return x, nil
	}
	want := strings.ToUpper(field[:1]) + strings.TrimSuffix(field[1:], "Name")
	if x.Schema().Kind != want {
		return nil, typed.Within(kube.Fields(field), fmt.Errorf("got %s, want %s or its name", x.Schema().Kind, oneOf([]string{want})))
	}
	name, err := nameOf(x)
	return name, typed.Within(kube.Fields(field), err)
}
