package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Inventory is what a set owns in a cluster: a ConfigMap in the set's namespace. It always covers what exists: an identity is
// stored before its object is written for the first time, and leaves only after the object was seen to be gone, or to be
// another one. So a run that ended anywhere leaves nothing behind that the next one does not know of.
//
// An Entry changes as follows; its state is "" (Present), intended or unresolved.
//
//	(none) -> intended      a run takes the lock: the object is about to be made, and has no uid yet
//	intended -> Present     it was written, or seen to be as declared: its uid is known
//	Present -> intended     it is about to be deleted and made again
//	any -> unresolved       it is no longer declared, and not known to be gone
//	unresolved -> Present   it is declared again, and was written or seen
//	any -> (none)           it was seen to be gone, or to be another object; nothing else removes an Entry
//
// A run goes through these steps, each a compare-and-swap on the resourceVersion of the ConfigMap:
//
//	ReadInventory            what was owned; a lost or corrupt one is made anew from labels (rebuild.go)
//	waitForLock              until no other run has the set
//	lock                     one write: our Op, and the entries of all that is and all that will be
//	lease.held               before each write of an object: an error ends the run
//	lease.change             after it; stored with the next write, together with all others
//	lease.settle, lease.free the last write: what is there now, and no Op
//
// Who took the lock is alone until it is freed or taken over, and after that a late write fails.
type Inventory struct {
	Owner   plan.Owner
	Op      *Op // of the run under way; nil if there is none
	Entries []Entry

	UID, ResourceVersion string // of the ConfigMap; empty if there is none yet

	shards              []string // ConfigMaps that hold the entries, if one is too small
	mine                string   // id of the Op that we have stored: what is there with it is our own writing
	freed               string   // id of the Op of the last run that came to its end
	untidy              bool     // there may be parts that nothing names
	labels, annotations map[string]string
}

// Entry is an object that the set owns, or is about to.
type Entry struct {
	Group     string    `json:"g,omitempty"`
	Kind      string    `json:"k"`
	Version   string    `json:"v"`
	Namespace string    `json:"ns,omitempty"`
	Name      string    `json:"n"`
	UID       string    `json:"uid,omitempty"`  // "" until it was seen
	Hash      string    `json:"hash,omitempty"` // of what was applied; "" of a Secret, since everybody may read this
	State     State     `json:"state,omitempty"`
	Since     time.Time `json:"since"` // when the set came to own it
}

// State says how far an Entry is.
type State string

// The states of an Entry.
const (
	Present    State = ""           // written, and seen
	Intended   State = "intended"   // about to be written for the first time
	Unresolved State = "unresolved" // no longer declared, and not known to be gone
)

// ID is the identity of the Entry's object.
func (e *Entry) ID() kube.ID {
	return kube.ID{Group: e.Group, Version: e.Version, Kind: e.Kind, Namespace: e.Namespace, Name: e.Name}
}

// Op is a run that changes the set. Its holder renews it; when it was not renewed for its TTL, on the clock of whoever looks
// on, the holder is taken for dead.
type Op struct {
	ID     string    `json:"id"`
	Holder string    `json:"holder"`
	Renew  int       `json:"renew"` // a counter: clocks of different machines are never compared
	TTL    int       `json:"ttl"`   // seconds
	Phase  string    `json:"phase"` // apply, delete or rollback
	Begun  time.Time `json:"begun"` // for people
}

// errCorrupt is an inventory that cannot be read: it is there, and its content is damaged.
var errCorrupt = errors.New("the inventory cannot be read")

// inventoryMaps is where inventories are kept. No discovery is needed for it.
var inventoryMaps = Resource{Version: "v1", Kind: "ConfigMap", Name: "configmaps", Namespaced: true}

// ReadInventory reads the inventory of a set. Only its absence means a new set; every other error stops.
func (c *Client) ReadInventory(ctx context.Context, owner plan.Owner) (*Inventory, error) {
	inv, err := c.readHead(ctx, owner)
	for range mostTries {
		if err != nil || len(inv.shards) == 0 {
			return inv, err
		}
		if err = c.readShards(ctx, inv); !errors.Is(err, errGone) {
			return inv, err
		}
		// A part is gone: it was replaced since its name was read, or it is lost.
		why, before := err, inv.ResourceVersion
		if inv, err = c.readHead(ctx, owner); err == nil && inv.ResourceVersion == before {
			return inv, fmt.Errorf("%w: %v", errCorrupt, why)
		}
	}
	return inv, errors.New("the inventory changes faster than it can be read")
}

// readHead reads the inventory without the parts that are stored elsewhere.
func (c *Client) readHead(ctx context.Context, owner plan.Owner) (*Inventory, error) {
	inv := &Inventory{Owner: owner}
	b, err := c.Get(ctx, inventoryMaps, owner.Namespace, owner.Inventory())
	switch {
	case IsNotFound(err):
		return inv, nil
	case err != nil:
		return nil, err
	}
	_, err = inv.open(b)
	return inv, err
}

// find returns the Entry of an object, or nil.
func (inv *Inventory) find(id kube.ID) *Entry {
	for i := range inv.Entries {
		e := &inv.Entries[i]
		if e.Kind == id.Kind && e.Name == id.Name && e.Namespace == id.Namespace && e.Group == id.Group {
			return e
		}
	}
	return nil
}

// index returns the entries by identity.
func (inv *Inventory) index() map[kube.ID]*Entry {
	m := make(map[kube.ID]*Entry, len(inv.Entries))
	for i := range inv.Entries {
		m[inv.Entries[i].ID().Identity()] = &inv.Entries[i]
	}
	return m
}

// swap stores the Inventory if it is still the one that was read, and is the new one then. Parts that do not fit are stored
// first, under new names: they count from the moment in which the ConfigMap names them.
func (c *Client) swap(ctx context.Context, inv *Inventory) error {
	s, err := c.divide(ctx, inv)
	if err != nil {
		return err
	}
	if inv.Op != nil {
		inv.mine = inv.Op.ID
	}
	old := inv.shards
	live, err := c.put(ctx, inv, inv.configMap(s))
	if err != nil {
		if IsStale(err) || IsExists(err) {
			c.dropShards(ctx, inv, s.Shards, old)
		}
		return err
	}
	inv.UID, inv.ResourceVersion, inv.shards = live.UID, live.ResourceVersion, s.Shards
	c.dropShards(ctx, inv, append(old, live.shards...), s.Shards)
	return nil
}

// put creates or replaces the ConfigMap. Where it is not what was read, an answer may have been lost, now or before: what bears
// our Op is our own writing, whoever else touched it.
func (c *Client) put(ctx context.Context, inv *Inventory, cm *inventoryMap) (*Inventory, error) {
	var err error
	var ownParts []string
	for range mostTries {
		var b []byte
		if b, err = c.replace(ctx, cm); err == nil {
			out := &Inventory{Owner: inv.Owner, shards: ownParts}
			return out, out.identify(b)
		}
		if !IsStale(err) && !IsExists(err) {
			return nil, err
		}
		live, rerr := c.readHead(ctx, inv.Owner)
		switch {
		case rerr != nil || live.ResourceVersion == "":
			return nil, err
		case live.sameAs(cm), inv.Op == nil && inv.mine != "" && live.freed == inv.mine:
			live.shards = ownParts
			return live, nil
		case live.Op == nil || live.Op.ID != inv.mine:
			return nil, err
		}
		ownParts = append(ownParts, live.shards...)
		cm.Metadata.UID, cm.Metadata.ResourceVersion = live.UID, live.ResourceVersion
	}
	return nil, err
}
