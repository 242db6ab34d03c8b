package cluster

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
)

// crowd is the Pods of workloads, the ReplicaSets between them and Deployments, and warnings about any of them.
type crowd struct {
	pods    map[string]*pod            // by uid
	byOwner map[string]map[string]*pod // by the owner's uid, then theirs
	sets    map[string]*replicaSet     // by uid
	bySet   map[string]map[string]*replicaSet
	whole   map[string]bool // workloads, by uid, all of whose Pods are here

	notices map[string][]notice // by the uid of what they are about
	queue   []string            // those uids, the oldest first
}

// replicaSet is what is remembered of a ReplicaSet.
type replicaSet struct{ uid, owner, revision string }

func newCrowd() crowd {
	return crowd{
		pods: map[string]*pod{}, byOwner: map[string]map[string]*pod{}, sets: map[string]*replicaSet{},
		bySet: map[string]map[string]*replicaSet{}, whole: map[string]bool{}, notices: map[string][]notice{},
	}
}

// put takes a Pod as it is now. For how long something has been wrong with it is kept until it is ready.
func (c *crowd) put(p *pod) {
	if old := c.pods[p.uid]; old != nil {
		p.first, p.rises = old.first, old.rises
		if !p.ready {
			p.seen = old.seen
		}
		c.drop(old.uid)
	}
	c.pods[p.uid] = p
	if c.byOwner[p.owner] == nil {
		c.byOwner[p.owner] = map[string]*pod{}
	}
	c.byOwner[p.owner][p.uid] = p
}

func (c *crowd) drop(uid string) {
	if p := c.pods[uid]; p != nil {
		delete(c.pods, uid)
		delete(c.byOwner[p.owner], uid)
	}
}

func (c *crowd) putSet(r *replicaSet) {
	c.sets[r.uid] = r
	if c.bySet[r.owner] == nil {
		c.bySet[r.owner] = map[string]*replicaSet{}
	}
	c.bySet[r.owner][r.uid] = r
}

func (c *crowd) dropSet(uid string) {
	if r := c.sets[uid]; r != nil {
		delete(c.sets, uid)
		delete(c.bySet[r.owner], uid)
	}
}

func readSet(n kube.Node) *replicaSet {
	meta := n.Get("metadata")
	return &replicaSet{
		uid: text(meta.Get("uid")), owner: controllerOf(meta), revision: text(meta.Get("annotations", "deployment.kubernetes.io/revision")),
	}
}

// Limits of the warnings that are kept.
const (
	noticesEach = 20
	noticesOf   = 2000
)

// note takes a warning. One that comes again replaces itself.
func (c *crowd) note(uid string, e notice) {
	list, known := c.notices[uid]
	if !known {
		c.queue = append(c.queue, uid)
	}
	list = slices.DeleteFunc(list, func(o notice) bool {
		return o.reason == e.reason && o.container == e.container && o.message == e.message
	})
	if list = append(list, e); len(list) > noticesEach {
		list = list[1:]
	}
	c.notices[uid] = list
	for len(c.queue) > noticesOf {
		delete(c.notices, c.queue[0])
		c.queue = c.queue[1:]
	}
}

// workloadOf is the uid of the object that a Pod belongs to.
func (c *crowd) workloadOf(p *pod) string {
	if r := c.sets[p.owner]; r != nil && r.owner != "" {
		return r.owner
	}
	return p.owner
}

// of yields the Pods of a workload in the order of their names, and whether they are of its latest version.
func (c *crowd) of(k *workload) iter.Seq2[*pod, bool] {
	return func(yield func(*pod, bool) bool) {
		var list []*pod
		fresh := map[string]bool{}
		add := func(owner string, is func(*pod) bool) {
			for _, p := range c.byOwner[owner] {
				list = append(list, p)
				fresh[p.uid] = is(p)
			}
		}
		switch k.kind {
		case "Deployment":
			for _, r := range c.bySet[k.uid] {
				add(r.uid, func(*pod) bool { return r.revision == k.revision })
			}
		case "StatefulSet", "DaemonSet":
			add(k.uid, func(p *pod) bool { return p.revision == k.revision || k.revision == "" })
		default:
			add(k.uid, func(*pod) bool { return true })
		}
		slices.SortFunc(list, func(a, b *pod) int { return strings.Compare(a.name, b.name) })
		for _, p := range list {
			if !yield(p, fresh[p.uid]) {
				return
			}
		}
	}
}

// tally counts the Pods of a workload; not ok if they are not known.
func (c *crowd) tally(k *workload) (t tally, ok bool) {
	for p, fresh := range c.of(k) {
		switch {
		case p.leaving || p.phase == "Failed" || p.phase == "Succeeded":
		case fresh:
			t.fresh++
			if p.ready {
				t.ready++
			}
		default:
			t.old++
			if p.ready {
				t.serve++
			}
		}
	}
	return t, c.whole[k.uid]
}

// serving is "4 Pods of the old version still serve, 2 of the new one do not start".
func (c *crowd) serving(k *workload) string {
	t, ok := c.tally(k)
	bad := t.fresh - t.ready
	if !ok || k.kind == "Pod" || bad == 0 && t.serve == 0 {
		return ""
	}
	switch {
	case t.serve > 0 && bad > 0:
		return fmt.Sprintf("%s of the old version still %s, %d of the new one %s not start", count(t.serve, "Pod", "Pods"), verb(t.serve, "serve"), bad, verb(bad, "do"))
	case t.serve > 0:
		return fmt.Sprintf("%s of the old version still %s", count(t.serve, "Pod", "Pods"), verb(t.serve, "serve"))
	case t.ready > 0:
		return fmt.Sprintf("%s ready, %d %s not", count(t.ready, "Pod", "Pods"), bad, verb(bad, "are"))
	}
	return "no Pod is ready, nothing serves"
}

// verb is a verb for one or several.
func verb(n int, word string) string {
	if n != 1 {
		return word
	}
	return map[string]string{"do": "does", "are": "is", "serve": "serves"}[word]
}

// restarted reports whether a new Pod of a workload has crashed while it was looked at.
func (c *crowd) restarted(k *workload) bool {
	for p, fresh := range c.of(k) {
		if fresh && p.restarts > p.first {
			return true
		}
	}
	return false
}

// diagnosis looks for what keeps a workload from getting ready.
type diagnosis struct {
	crowd   *crowd
	work    *workload
	grace   Grace
	now     time.Time
	patient func() bool // whether others still start
}

// failedPods is how many Pods of the latest version may fail as a whole before it is no accident.
const failedPods = 3

// trouble is the gravest of what is wrong; nil if nothing is.
func (d *diagnosis) trouble() *finding {
	var worst *finding
	fallen, fresh, ending := 0, 0, 0
	for p, is := range d.crowd.of(d.work) {
		if p.leaving {
			ending++
		}
		if !is {
			continue
		}
		f := d.examine(p)
		if !p.leaving && p.phase != "Failed" {
			fresh++
		}
		if f == nil {
			continue
		}
		if f.reason == ReasonPodFailed {
			fallen++
		}
		if worst == nil || f.gravity > worst.gravity || f.gravity == worst.gravity && f.since.Before(worst.since) {
			worst = f
		}
	}
	if worst != nil && worst.reason == ReasonPodFailed && fallen >= failedPods && !d.work.finite && fresh < d.work.wanted {
		worst.heals = false
		worst.lines = append(worst.lines, fmt.Sprintf("%d Pods of this version have failed", fallen))
	}
	if worst != nil && !worst.quiet || fresh >= d.work.wanted {
		return worst
	}
	if f := d.refused(); f != nil {
		return f
	}
	if f := d.blocked(); f != nil {
		return f
	}
	if worst == nil && ending > 0 {
		return &finding{reason: ReasonPending, head: "waits until " + count(ending, "older Pod has", "older Pods have") + " ended", heals: true}
	}
	return worst
}

func (d *diagnosis) examine(p *pod) *finding {
	x := examination{pod: p, notices: d.crowd.notices[p.uid], grace: d.grace, patient: d.patient}
	f := x.examine()
	if f == nil {
		return nil
	}
	f.uid = p.uid
	f.since = d.since(p, f.key())
	return f
}

// since is from when on something has been seen of a Pod.
func (d *diagnosis) since(p *pod, key string) time.Time {
	if p.seen == nil {
		p.seen = map[string]time.Time{}
	}
	if _, ok := p.seen[key]; !ok {
		p.seen[key] = d.now
	}
	return p.seen[key]
}

// refused is why no Pods are made, as the conditions say, or the warnings of a controller that keeps none.
func (d *diagnosis) refused() *finding {
	why := d.work.refused
	var since time.Time
	for _, e := range d.crowd.notices[d.work.uid] {
		if e.reason == "FailedCreate" && e.heard {
			if why == "" || since.IsZero() {
				since = e.since
			}
			why = e.message
		}
	}
	if why == "" {
		return nil
	}
	f := refusal(why, d.grace)
	if f.since = since; since.IsZero() {
		f.since = d.work.refusedSince
	}
	return f
}

// blocked is a StatefulSet that waits for a broken Pod of an older version, which it would have to renew.
func (d *diagnosis) blocked() *finding {
	if !d.work.oneByOne {
		return nil
	}
	for p, fresh := range d.crowd.of(d.work) {
		if fresh || p.ready || p.leaving {
			continue
		}
		f := d.examine(p)
		if f == nil {
			continue
		}
		b := &finding{
			reason: ReasonBlocked, gravity: stuck, pod: p.name, uid: p.uid, container: f.container, log: f.log, previous: f.previous,
			head: "Pod " + p.name + " of an older version is broken, and a StatefulSet renews none while one is", grace: d.grace.Image,
		}
		b.lines = append([]string{strings.TrimPrefix(f.head, "Pod "+p.name+": ")}, f.lines...)
		b.lines = append(b.lines, "once it is deleted it is made anew: kubectl delete pod "+p.name)
		b.since = d.since(p, b.key())
		return b
	}
	return nil
}

// decodePods reads Pods, and passes over what it cannot read.
func decodePods(items [][]byte) []*pod {
	list := make([]*pod, 0, len(items))
	for _, b := range items {
		if n, err := decode.JSON(b); err == nil {
			list = append(list, readPod(n))
		}
	}
	return list
}

// selections are selectors that together find the Pods of all these workloads, and not many others: workloads that are told
// apart by one label are found by one selector. Where it would take many selectors it is one, which is empty: everything.
func selections(works []*workload) []string {
	open := slices.Clone(works)
	var list []string
	for len(open) > 0 {
		key, values := commonLabel(open)
		if key == "" {
			return []string{""}
		}
		open = slices.DeleteFunc(open, func(k *workload) bool { return values[k.selector[key]] })
		list = append(list, oneOf(key, slices.Sorted(maps.Keys(values)))...)
		if len(list) > mostSelections {
			return []string{""}
		}
	}
	return list
}

// A namespace is watched by so many selectors at most, and each has so many values: URLs have their limits.
const (
	mostSelections = 3
	mostValues     = 60
)

func oneOf(key string, values []string) []string {
	var list []string
	for some := range slices.Chunk(values, mostValues) {
		if len(some) == 1 {
			list = append(list, key+"="+some[0])
		} else {
			list = append(list, key+" in ("+strings.Join(some, ",")+")")
		}
	}
	return list
}

// commonLabel is the label that most workloads select by, preferring one by which they differ, and its values.
func commonLabel(works []*workload) (string, map[string]bool) {
	values, uses := map[string]map[string]bool{}, map[string]int{}
	for _, k := range works {
		for key, v := range k.selector {
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][v] = true
			uses[key]++
		}
	}
	best := ""
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if best == "" || uses[key] > uses[best] || uses[key] == uses[best] && len(values[key]) > len(values[best]) {
			best = key
		}
	}
	return best, values[best]
}
