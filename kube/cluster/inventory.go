package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// Inventory is what a set owns in a cluster: a ConfigMap in the set's namespace. It always covers what exists: an identity is
// stored before its object is written for the first time, and leaves only after the object was seen to be gone, or to be
// another one. So a run that ended anywhere leaves nothing behind that the next one does not know of.
//
// An Entry begins as intended, becomes present when its object was written, and is unresolved while its object should be
// gone and is not, or nobody can tell. Every change is a compare-and-swap on the resourceVersion: who took the lock is alone
// until it is freed or taken over, and after that a late write fails.
type Inventory struct {
	Owner   plan.Owner
	Op      *Op // of the run under way; nil if there is none
	Entries []Entry

	UID, ResourceVersion string // of the ConfigMap; empty if there is none yet
	shards               []string
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

// stored is the Inventory as it is kept.
type stored struct {
	V       int      `json:"v"`
	Cluster string   `json:"cluster,omitempty"`
	Set     string   `json:"set"`
	Op      *Op      `json:"op,omitempty"`
	Entries []Entry  `json:"entries,omitempty"`
	Shards  []string `json:"shards,omitempty"` // further ConfigMaps that hold the entries
}

const (
	storedVersion = 1
	storedKey     = "inventory"
	// largestInventory is the size above which the entries go to ConfigMaps of their own: etcd takes 1.5 MiB at once, and a
	// ConfigMap 1 MiB, of text that grows by a third.
	largestInventory = 675 << 10
)

// errCorrupt is an inventory that cannot be read.
var errCorrupt = errors.New("the inventory cannot be read")

// inventoryMaps is where inventories are kept. No discovery is needed for it.
var inventoryMaps = Resource{Version: "v1", Kind: "ConfigMap", Name: "configmaps", Namespaced: true}

// ReadInventory reads the inventory of a set. Only its absence means a new set; every other error stops.
func (c *Client) ReadInventory(ctx context.Context, owner plan.Owner) (*Inventory, error) {
	inv := &Inventory{Owner: owner}
	b, err := c.Get(ctx, inventoryMaps, owner.Namespace, owner.Inventory())
	switch {
	case IsNotFound(err):
		return inv, nil
	case err != nil:
		return nil, err
	}
	s, err := inv.open(b)
	if err != nil {
		return inv, err
	}
	inv.Op, inv.Entries, inv.shards = s.Op, s.Entries, s.Shards
	for _, name := range s.Shards {
		if err := c.readShard(ctx, inv, name); err != nil {
			return inv, err
		}
	}
	return inv, nil
}

func (c *Client) readShard(ctx context.Context, inv *Inventory, name string) error {
	b, err := c.Get(ctx, inventoryMaps, inv.Owner.Namespace, name)
	if IsNotFound(err) {
		return fmt.Errorf("%w: ConfigMap %s/%s, which holds a part of it, is gone", errCorrupt, inv.Owner.Namespace, name)
	}
	if err != nil {
		return err
	}
	part := &Inventory{Owner: inv.Owner}
	s, err := part.open(b)
	inv.Entries = append(inv.Entries, s.Entries...)
	return err
}

// inventoryMap is the ConfigMap as the server has it.
type inventoryMap struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		UID             string            `json:"uid,omitempty"`
		ResourceVersion string            `json:"resourceVersion,omitempty"`
		Labels          map[string]string `json:"labels,omitempty"`
		Annotations     map[string]string `json:"annotations,omitempty"`
	} `json:"metadata"`
	BinaryData map[string][]byte `json:"binaryData,omitempty"`
}

// open reads what is stored, and where it is stored even if it is corrupt.
func (inv *Inventory) open(b []byte) (stored, error) {
	var cm inventoryMap
	var s stored
	if err := json.Unmarshal(b, &cm); err != nil {
		return s, fmt.Errorf("%w: %v", errCorrupt, err)
	}
	inv.UID, inv.ResourceVersion = cm.Metadata.UID, cm.Metadata.ResourceVersion
	where := fmt.Sprintf("ConfigMap %s/%s", cm.Metadata.Namespace, cm.Metadata.Name)
	z, err := gzip.NewReader(bytes.NewReader(cm.BinaryData[storedKey]))
	if err != nil {
		return s, fmt.Errorf("%w: %s: %v", errCorrupt, where, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, 64<<20))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	switch {
	case err != nil:
		return s, fmt.Errorf("%w: %s: %v", errCorrupt, where, err)
	case s.V > storedVersion:
		return s, &Failure{Refused, fmt.Errorf("%s was written by a newer starctl (format %d, this one knows %d)", where, s.V, storedVersion), []string{"use that version for this set"}}
	case s.Set != inv.Owner.Set:
		return s, &Failure{Refused, fmt.Errorf("%s is the inventory of the set %s", where, s.Set), nil}
	case s.Cluster != "" && inv.Owner.Cluster != "" && s.Cluster != inv.Owner.Cluster:
		return s, &Failure{Refused, fmt.Errorf("%s was copied from another cluster, whose kube-system has the uid %s", where, s.Cluster), []string{
			"it says nothing about this cluster: kubectl delete configmap --namespace " + cm.Metadata.Namespace + " " + cm.Metadata.Name,
		}}
	}
	return s, nil
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

// swap stores the Inventory if it is still the one that was read, and is the new one then.
func (c *Client) swap(ctx context.Context, inv *Inventory) error {
	shards, err := c.writeShards(ctx, inv)
	if err != nil {
		return err
	}
	old := inv.shards
	s := stored{V: storedVersion, Cluster: inv.Owner.Cluster, Set: inv.Owner.Set, Op: inv.Op, Shards: shards}
	if len(shards) == 0 {
		s.Entries = inv.Entries
	}
	b, err := c.put(ctx, inv.configMap(s), inv)
	if err != nil {
		return err
	}
	inv.UID, inv.ResourceVersion = b.Metadata.UID, b.Metadata.ResourceVersion
	inv.shards = shards
	c.dropShards(ctx, inv.Owner.Namespace, old, shards)
	return nil
}

// put creates or replaces the ConfigMap. Where an answer was lost, what is there is ours if it holds what was sent.
func (c *Client) put(ctx context.Context, cm *inventoryMap, inv *Inventory) (*inventoryMap, error) {
	body, err := json.Marshal(cm)
	if err != nil {
		return nil, err
	}
	name := cm.Metadata.Name
	var b []byte
	if inv.ResourceVersion == "" {
		b, err = c.Create(ctx, inventoryMaps, inv.Owner.Namespace, name, body)
	} else {
		b, err = c.Update(ctx, inventoryMaps, inv.Owner.Namespace, name, body)
	}
	if e := statusOf(err); e != nil && e.Resent && (IsExists(err) || IsStale(err)) {
		if live, gerr := c.Get(ctx, inventoryMaps, inv.Owner.Namespace, name); gerr == nil {
			var got inventoryMap
			if json.Unmarshal(live, &got) == nil && bytes.Equal(got.BinaryData[storedKey], cm.BinaryData[storedKey]) {
				b, err = live, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	var out inventoryMap
	return &out, json.Unmarshal(b, &out)
}

// configMap is what is written, with the marks by which other tools know an ApplySet.
func (inv *Inventory) configMap(s stored) *inventoryMap {
	cm := &inventoryMap{APIVersion: "v1", Kind: "ConfigMap", BinaryData: map[string][]byte{storedKey: pack(s)}}
	cm.Metadata.Name, cm.Metadata.Namespace = inv.Owner.Inventory(), inv.Owner.Namespace
	cm.Metadata.UID, cm.Metadata.ResourceVersion = inv.UID, inv.ResourceVersion
	cm.Metadata.Labels = map[string]string{"applyset.kubernetes.io/id": inv.Owner.ApplySet()}
	var kinds, namespaces []string
	for i := range inv.Entries {
		e := &inv.Entries[i]
		kind := e.Kind
		if e.Group != "" {
			kind += "." + e.Group
		}
		kinds = append(kinds, kind)
		if e.Namespace != "" && e.Namespace != inv.Owner.Namespace {
			namespaces = append(namespaces, e.Namespace)
		}
	}
	cm.Metadata.Annotations = map[string]string{
		"applyset.kubernetes.io/tooling":               "starctl/v1",
		"applyset.kubernetes.io/contains-group-kinds":  joined(kinds),
		"applyset.kubernetes.io/additional-namespaces": joined(namespaces),
	}
	return cm
}

func joined(list []string) string {
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

func pack(s stored) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_ = json.NewEncoder(z).Encode(s) // a buffer takes everything, and s is plain data
	_ = z.Close()
	return b.Bytes()
}

// writeShards stores the entries in ConfigMaps of their own if they are too many for one. Their names come from what they
// hold, so that those of before stay until the Inventory names the new ones.
func (c *Client) writeShards(ctx context.Context, inv *Inventory) ([]string, error) {
	whole := pack(stored{Entries: inv.Entries})
	n := len(whole)/largestInventory + 1
	if n == 1 {
		return nil, nil
	}
	n++ // parts do not compress alike
	var names []string
	for i, part := range chunks(inv.Entries, n) {
		s := stored{V: storedVersion, Cluster: inv.Owner.Cluster, Set: inv.Owner.Set, Entries: part}
		cm := inv.configMap(s)
		cm.Metadata.UID, cm.Metadata.ResourceVersion = "", ""
		cm.Metadata.Labels = map[string]string{"starctl.dev/inventory-of": inv.Owner.Set}
		cm.Metadata.Annotations = nil
		cm.Metadata.Name = fmt.Sprintf("%s-%s-%d", inv.Owner.Inventory(), digest(cm.BinaryData[storedKey]), i)
		names = append(names, cm.Metadata.Name)
		if slices.Contains(inv.shards, cm.Metadata.Name) {
			continue
		}
		body, err := json.Marshal(cm)
		if err != nil {
			return nil, err
		}
		if _, err := c.Create(ctx, inventoryMaps, inv.Owner.Namespace, cm.Metadata.Name, body); err != nil && !IsExists(err) {
			return nil, err
		}
	}
	return names, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:5])
}

// chunks shares out a list among n, in order.
func chunks(list []Entry, n int) [][]Entry {
	return slices.Collect(slices.Chunk(list, (len(list)+n-1)/n))
}

// dropShards deletes the parts that the Inventory no longer names. What stays behind by an error does no harm.
func (c *Client) dropShards(ctx context.Context, ns string, old, now []string) {
	for _, name := range old {
		if !slices.Contains(now, name) {
			_ = c.Delete(ctx, inventoryMaps, ns, name, Preconditions{})
		}
	}
}
