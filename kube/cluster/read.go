package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/plan"
)

// reading is what there is in the cluster of a set, next to what is declared.
type reading struct {
	d     *Deployment
	owner plan.Owner

	prepared []plan.Prepared
	byID     map[kube.ID]int // index in prepared, by identity
	resource []Resource      // of prepared; the zero Resource of a kind that the cluster does not have yet
	later    []bool          // of prepared: it waits for a CRD of the set to be there, or to have its version
	unknown  []bool          // of prepared: the cluster has no such kind, and will not, or not in a namespace

	inventory *Inventory
	entries   map[kube.ID]*Entry
	rebuilt   bool // the inventory was lost or could not be read: entries come from labels, and nothing is deleted

	mu     sync.Mutex
	live   []kube.Node           // of prepared, if it has the set's label and is not known to be as declared
	pinned []pin                 // of prepared, if it is known to be as declared
	forced []bool                // of prepared: its dry run took fields of others, those that the file or an adoption takes
	others map[kube.ID]kube.Node // has the set's label, and is not declared
	lost   map[kube.ID]kube.Node // of entries that the lists did not show
	unread map[kube.ID]error     // entries whose kind cannot be read: it is gone, or its API is down
	unwell []int                 // of prepared: as declared, and by its status not healthy
	notes  []plan.Obstacle
}

// pin is what tells that an object is still the one that was read.
type pin struct{ uid, version string }

// read reads what there is. A kind that was known from the file and is gone is no error: the kinds are asked for again.
func (d *Deployment) read(ctx context.Context) (*reading, []plan.Obstacle, error) {
	r, obstacles, err := d.readOnce(ctx)
	if IsNoMatch(err) && d.Client.dropLoaded() {
		return d.readOnce(ctx)
	}
	return r, obstacles, err
}

// readOnce reads the inventory, and lists each kind of the set once in each of its namespaces.
func (d *Deployment) readOnce(ctx context.Context) (*reading, []plan.Obstacle, error) {
	r := &reading{
		d: d, owner: d.owner(), byID: map[kube.ID]int{},
		others: map[kube.ID]kube.Node{}, lost: map[kube.ID]kube.Node{}, unread: map[kube.ID]error{},
	}
	var obstacles []plan.Obstacle
	r.prepared, obstacles = plan.Prepare(d.Set, d.Wishes, r.owner)
	obstacles = append(obstacles, r.reserved()...)
	if len(obstacles) > 0 {
		return r, obstacles, nil
	}
	n := len(r.prepared)
	r.resource, r.later, r.live, r.pinned, r.forced = make([]Resource, n), make([]bool, n), make([]kube.Node, n), make([]pin, n), make([]bool, n)
	r.unknown = make([]bool, n)
	for i := range r.prepared {
		r.byID[r.prepared[i].ID.Identity()] = i
	}
	if err := r.readInventory(ctx); err != nil {
		return r, nil, err
	}
	obstacles, err := r.resources(ctx)
	if err != nil {
		return r, nil, err
	}
	if err := r.lists(ctx); err != nil {
		return r, nil, err
	}
	if r.rebuilt {
		return r, obstacles, r.rebuild(ctx)
	}
	return r, obstacles, r.readLost(ctx)
}

func (r *reading) readInventory(ctx context.Context) (err error) {
	r.inventory, err = r.d.Client.ReadInventory(ctx, r.owner)
	switch {
	case errors.Is(err, errCorrupt):
		r.notes = append(r.notes, plan.Obstacle{Kind: "inventory-corrupt", Message: err.Error()})
		r.rebuilt = true
		r.inventory.Entries, r.inventory.shards, r.inventory.untidy = nil, nil, true // who holds the lock is known if a part is lost
	case err != nil:
		return err
	case r.inventory.ResourceVersion == "":
		r.rebuilt = true // a new set, or one whose inventory was deleted: the lists tell
	}
	r.entries = r.inventory.index()
	return nil
}

// resources finds how the kinds are served. Those of a CRD in the set may not be, yet.
func (r *reading) resources(ctx context.Context) ([]plan.Obstacle, error) {
	var obstacles []plan.Obstacle
	for i := range r.prepared {
		p := &r.prepared[i]
		res, err := r.d.Client.Resource(ctx, p.ID)
		switch {
		case err == nil && res.Namespaced != (p.ID.Namespace != ""):
			r.unknown[i] = true
			obstacles = append(obstacles, misplaced(p, res))
		case err == nil:
			r.resource[i] = res
		case IsNoMatch(err) && r.defines(p.ID):
			r.later[i] = true
			if r.resource[i], err = r.d.resource(ctx, p.ID); err != nil && !IsNoMatch(err) {
				return nil, err
			}
		case IsNoMatch(err):
			r.unknown[i] = true
			obstacles = append(obstacles, plan.Obstacle{Kind: "no-such-kind", ID: p.ID, Object: p.Declared, Path: kube.Fields("kind"), Message: err.Error(), Help: []string{noMatchHelp(err)}})
		default:
			return nil, err
		}
	}
	return obstacles, nil
}

// misplaced reports an object that is declared with a namespace although its kind has none, or the other way round.
func misplaced(p *plan.Prepared, res Resource) plan.Obstacle {
	o := plan.Obstacle{
		Kind: "scope", ID: p.ID, Object: p.Declared, Path: kube.Fields("metadata", "namespace"),
		Message: "in this cluster the kind " + res.Kind + " lives in namespaces, and the object is declared without one",
		Help:    []string{"declare it so: namespaced = True"},
	}
	if !res.Namespaced {
		o.Message = "in this cluster the kind " + res.Kind + " belongs to no namespace, and the object is declared in " + p.ID.Namespace
		o.Help = []string{"declare it so: namespaced = False"}
	}
	return o
}

// noMatchHelp says what to do where the cluster does not know a kind.
func noMatchHelp(err error) string {
	var e *NoMatchError
	if errors.As(err, &e) && len(e.Versions) > 0 {
		return fmt.Sprintf("write apiVersion %q", e.Versions[0])
	}
	return "install what brings it, or put its CustomResourceDefinition into the set"
}

// defines reports whether a CustomResourceDefinition of the set declares a kind.
func (r *reading) defines(id kube.ID) bool {
	return slices.ContainsFunc(r.prepared, func(p plan.Prepared) bool {
		return isDefinition(p.ID) && definedBy(p.Desired) == id.Group+"/"+id.Kind
	})
}

// scope is what one list shows.
type scope struct {
	resource  Resource
	namespace string
}

// lists lists each kind in each namespace, of what is declared and of what the inventory names.
func (r *reading) lists(ctx context.Context) error {
	seen := map[string]bool{}
	var scopes []scope
	add := func(res Resource, ns string) {
		if !res.Namespaced {
			ns = ""
		}
		if k := res.Group + "/" + res.Name + "/" + ns; !seen[k] {
			seen[k] = true
			scopes = append(scopes, scope{res, ns})
		}
	}
	for i := range r.prepared {
		if r.resource[i].Name != "" {
			add(r.resource[i], r.prepared[i].ID.Namespace)
		}
	}
	for id, e := range r.entries {
		if _, ok := r.byID[id]; ok {
			continue
		}
		res, err := r.d.resource(ctx, e.ID())
		switch {
		case err == nil:
			add(res, e.Namespace)
		case IsNoMatch(err), IsGroupDown(err):
			r.unread[id] = err
		default:
			return err
		}
	}
	return inParallel(ctx, len(scopes), func(i int) error { return r.list(ctx, scopes[i]) })
}

func (r *reading) list(ctx context.Context, s scope) error {
	labels := plan.SetLabel + "=" + r.owner.Set
	_, err := r.d.Client.List(ctx, s.resource, s.namespace, ListOptions{Labels: labels}, func(item []byte) error {
		live, err := decode.JSON(item)
		if err != nil {
			return fmt.Errorf("%s: %w", s.resource, err)
		}
		r.take(live)
		return nil
	})
	if IsGroupDown(err) || IsNoMatch(err) {
		return r.silent(s, err)
	}
	return err
}

// silent notes a kind that could not be listed. What is declared of it cannot be planned; what is to be deleted stays.
func (r *reading) silent(s scope, err error) error {
	for i := range r.prepared {
		if r.resource[i].Name == s.resource.Name && r.resource[i].Group == s.resource.Group {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.entries {
		if id.Kind == s.resource.Kind && id.Group == s.resource.Group {
			r.unread[id] = err
		}
	}
	return nil
}

// take looks at an object that has the set's label. What is as declared is not kept: most objects are, and there may be many.
func (r *reading) take(live kube.Node) {
	id := kube.Identify(live).Identity()
	i, declared := r.byID[id]
	r.mu.Lock()
	e := r.entries[id]
	r.mu.Unlock()
	if !declared {
		r.mu.Lock()
		r.others[id] = live
		r.mu.Unlock()
		return
	}
	c, _ := whose(live, e, r.owner)
	same := c == ours && !dying(live) && plan.Proven(r.prepared[i].Desired, live, r.owner.Manager())
	r.mu.Lock()
	defer r.mu.Unlock()
	if same {
		r.pinned[i] = pin{uidOf(live), versionOf(live)}
		if unready(live) {
			r.unwell = append(r.unwell, i)
		}
		return
	}
	r.live[i] = live
}

// readLost reads what the inventory names, is not declared, and has no label of the set any more.
func (r *reading) readLost(ctx context.Context) error {
	var lost []*Entry
	for id, e := range r.entries {
		_, declared := r.byID[id]
		_, listed := r.others[id]
		if !declared && !listed && r.unread[id] == nil {
			lost = append(lost, e)
		}
	}
	return inParallel(ctx, len(lost), func(i int) error {
		id := lost[i].ID()
		live, err := r.d.get(ctx, id)
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case IsNotFound(err):
			return nil
		case IsNoMatch(err), IsGroupDown(err):
			r.unread[id.Identity()] = err // a kind that is not there is no proof that the object is gone
		case err != nil:
			return err
		default:
			r.lost[id.Identity()] = live
		}
		return nil
	})
}

// resource finds how a kind is served, in another version if not in that of the identity: an inventory outlives versions.
func (d *Deployment) resource(ctx context.Context, id kube.ID) (Resource, error) {
	res, err := d.Client.Resource(ctx, id)
	e, ok := errors.AsType[*NoMatchError](err)
	if !ok {
		return res, err
	}
	for _, v := range e.Versions {
		if group, version := kube.SplitAPIVersion(v); group == id.Group {
			id.Version = version
			return d.Client.Resource(ctx, id)
		}
	}
	return res, err
}

// get reads an object.
func (d *Deployment) get(ctx context.Context, id kube.ID) (kube.Node, error) {
	res, err := d.resource(ctx, id)
	if err != nil {
		return kube.Node{}, err
	}
	b, err := d.Client.Get(ctx, res, id.Namespace, id.Name)
	if err != nil {
		return kube.Node{}, err
	}
	return decode.JSON(b)
}
