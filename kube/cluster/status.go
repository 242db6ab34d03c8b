package cluster

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// Owned is an object as the inventory remembers it.
type Owned struct {
	ID    kube.ID
	UID   string // "" if it was never learned
	Since time.Time
}

// Inspect says how the objects of a set are, at this moment, in the order in which they are given. It writes nothing. Objects are
// listed by the set's label, one list for each resource and namespace; only those that are not found so are asked for by name.
func Inspect(ctx context.Context, c *Client, owner plan.Owner, objects []Owned) ([]ObjectState, error) {
	s := &inspection{client: c, owner: owner, objects: objects, states: make([]ObjectState, len(objects)), healths: make([]*health, len(objects)), begun: time.Now()}
	groups := s.groups(ctx)
	if err := inParallel(ctx, len(groups), func(i int) error { return s.list(ctx, groups[i]) }); err != nil {
		return nil, err
	}
	lost := s.lost()
	if err := inParallel(ctx, len(lost), func(i int) error { return s.get(ctx, lost[i]) }); err != nil {
		return nil, err
	}
	return s.states, s.explain(ctx)
}

// inspection is an Inspect under way.
type inspection struct {
	client  *Client
	owner   plan.Owner
	objects []Owned
	states  []ObjectState
	healths []*health // of those that are not healthy
	begun   time.Time
	logs    atomic.Int32
}

// shelf is the objects of one resource and namespace, by their names.
type shelf struct {
	resource  Resource
	namespace string
	places    map[string]int
}

func (s *inspection) groups(ctx context.Context) []*shelf {
	var list []*shelf
	known := map[string]*shelf{}
	for i, o := range s.objects {
		s.states[i] = ObjectState{ID: o.ID, Since: o.Since}
		r, err := s.resource(ctx, o.ID)
		if err != nil {
			s.unknown(i, err)
			continue
		}
		key := r.String() + "/" + o.ID.Namespace
		if known[key] == nil {
			known[key] = &shelf{r, o.ID.Namespace, map[string]int{}}
			list = append(list, known[key])
		}
		known[key].places[o.ID.Name] = i
	}
	return list
}

// resource is that of an object, in another version if the one it was applied in is no longer served.
func (s *inspection) resource(ctx context.Context, id kube.ID) (Resource, error) {
	r, err := s.client.Resource(ctx, id)
	if e, ok := errors.AsType[*NoMatchError](err); ok && len(e.Versions) > 0 {
		if group, version := kube.SplitAPIVersion(e.Versions[0]); group == id.Group {
			id.Version = version
			return s.client.Resource(ctx, id)
		}
	}
	return r, err
}

func (s *inspection) unknown(i int, err error) {
	s.states[i].Present = IsUnknown
	s.states[i].Text = AsFailure(err, Refused).Error()
}

// unreadable reports whether an error is about some objects only: the others can be looked at.
func unreadable(err error) bool { return IsForbidden(err) || IsNoMatch(err) || IsGroupDown(err) }

func (s *inspection) list(ctx context.Context, h *shelf) error {
	_, err := s.client.List(ctx, h.resource, h.namespace, ListOptions{Labels: plan.SetLabel + "=" + s.owner.Set}, func(b []byte) error {
		n, err := decode.JSON(b)
		if err != nil {
			return err
		}
		if i, ok := h.places[n.Get("metadata", "name").Str()]; ok {
			s.found(i, n)
		}
		return nil
	})
	if !unreadable(err) {
		return err
	}
	for _, i := range h.places {
		s.unknown(i, err)
	}
	return nil
}

// lost are the places of objects that no list had.
func (s *inspection) lost() []int {
	var list []int
	for i := range s.states {
		if s.states[i].Present == "" {
			list = append(list, i)
		}
	}
	return list
}

func (s *inspection) get(ctx context.Context, i int) error {
	id := s.objects[i].ID
	r, err := s.resource(ctx, id)
	if err != nil {
		return err
	}
	b, err := s.client.Get(ctx, r, id.Namespace, id.Name)
	switch {
	case IsNotFound(err):
		s.states[i].Present, s.states[i].Text = IsMissing, "somebody has deleted it"
		if s.objects[i].UID == "" {
			s.states[i].Text = "not made yet: a run ended before"
		}
		return nil
	case unreadable(err):
		s.unknown(i, err)
		return nil
	case err != nil:
		return err
	}
	n, err := decode.JSON(b)
	if err != nil {
		return err
	}
	s.found(i, n)
	if st := &s.states[i]; st.Present == IsPresent && st.Text == "" {
		st.Text = "somebody has taken off its label " + plan.SetLabel
	}
	return nil
}

// found looks at a live object.
func (s *inspection) found(i int, n kube.Node) {
	st, o := &s.states[i], &s.objects[i]
	entry := &Entry{Group: o.ID.Group, Kind: o.ID.Kind, Namespace: o.ID.Namespace, Name: o.ID.Name, UID: o.UID}
	switch c, by := whose(n, entry, s.owner); c {
	case anothers:
		st.Present, st.Text = IsReplaced, "it belongs to the set "+by
		return
	case remade:
		st.Present, st.Text = IsReplaced, "somebody has deleted it and made it again"
		return
	case nobodys:
		st.Present, st.Text = IsReplaced, "an object of that name is there, which this set has not made"
		return
	}
	h := judge(n)
	h.text = strings.Clone(h.text)
	st.Present, st.Text, st.Healthy = IsPresent, h.text, h.state == healthy
	if k := h.work; k != nil && k.kind != "Pod" && !k.finite {
		st.Pods = &PodCount{Wanted: k.wanted, Ready: k.have.ready + k.have.serve, New: k.have.fresh}
	}
	st.Foreign = foreignEdits(n, s.owner.Manager())
	if h.reason == ReasonLeaving {
		st.Present = IsLeaving
		return
	}
	if !st.Healthy {
		s.healths[i] = &h
	}
}

// explain says of what is not healthy why it is not, as far as one can tell at once.
func (s *inspection) explain(ctx context.Context) error {
	var list []int
	warnings := map[string]*crowd{} // by namespace
	for i, h := range s.healths {
		if h == nil {
			continue
		}
		list = append(list, i)
		if ns := s.objects[i].ID.Namespace; ns != "" && warnings[ns] == nil {
			c := newCrowd()
			warnings[ns] = &c
		}
	}
	spaces := slices.Sorted(maps.Keys(warnings))
	err := inParallel(ctx, len(spaces), func(i int) error {
		readWarnings(ctx, s.client, spaces[i], warnings[spaces[i]])
		return nil
	})
	if err != nil {
		return err
	}
	return inParallel(ctx, len(list), func(i int) error {
		s.why(ctx, list[i], warnings[s.objects[list[i]].ID.Namespace])
		return ctx.Err()
	})
}

// readWarnings reads the warnings of a namespace. Where that may not be, there are none.
func readWarnings(ctx context.Context, c *Client, ns string, to *crowd) {
	_, _ = c.List(ctx, eventResource, ns, ListOptions{Fields: "type=Warning"}, func(b []byte) error {
		if n, err := decode.JSON(b); err == nil {
			uid, e := readNotice(n)
			to.note(uid, e)
		}
		return nil
	})
}

func (s *inspection) why(ctx context.Context, i int, warnings *crowd) {
	st, h, ns := &s.states[i], s.healths[i], s.objects[i].ID.Namespace
	if h.class != "" && bindingOf(ctx, s.client, h.class) == bindsFirst {
		st.Healthy, st.Text = true, bindsLaterText
		return
	}
	pods := newCrowd()
	if warnings != nil {
		pods.notices = warnings.notices
	}
	var f *finding
	if h.work != nil {
		gather(ctx, s.client, ns, st.ID.Name, h.work)(&pods)
		d := diagnosis{crowd: &pods, work: h.work, grace: DefaultGrace(), now: s.begun, patient: func() bool { return false }}
		f = d.trouble()
		if t, ok := pods.tally(h.work); ok && st.Pods != nil {
			st.Pods.Ready, st.Pods.New = t.ready+t.serve, t.fresh
			if h.reason == ReasonPending && h.work.told() {
				st.Text = t.text(h.work.wanted)
			}
		}
	}
	if (f == nil || f.quiet) && h.state != failed {
		return
	}
	p := problemOf(st.ID, h, f, &pods)
	p.Text = "not healthy"
	if f != nil && f.log && s.logs.Add(1) <= mostLogs {
		p.Lines = append(p.Lines, logOf(ctx, s.client, ns, f)...)
	}
	st.Problem = p
}

// Controllers of Kubernetes itself, which write to objects of others as a matter of course.
var controllers = [...]string{"kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet", "cloud-controller-manager"}

// mostFields is how many fields of a foreign edit are told.
const mostFields = 5

// foreignEdits lists what others have written to an object since its manager did.
func foreignEdits(n kube.Node, manager string) []ForeignEdit {
	entries := n.Get("metadata", "managedFields")
	var ours time.Time
	for _, m := range entries.Items() {
		if m.Get("manager").Str() == manager && m.Get("operation").Str() == "Apply" {
			ours = timeOf(m.Get("time"))
		}
	}
	var list []ForeignEdit
	for _, m := range entries.Items() {
		name, at := m.Get("manager").Str(), timeOf(m.Get("time"))
		if name == manager || m.Get("subresource").Str() != "" || !at.After(ours) || slices.Contains(controllers[:], name) {
			continue
		}
		var fields []string
		leaves(m.Get("fieldsV1"), nil, func(p kube.Path) {
			if len(fields) < mostFields && !slices.Contains(fields, p.String()) {
				fields = append(fields, p.String())
			}
		})
		if len(fields) > 0 {
			list = append(list, ForeignEdit{Manager: strings.Clone(name), Time: at, Fields: fields})
		}
	}
	return list
}

// leaves calls each with the fields of a FieldsV1 that have none below them; the status is nobody's edit.
func leaves(n kube.Node, at kube.Path, each func(kube.Path)) {
	for k, v := range n.All() {
		var step kube.Step
		kind, name, _ := strings.Cut(k, ":")
		switch {
		case kind == "f" && len(at) == 0 && name == "status", kind == ".":
			continue
		case kind == "f" && strings.Trim(name, letters) == "":
			step = kube.Field(strings.Clone(name))
		case kind == "f":
			step = kube.Key(strings.Clone(name))
		default:
			step = kube.Item(0, itemName(kind, name))
		}
		below := at.With(step)
		if v.Len() == 0 || v.Len() == 1 && v.Get(".").Exists() {
			each(below)
			continue
		}
		leaves(v, below, each)
	}
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// itemName is what identifies an item of a list: k:{"name":"app"} is app, k:{"containerPort":80,"protocol":"TCP"} is 80/TCP.
func itemName(kind, what string) string {
	n, err := decode.JSON([]byte(what))
	if kind != "k" || err != nil {
		return strings.Clone(strings.Trim(what, `"`))
	}
	var parts []string
	for _, v := range n.All() {
		parts = append(parts, v.Text())
	}
	return strings.Join(parts, "/")
}
