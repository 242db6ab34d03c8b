package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/starctl/starctl/kube/decode"
)

// The resources that a wait looks into.
var (
	podResource    = Resource{Version: "v1", Kind: "Pod", Name: "pods", Namespaced: true}
	eventResource  = Resource{Version: "v1", Kind: "Event", Name: "events", Namespaced: true}
	setResource    = Resource{Group: "apps", Version: "v1", Kind: "ReplicaSet", Name: "replicasets", Namespaced: true}
	classResource  = Resource{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass", Name: "storageclasses"}
	errNothingLeft = errors.New("nothing left to wait for")
)

// followObjects starts a watch for each group.
func (w *waiter) followObjects() {
	for _, g := range w.groups {
		ctx, stop := context.WithCancelCause(w.ctx)
		g.stop = func() { stop(errNothingLeft) }
		w.running.Go(func() {
			defer stop(nil)
			if err := w.followGroup(ctx, g); err != nil && context.Cause(ctx) != errNothingLeft && w.ctx.Err() == nil {
				w.fail(err)
			}
		})
	}
}

func (w *waiter) followGroup(ctx context.Context, g *group) error {
	onList := func(items [][]byte) error {
		all := make([]sighting, 0, len(g.items))
		for _, b := range items {
			s, err := sight(b)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		w.send(func() { w.listed(g, all) })
		return nil
	}
	onEvent := func(e WatchEvent) error {
		s, err := sight(e.Object)
		if err != nil {
			return err
		}
		w.send(func() { w.sighted(g, s, e.Type == Removed) })
		return nil
	}
	return w.client.Follow(ctx, g.resource, g.namespace, FollowOptions{Labels: w.options.Labels}, onList, onEvent)
}

// followPods starts to watch the Pods of what is not ready, in the namespaces where that is not done yet.
func (w *waiter) followPods() {
	works, noted := map[string][]*workload{}, map[string]bool{}
	for _, it := range w.order {
		if it.state != pending {
			continue
		}
		ns, k := it.ID.Namespace, it.health.work
		if k != nil || it.health.class != "" || it.health.reason == ReasonAddress {
			noted[ns] = true
		}
		if k != nil && k.kind == "Pod" {
			w.pods.whole[k.uid] = true
		} else if k != nil && !w.attended[k.uid] {
			w.attended[k.uid] = true
			works[ns] = append(works[ns], k)
		}
	}
	for ns := range noted {
		if !w.attended[ns] {
			w.attended[ns] = true
			w.follow("events", eventResource, ns, FollowOptions{Fields: "type=Warning"}, w.eventsListed, w.eventHeard)
		}
	}
	for ns, list := range works {
		w.followCrew(ns, list)
	}
}

// followCrew watches the Pods of workloads of a namespace. ReplicaSets come first, so that Pods can be told apart.
func (w *waiter) followCrew(ns string, works []*workload) {
	crews := selections(works)
	left := 2 * len(crews)
	done := func() {
		if left--; left > 0 {
			return
		}
		for _, k := range works {
			w.pods.whole[k.uid] = true
		}
		w.review(time.Now())
	}
	deployed := slices.ContainsFunc(works, func(k *workload) bool { return k.kind == "Deployment" })
	for _, labels := range crews {
		if !deployed {
			left--
		} else {
			w.followSets(ns, labels, done)
		}
		w.followMembers(ns, labels, done)
	}
}

func (w *waiter) followSets(ns, labels string, done func()) {
	mine := map[string]bool{}
	onList := func(items [][]byte) func() {
		var list []*replicaSet
		for _, b := range items {
			if n, err := decode.JSON(b); err == nil {
				list = append(list, readSet(n))
			}
		}
		return func() {
			for uid := range mine {
				w.pods.dropSet(uid)
			}
			clear(mine)
			for _, r := range list {
				mine[r.uid] = true
				w.pods.putSet(r)
			}
			if done != nil {
				done()
				done = nil
			}
		}
	}
	onEvent := func(e WatchEvent) func() {
		n, err := decode.JSON(e.Object)
		if err != nil {
			return nil
		}
		r := readSet(n)
		return func() {
			w.pods.dropSet(r.uid)
			if e.Type != Removed {
				mine[r.uid] = true
				w.pods.putSet(r)
			}
			w.lookAt(r.owner)
		}
	}
	w.follow("replicasets", setResource, ns, FollowOptions{Labels: labels, MetadataOnly: true}, onList, onEvent)
}

func (w *waiter) followMembers(ns, labels string, done func()) {
	mine := map[string]bool{}
	onList := func(items [][]byte) func() {
		list := decodePods(items)
		return func() {
			there := map[string]bool{}
			for _, p := range list {
				there[p.uid], mine[p.uid] = true, true
				w.pods.put(p)
			}
			for uid := range mine {
				if !there[uid] {
					w.pods.drop(uid)
					delete(mine, uid)
				}
			}
			if done != nil {
				done()
				done = nil
			}
		}
	}
	onEvent := func(e WatchEvent) func() {
		n, err := decode.JSON(e.Object)
		if err != nil {
			return nil
		}
		p := readPod(n)
		return func() {
			owner := w.pods.workloadOf(p)
			if e.Type == Removed {
				w.pods.drop(p.uid)
				delete(mine, p.uid)
			} else {
				mine[p.uid] = true
				w.pods.put(p)
			}
			w.lookAt(owner)
		}
	}
	w.follow("pods", podResource, ns, FollowOptions{Labels: labels}, onList, onEvent)
}

func (w *waiter) lookAt(uid string) {
	if it := w.items[uid]; it != nil && it.seen {
		w.look(it, time.Now())
	}
}

func (w *waiter) eventsListed(items [][]byte) func() {
	uids, list := make([]string, 0, len(items)), make([]notice, 0, len(items))
	for _, b := range items {
		if n, err := decode.JSON(b); err == nil {
			uid, e := readNotice(n)
			uids, list = append(uids, uid), append(list, e)
		}
	}
	return func() {
		for i, e := range list {
			w.pods.note(uids[i], e)
		}
	}
}

func (w *waiter) eventHeard(e WatchEvent) func() {
	n, err := decode.JSON(e.Object)
	if err != nil || e.Type == Removed {
		return nil
	}
	uid, x := readNotice(n)
	return func() {
		x.heard, x.since = true, time.Now()
		w.pods.note(uid, x)
		if p := w.pods.pods[uid]; p != nil {
			uid = w.pods.workloadOf(p)
		}
		w.lookAt(uid)
	}
}

// follow watches what only explains. If that may not be, or does not work, reasons cannot be told, and nothing else is lost.
func (w *waiter) follow(what string, r Resource, ns string, o FollowOptions, onList func([][]byte) func(), onEvent func(WatchEvent) func()) {
	w.running.Go(func() {
		err := w.client.Follow(w.ctx, r, ns, o, func(items [][]byte) error {
			w.send(onList(items))
			return nil
		}, func(e WatchEvent) error {
			if f := onEvent(e); f != nil {
				w.send(f)
			}
			return nil
		})
		if err != nil && w.ctx.Err() == nil {
			w.send(func() { w.unexplained(what, err) })
		}
	})
}

func (w *waiter) unexplained(what string, err error) {
	if !w.warned[what] {
		w.warned[what] = true
		w.tell(Event{Kind: Warned, Text: fmt.Sprintf("%s cannot be watched, so why Pods fail is not known in full: %v", what, err)})
	}
}

// answerTime bounds a question on the side: a log, a storage class.
const answerTime = 5 * time.Second

// ask asks the server something on the side; what answer returns is done with the answer.
func (w *waiter) ask(answer func(context.Context) func()) {
	w.running.Go(func() {
		ctx, cancel := context.WithTimeout(w.ctx, answerTime)
		defer cancel()
		w.send(answer(ctx))
	})
}

// The answers of a cluster about a storage class, and those that it did not give.
const (
	bindsFirst   = "WaitForFirstConsumer"
	bindsAsking  = "?"
	bindsUnknown = "unknown"

	bindsLaterText = "bound as soon as a Pod uses it"
)

// bindsLater reports whether a claim is bound only when a Pod uses it. Where that cannot be found out, it is not insisted on.
func (w *waiter) bindsLater(it *item) bool {
	class := it.health.class
	switch w.classes[class] {
	case bindsFirst:
		return true
	case bindsUnknown:
		it.health.optional = true
	case "":
		w.classes[class] = bindsAsking
		w.ask(func(ctx context.Context) func() {
			mode := bindingOf(ctx, w.client, class)
			return func() {
				w.classes[class] = mode
				w.review(time.Now())
			}
		})
	}
	return false
}

// bindingOf is when a storage class binds claims.
func bindingOf(ctx context.Context, c *Client, class string) string {
	b, err := c.Get(ctx, classResource, "", class)
	if IsNotFound(err) {
		return "Immediate" // or never
	}
	n, derr := decode.JSON(b)
	if err != nil || derr != nil {
		return bindsUnknown
	}
	return text(n.Get("volumeBindingMode"))
}

// askForNodes asks whether a node is being added for a Pod that none takes: then it is waited for. It reports whether the answer
// is still to come, or was yes.
func (w *waiter) askForNodes(it *item) bool {
	p := w.pods.pods[it.trouble.uid]
	if p == nil || w.asked[p.uid] == answered {
		return false
	}
	if w.asked[p.uid] == asking {
		return true
	}
	w.asked[p.uid] = asking
	uid, ns := p.uid, it.ID.Namespace
	w.ask(func(ctx context.Context) func() {
		rises := false
		_, err := w.client.List(ctx, eventResource, ns, ListOptions{Fields: "involvedObject.uid=" + uid}, func(b []byte) error {
			if n, err := decode.JSON(b); err == nil {
				// As the cluster autoscaler says it, and Karpenter.
				r := n.Get("reason").Str()
				rises = rises || r == "TriggeredScaleUp" || r == "Nominated"
			}
			return nil
		})
		return func() {
			w.asked[uid] = answered
			if p := w.pods.pods[uid]; p != nil {
				p.rises = rises && err == nil
			}
			w.look(it, time.Now())
		}
	})
	return true
}

type question uint8

const (
	asking question = iota + 1
	answered
)

// gather reads the Pods of one workload, and what belongs to them, once. What cannot be read is left out.
func gather(ctx context.Context, c *Client, ns, name string, k *workload) func(*crowd) {
	var sets []*replicaSet
	var pods []*pod
	labels := ""
	for key, v := range k.selector {
		labels += "," + key + "=" + v
	}
	if labels != "" && k.kind != "Pod" {
		labels = labels[1:]
		if k.kind == "Deployment" {
			_, _ = c.List(ctx, setResource, ns, ListOptions{Labels: labels, MetadataOnly: true}, func(b []byte) error {
				if n, err := decode.JSON(b); err == nil {
					sets = append(sets, readSet(n))
				}
				return nil
			})
		}
		_, _ = c.List(ctx, podResource, ns, ListOptions{Labels: labels}, func(b []byte) error {
			pods = append(pods, decodePods([][]byte{b})...)
			return nil
		})
	}
	if k.kind == "Pod" {
		if b, err := c.Get(ctx, podResource, ns, name); err == nil {
			pods = decodePods([][]byte{b})
		}
	}
	return func(to *crowd) {
		for _, r := range sets {
			to.putSet(r)
		}
		for _, p := range pods {
			to.put(p)
		}
		to.whole[k.uid] = true
	}
}

// mostLogs is for how many Problems of a wait logs are fetched.
const mostLogs = 20

// logOf returns the last lines of the log of a finding's container, indented below it; nothing if there are none.
func logOf(ctx context.Context, c *Client, ns string, f *finding) []string {
	for _, previous := range []bool{f.previous, !f.previous} {
		b, err := c.Logs(ctx, ns, f.pod, f.container, LogOptions{Tail: 4 * logLines, Previous: previous})
		lines := lastLines(string(b), logLines)
		if err != nil || len(lines) == 0 {
			continue
		}
		list := []string{"  last lines of its log:"}
		if previous && !f.previous {
			list[0] = "  last lines of its log, before it was restarted:"
		}
		for _, l := range lines {
			list = append(list, "    "+l)
		}
		return list
	}
	return nil
}
