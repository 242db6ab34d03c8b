package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// stored is the Inventory as it is kept: JSON, compressed, under one key of the ConfigMap.
type stored struct {
	V       int      `json:"v"`
	Cluster string   `json:"cluster,omitempty"`
	Set     string   `json:"set"`
	Op      *Op      `json:"op,omitempty"`
	Freed   string   `json:"freed,omitempty"` // id of the last Op that came to its end
	Entries []Entry  `json:"entries,omitempty"`
	Shards  []string `json:"shards,omitempty"` // further ConfigMaps that hold the entries, in order
}

const (
	storedVersion = 1
	storedKey     = "inventory"
	// largestStored is the size of what a part may hold: a ConfigMap takes 1 MiB, and etcd 1.5 MiB of text that is a third longer.
	largestStored = 675 << 10
	// largestText bounds what is unpacked.
	largestText = 64 << 20
)

const (
	applySetLabel      = "applyset.kubernetes.io/id"
	toolingAnnotation  = "applyset.kubernetes.io/tooling"
	kindsAnnotation    = "applyset.kubernetes.io/contains-group-kinds"
	spacesAnnotation   = "applyset.kubernetes.io/additional-namespaces"
	inventoryPartLabel = "starctl.dev/inventory-of"
	// largestAnnotation keeps the marks for other tools within what all annotations together may take, 256 KiB.
	largestAnnotation = 100 << 10
)

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

func (m *inventoryMap) String() string {
	return "ConfigMap " + m.Metadata.Namespace + "/" + m.Metadata.Name
}

// open fills the Inventory from a ConfigMap. That it exists, and where, is known even if it is corrupt.
func (inv *Inventory) open(b []byte) (stored, error) {
	var cm inventoryMap
	if err := json.Unmarshal(b, &cm); err != nil {
		return stored{}, fmt.Errorf("%w: %v", errCorrupt, err)
	}
	meta := &cm.Metadata
	inv.UID, inv.ResourceVersion, inv.labels, inv.annotations = meta.UID, meta.ResourceVersion, meta.Labels, meta.Annotations
	if len(cm.BinaryData[storedKey]) == 0 && meta.Labels[applySetLabel] == "" && meta.Labels[inventoryPartLabel] == "" {
		return stored{}, &Failure{Verdict: Refused, Err: fmt.Errorf("%s is not an inventory: somebody else has made it", &cm), Help: []string{
			"the inventory of the set " + inv.Owner.Set + " has that name: rename the ConfigMap, or the set",
		}}
	}
	s, err := unpack(cm.BinaryData[storedKey])
	if err == nil {
		err = inv.checkStored(&cm, &s)
	} else {
		err = fmt.Errorf("%w: %s: %v", errCorrupt, &cm, err)
	}
	if err != nil {
		return stored{}, err
	}
	inv.Op, inv.freed, inv.Entries, inv.shards = s.Op, s.Freed, s.Entries, s.Shards
	return s, nil
}

// checkStored makes sure that what was read is of this set, in a format that is known.
func (inv *Inventory) checkStored(cm *inventoryMap, s *stored) error {
	switch {
	case s.V > storedVersion:
		return &Failure{Verdict: Refused, Err: fmt.Errorf("%s was made by a newer starctl (format %d, this one knows %d)", cm, s.V, storedVersion), Help: []string{"use that version for this set"}}
	case s.V < 1 || s.Set == "":
		return fmt.Errorf("%w: %s: it holds something else", errCorrupt, cm)
	case s.Set != inv.Owner.Set:
		return &Failure{Verdict: Refused, Err: fmt.Errorf("%s is the inventory of the set %s", cm, s.Set)}
	case s.Cluster != "" && inv.Owner.Cluster != "" && s.Cluster != inv.Owner.Cluster:
		return &Failure{Verdict: Refused, Err: fmt.Errorf("%s was copied from another cluster, whose kube-system has the uid %s", cm, s.Cluster), Help: []string{
			"it says nothing about this cluster: kubectl delete configmap --namespace " + shellQuote(cm.Metadata.Namespace) + " " + shellQuote(cm.Metadata.Name),
		}}
	}
	return nil
}

// identify takes over where the Inventory is stored now.
func (inv *Inventory) identify(b []byte) error {
	var cm inventoryMap
	err := json.Unmarshal(b, &cm)
	inv.UID, inv.ResourceVersion = cm.Metadata.UID, cm.Metadata.ResourceVersion
	return err
}

// sameAs reports whether the Inventory that was read is what cm would store.
func (inv *Inventory) sameAs(cm *inventoryMap) bool {
	s := stored{V: storedVersion, Cluster: inv.Owner.Cluster, Set: inv.Owner.Set, Op: inv.Op, Freed: inv.freed, Entries: inv.Entries, Shards: inv.shards}
	return bytes.Equal(pack(s), cm.BinaryData[storedKey])
}

// configMap is what is written, with the marks by which other tools know an ApplySet. What others have put on it stays.
func (inv *Inventory) configMap(s stored) *inventoryMap {
	cm := &inventoryMap{APIVersion: "v1", Kind: "ConfigMap", BinaryData: map[string][]byte{storedKey: pack(s)}}
	meta := &cm.Metadata
	meta.Name, meta.Namespace, meta.UID, meta.ResourceVersion = inv.Owner.Inventory(), inv.Owner.Namespace, inv.UID, inv.ResourceVersion
	meta.Labels = map[string]string{}
	maps.Copy(meta.Labels, inv.labels)
	meta.Labels[applySetLabel] = inv.Owner.ApplySet()
	meta.Annotations = map[string]string{}
	maps.Copy(meta.Annotations, inv.annotations)
	kinds, namespaces := inv.extent()
	meta.Annotations[toolingAnnotation] = "starctl/v1"
	meta.Annotations[kindsAnnotation] = joined(kinds)
	meta.Annotations[spacesAnnotation] = joined(namespaces)
	return cm
}

// extent is which kinds the entries are of, as KIND.GROUP, and in which namespaces besides the Inventory's own.
func (inv *Inventory) extent() (kinds, namespaces map[string]bool) {
	kinds, namespaces = map[string]bool{}, map[string]bool{}
	for i := range inv.Entries {
		e := &inv.Entries[i]
		kind := e.Kind
		if e.Group != "" {
			kind += "." + e.Group
		}
		kinds[kind] = true
		if e.Namespace != "" && e.Namespace != inv.Owner.Namespace {
			namespaces[e.Namespace] = true
		}
	}
	return kinds, namespaces
}

// joined is a list as ApplySet wants it; none if it is too long for an annotation.
func joined(set map[string]bool) string {
	s := strings.Join(slices.Sorted(maps.Keys(set)), ",")
	if len(s) > largestAnnotation {
		return ""
	}
	return s
}

func pack(s stored) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_ = json.NewEncoder(z).Encode(s) // a buffer takes everything, and s is plain data
	_ = z.Close()
	return b.Bytes()
}

func unpack(b []byte) (s stored, err error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return s, err
	}
	text, err := io.ReadAll(io.LimitReader(z, largestText))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// replace creates the ConfigMap, or updates the one that was read.
func (c *Client) replace(ctx context.Context, cm *inventoryMap) ([]byte, error) {
	body, err := json.Marshal(cm)
	if err != nil {
		return nil, err
	}
	if cm.Metadata.ResourceVersion == "" {
		return c.Create(ctx, inventoryMaps, cm.Metadata.Namespace, cm.Metadata.Name, body)
	}
	return c.Update(ctx, inventoryMaps, cm.Metadata.Namespace, cm.Metadata.Name, body)
}
