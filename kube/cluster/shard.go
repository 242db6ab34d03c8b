package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// divide is the Inventory as it is to be stored. If one ConfigMap is too small, the entries are stored in others first. Their
// names hold a digest of what is in them, so that a part that has not changed is not written again, and something random, so that
// no two runs ever mean the same: a run that was stopped, and wakes after another has taken over, deletes none of the other's.
func (c *Client) divide(ctx context.Context, inv *Inventory) (stored, error) {
	s := stored{V: storedVersion, Cluster: inv.Owner.Cluster, Set: inv.Owner.Set, Op: inv.Op, Freed: inv.freed, Entries: inv.Entries}
	parts := divided(inv.Entries, len(pack(s)))
	if len(parts) < 2 {
		return s, nil
	}
	s.Entries = nil
	for _, entries := range parts {
		name, err := c.writePart(ctx, inv, stored{V: storedVersion, Cluster: s.Cluster, Set: s.Set, Entries: entries})
		if err != nil {
			return s, err
		}
		s.Shards = append(s.Shards, name)
	}
	return s, nil
}

// divided shares out entries of a compressed size among as many parts as they need, in order.
func divided(list []Entry, size int) [][]Entry {
	if size <= largestStored {
		return nil
	}
	n := size/largestStored + 2 // parts do not compress alike
	return slices.Collect(slices.Chunk(list, (len(list)+n-1)/n))
}

// writePart stores a part, unless the Inventory that was read has it already.
func (c *Client) writePart(ctx context.Context, inv *Inventory, s stored) (string, error) {
	part := pack(s)
	sum := sha256.Sum256(part)
	prefix := inv.Owner.Inventory() + "-" + hex.EncodeToString(sum[:8]) + "-"
	if i := slices.IndexFunc(inv.shards, func(name string) bool { return strings.HasPrefix(name, prefix) }); i >= 0 {
		return inv.shards[i], nil
	}
	cm := &inventoryMap{APIVersion: "v1", Kind: "ConfigMap", BinaryData: map[string][]byte{storedKey: part}}
	cm.Metadata.Name, cm.Metadata.Namespace = prefix+newID()[:8], inv.Owner.Namespace
	cm.Metadata.Labels = map[string]string{inventoryPartLabel: inv.Owner.Set}
	_, err := c.replace(ctx, cm)
	if IsExists(err) {
		err = nil // nobody else has this name: an answer was lost
	}
	return cm.Metadata.Name, err
}

// readShards fills in the entries that are stored elsewhere. errGone says that a part is not there.
func (c *Client) readShards(ctx context.Context, inv *Inventory) error {
	inv.Entries = nil
	for _, name := range inv.shards {
		b, err := c.Get(ctx, inventoryMaps, inv.Owner.Namespace, name)
		if IsNotFound(err) {
			return fmt.Errorf("ConfigMap %s/%s, which holds a part of it: %w", inv.Owner.Namespace, name, errGone)
		}
		if err != nil {
			return err
		}
		part := &Inventory{Owner: inv.Owner}
		if _, err := part.open(b); err != nil {
			return err
		}
		inv.Entries = append(inv.Entries, part.Entries...)
	}
	return nil
}

// dropShards deletes parts that the Inventory does not name any more, or never did. What stays behind does no harm.
func (c *Client) dropShards(ctx context.Context, inv *Inventory, names, but []string) {
	for _, name := range names {
		if !slices.Contains(but, name) {
			_ = c.Delete(ctx, inventoryMaps, inv.Owner.Namespace, name, Preconditions{})
		}
	}
}

// collect deletes parts that runs have left behind which ended between two writes. Whoever has the lock may: another run that
// has written parts since it read the Inventory cannot store it any more, and one that takes over writes new ones, later than the
// list was made, provided that the lock was still alive by then.
func (c *Client) collect(ctx context.Context, inv *Inventory, until time.Time) {
	names := map[string]string{}
	_, err := c.List(ctx, inventoryMaps, inv.Owner.Namespace, ListOptions{Labels: inventoryPartLabel + "=" + inv.Owner.Set, MetadataOnly: true}, func(item []byte) error {
		var cm inventoryMap
		err := json.Unmarshal(item, &cm)
		names[cm.Metadata.Name] = cm.Metadata.UID
		return err
	})
	if err != nil || time.Now().After(until) {
		return
	}
	for name, uid := range names {
		if !slices.Contains(inv.shards, name) {
			_ = c.Delete(ctx, inventoryMaps, inv.Owner.Namespace, name, Preconditions{UID: uid})
		}
	}
}
