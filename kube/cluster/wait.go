package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
)

// Waited is an object that is waited for, as it was left by whoever applied it.
type Waited struct {
	ID         kube.ID
	Resource   Resource
	UID        string
	Generation int64 // as the server answered; 0 where it keeps none
	Changed    bool  // written in this run: what was wrong with it before does not count, and what it becomes does
}

// WaitOptions say for how long objects are waited for, and who hears of it.
type WaitOptions struct {
	Labels   string        // a selector that all of the objects have: they are watched together by it
	Timeout  time.Duration // DefaultTimeout if 0
	Grace    Grace         // DefaultGrace if zero
	Observer Observer
}

// Grace is for how long what may heal by itself is watched before it ends the wait.
type Grace struct {
	Image    time.Duration // an image that the registry does not have, or does not give
	Registry time.Duration // a registry that cannot be reached, or answers with errors
	Restarts int           // of a container that crashes, after which the next crash is one too many
	Heal     time.Duration // what somebody else may still bring: a missing Secret or ConfigMap, a node with room, a quota
	Probe    time.Duration // a readiness probe that fails, of a container whose startup probe has passed
	Warmup   time.Duration // a readiness probe that fails, of a container without a startup probe
	Settle   time.Duration // what became ready without a probe may crash within
	Optional time.Duration // for what may be nobody's business in this cluster: a load balancer's address
	Others   time.Duration // for the others, after one has failed
}

// DefaultGrace returns the usual times.
func DefaultGrace() Grace {
	return Grace{
		Image:    15 * time.Second, // a kubelet tries a second time after 10 s: both have failed
		Registry: 75 * time.Second, // its tries at 0, 10, 30 and 70 s have failed
		Restarts: 3,                // it restarts at once, then after 10 and 20 s: four runs have crashed within 30 s
		Heal:     time.Minute,      // controllers that make Secrets take seconds; terminating Pods give room after 30 s
		Probe:    time.Minute,      // by its startup probe it has said itself that it is up
		Warmup:   2 * time.Minute,  // it has had no other way to say that it is slow
		Settle:   2 * time.Second,  // wrong flags and missing variables end a program in its first second
		Optional: 15 * time.Second, // a cloud's controller marks a Service within seconds
		Others:   5 * time.Second,  // those with the same mistake, applied at the same time
	}
}

// Wait waits until all objects are healthy, and returns those that are not: they cannot become it, as far as one can tell, or
// did not in time. One that fails ends the wait for the others soon. An error means that nobody knows: the server stayed away,
// access was denied, or the context ended.
//
// Objects are watched, not asked for again and again: one watch for each resource and namespace; where Pods do not get ready
// these, their ReplicaSets and warnings about them are watched too. All that comes in goes through one goroutine.
func Wait(ctx context.Context, c *Client, objects []Waited, o WaitOptions) ([]Problem, error) {
	w := newWaiter(c, objects, o)
	if w.open == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer w.running.Wait()
	defer cancel(nil)
	w.ctx = ctx
	w.followObjects()
	return w.run()
}

// waiter is a Wait under way. Only the goroutine of run touches its fields; others send it functions.
type waiter struct {
	client  *Client
	options WaitOptions
	grace   Grace
	begun   time.Time
	ctx     context.Context
	running sync.WaitGroup
	inbox   chan func()
	err     error

	groups    []*group
	items     map[string]*item // by uid
	order     []*item
	open      int       // items that are neither healthy nor failed
	waits     int       // questions under way whose answer a Problem needs
	ending    time.Time // when the rest is not waited for any longer, since one has failed
	over      bool      // the time is up
	explained int       // Problems that were given a log

	unlisted int // groups that have not been listed yet
	pods     crowd
	attended map[string]bool     // workloads whose Pods, and namespaces whose warnings, are watched
	classes  map[string]string   // storage classes: when they bind
	asked    map[string]question // whether nodes come for Pods
	warned   map[string]bool     // what was said to be unknown
}

// group is the objects of one resource and namespace.
type group struct {
	resource  Resource
	namespace string
	items     map[string]*item // by name
	open      int
	listed    bool
	stop      context.CancelFunc
}

// item is an object that is waited for.
type item struct {
	Waited
	group *group

	health   health
	seen     bool      // at least once
	was      condition // at first sight
	lastly   bool      // a Job that deletes itself when it has ended
	well     time.Time // since when it looks healthy
	trouble  *finding
	waitedOn bool // it was not healthy at first sight, or is what people want to hear about

	told   string // the last Progress
	toldAt time.Time

	refused time.Time // since when its Pods are refused

	state   condition // final, once it is not pending
	problem *Problem
}

func newWaiter(c *Client, objects []Waited, o WaitOptions) *waiter {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Grace == (Grace{}) {
		o.Grace = DefaultGrace()
	}
	if o.Observer == nil {
		o.Observer = func(Event) {}
	}
	w := &waiter{client: c, options: o, grace: o.Grace, begun: time.Now(), inbox: make(chan func(), 64)}
	w.items, w.pods, w.attended = map[string]*item{}, newCrowd(), map[string]bool{}
	w.classes, w.asked, w.warned = map[string]string{}, map[string]question{}, map[string]bool{}
	for _, x := range objects {
		if needsTime(x.ID) {
			w.add(x)
		}
	}
	w.unlisted = len(w.groups)
	return w
}

func (w *waiter) add(x Waited) {
	i := slices.IndexFunc(w.groups, func(g *group) bool {
		return g.namespace == x.ID.Namespace && g.resource.String() == x.Resource.String()
	})
	if i < 0 {
		i = len(w.groups)
		w.groups = append(w.groups, &group{resource: x.Resource, namespace: x.ID.Namespace, items: map[string]*item{}})
	}
	g := w.groups[i]
	it := &item{Waited: x, group: g}
	g.items[x.ID.Name] = it
	g.open++
	w.items[x.UID] = it
	w.order = append(w.order, it)
	w.open++
}

// lookAgain is how often times are looked at: graces that pass, texts that were held back. It costs 10 ms for 1000 objects.
const lookAgain = 200 * time.Millisecond

func (w *waiter) run() ([]Problem, error) {
	tick := time.NewTicker(lookAgain * time.Duration(1+len(w.order)/1000))
	defer tick.Stop()
	for w.err == nil && (w.open > 0 || w.waits > 0) {
		select {
		case <-w.ctx.Done():
			return nil, context.Cause(w.ctx)
		case f := <-w.inbox:
			f()
		case now := <-tick.C:
			w.review(now)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.problems(), nil
}

func (w *waiter) problems() []Problem {
	var list []Problem
	for _, it := range w.order {
		if it.problem != nil {
			list = append(list, *it.problem)
		}
	}
	return list
}

// send hands a function to the goroutine of run.
func (w *waiter) send(f func()) {
	select {
	case w.inbox <- f:
	case <-w.ctx.Done():
	}
}

func (w *waiter) fail(err error) {
	w.send(func() {
		if w.err == nil {
			w.err = err
		}
	})
}

// sighting is what is kept of an object that was read.
type sighting struct {
	name, uid  string
	generation int64
	health     health
	ttl        bool // it deletes itself when it has ended
	pod        *pod // of a Pod that is waited for itself
}

func sight(object []byte) (sighting, error) {
	n, err := decode.JSON(object)
	if err != nil {
		return sighting{}, err
	}
	meta := n.Get("metadata")
	s := sighting{name: text(meta.Get("name")), uid: text(meta.Get("uid")), health: judge(n)}
	s.generation, _ = meta.Get("generation").Int()
	s.health.text = strings.Clone(s.health.text)
	s.ttl = n.Get("spec", "ttlSecondsAfterFinished").Exists()
	if w := s.health.work; w != nil && w.kind == "Pod" {
		s.pod = readPod(n)
	}
	return s, nil
}

// listed hears of all objects of a group.
func (w *waiter) listed(g *group, all []sighting) {
	there := map[string]bool{}
	for _, s := range all {
		there[s.name] = true
		w.sighted(g, s, false)
	}
	for _, name := range slices.Sorted(maps.Keys(g.items)) {
		if it := g.items[name]; !there[name] {
			w.gone(it)
		}
	}
	if !g.listed {
		g.listed = true
		w.unlisted--
	}
	if w.unlisted == 0 {
		w.followPods()
	}
}

// sighted hears of an object; gone says that this was its last state.
func (w *waiter) sighted(g *group, s sighting, gone bool) {
	it := g.items[s.name]
	if it == nil || s.generation < it.Generation {
		return
	}
	if s.uid != it.UID && it.UID != "" {
		if !gone {
			it.health = health{state: failed, reason: ReasonReplaced, text: "somebody has deleted it and made it again"}
			w.look(it, time.Now())
		}
		return
	}
	if it.UID == "" {
		it.UID, w.items[s.uid] = s.uid, it
	}
	if !it.seen {
		it.seen, it.was = true, s.health.state
	}
	it.health, it.lastly = s.health, s.ttl
	if s.pod != nil {
		w.pods.put(s.pod)
	}
	if gone && s.health.state == pending {
		it.lastly = false // it had not ended
	}
	if gone {
		w.gone(it)
		return
	}
	w.look(it, time.Now())
}

// gone hears that an object is not there. A Job may delete itself.
func (w *waiter) gone(it *item) {
	if it.lastly && it.health.state != failed {
		it.health = health{state: healthy, text: "has ended and deleted itself"}
	} else if !it.health.ended() {
		it.health = health{state: failed, reason: ReasonDeleted, text: "somebody has deleted it, or taken off its labels"}
	}
	w.look(it, time.Now())
}

// ended reports whether a Job has come to its end, one way or the other.
func (h *health) ended() bool {
	return h.work != nil && h.work.finite && h.work.kind == "Job" && h.state != pending && h.reason != ReasonLeaving
}

// review looks at what may be different only because time has passed.
func (w *waiter) review(now time.Time) {
	late := now.Sub(w.begun) >= w.options.Timeout
	if late || !w.ending.IsZero() && now.After(w.ending) {
		w.giveUp(late, now)
		return
	}
	for _, it := range w.order {
		if it.state == pending && it.seen {
			w.look(it, now)
		}
	}
}

// giveUp makes Problems of all that is still open.
func (w *waiter) giveUp(late bool, now time.Time) {
	if w.over {
		return
	}
	w.over = true
	for _, it := range w.order {
		if it.state != pending {
			continue
		}
		if it.trouble = w.troubleOf(it); !it.seen {
			it.health.reason, it.health.text = ReasonUnseen, "it has not been looked at yet"
		}
		said := "not healthy after " + lasting(now.Sub(w.begun))
		if !late {
			said = "not waited for any longer"
		}
		w.condemn(it, said, now)
	}
}

// look decides about an item, and tells what has changed.
func (w *waiter) look(it *item, now time.Time) {
	if it.state != pending || w.over {
		return
	}
	h := &it.health
	if h.state == healthy {
		w.lookWell(it, now)
		return
	}
	it.well, it.waitedOn = time.Time{}, true
	it.trouble = nil
	if h.reason != ReasonUnseen { // until then the latest Pods are those of the version before, which may be why this one was applied
		it.trouble = w.troubleOf(it)
	}
	switch {
	case h.state == failed && w.certain(it, now):
		w.condemn(it, "not healthy after "+lasting(now.Sub(w.begun)), now)
	case it.trouble != nil && !it.trouble.heals && !now.Before(it.trouble.due()):
		if it.trouble.reason == ReasonUnscheduled && w.askForNodes(it) {
			return
		}
		w.condemn(it, "not healthy after "+lasting(now.Sub(w.begun)), now)
	case h.class != "" && w.bindsLater(it):
		h.state, h.text = healthy, bindsLaterText
		w.lookWell(it, now)
	case h.optional && now.Sub(w.begun) >= w.grace.Optional:
		why := "nothing in this cluster seems to be in charge of that"
		if h.class != "" {
			why = "its storage class, which would say whether it should be, cannot be read"
		}
		w.tell(Event{Kind: Warned, ID: it.ID, Text: "not waited for: " + h.text + ", and " + why})
		it.state = healthy
		w.settle(it)
	default:
		w.progress(it, now)
	}
}

// certain reports whether what has failed has failed for good. What had failed before this run, and was not changed in it, gets
// the time to heal by what was.
func (w *waiter) certain(it *item, now time.Time) bool {
	if it.Changed || it.was != failed || it.health.reason == ReasonLeaving || it.health.reason == ReasonJobFailed {
		return true
	}
	return now.Sub(w.begun) >= w.grace.Heal
}

// lookWell accepts what looks healthy, at once or after it has for a while.
func (w *waiter) lookWell(it *item, now time.Time) {
	if it.well.IsZero() {
		it.well = now
	}
	settle := time.Duration(0)
	if h := &it.health; it.Changed && (h.silent || h.work != nil && h.work.bare && h.work.wanted > 0) {
		settle = w.grace.Settle
		if h.work != nil && w.pods.restarted(h.work) {
			settle *= 5 // it has not lasted before
		}
	}
	if now.Sub(it.well) < settle {
		return
	}
	it.state = healthy
	if it.waitedOn || it.Changed {
		w.tell(Event{Kind: Healthy, ID: it.ID, Text: it.health.text})
	}
	w.settle(it)
}

// settle counts an item that is decided; a group without others needs no watch.
func (w *waiter) settle(it *item) {
	w.open--
	if it.group.open--; it.group.open == 0 && it.group.stop != nil {
		it.group.stop()
	}
}

// progressEvery is the least time between two Progress events of an object.
const progressEvery = time.Second

// progress tells how far an item is, if that is different from what was told.
func (w *waiter) progress(it *item, now time.Time) {
	said := it.health.text
	if k := it.health.work; k != nil && it.health.reason == ReasonPending && k.told() {
		if t, ok := w.pods.tally(k); ok {
			said = t.text(k.wanted)
		}
	}
	key := said
	if it.trouble != nil && !it.trouble.quiet {
		key += "\n" + it.trouble.key()
	}
	if key == it.told || now.Sub(it.toldAt) < progressEvery {
		return
	}
	it.told, it.toldAt = key, now
	e := Event{Kind: Progress, ID: it.ID, Text: said}
	if it.trouble != nil && !it.trouble.quiet {
		e.Detail = it.trouble.text()
	}
	w.tell(e)
}

func (w *waiter) tell(e Event) {
	e.Time = time.Now()
	w.options.Observer(e)
}

// condemn makes a Problem of an item. It is told as soon as its Pods are known, and the log of the container is there.
func (w *waiter) condemn(it *item, said string, now time.Time) {
	it.state = failed
	w.settle(it)
	if w.ending.IsZero() {
		w.ending = now.Add(w.grace.Others)
	}
	k := it.health.work
	if k == nil || w.pods.whole[k.uid] || w.explained >= mostLogs {
		w.explain(it, said)
		return
	}
	// It failed before its Pods were looked at.
	w.waits++
	w.ask(func(ctx context.Context) func() {
		found := gather(ctx, w.client, it.ID.Namespace, it.ID.Name, k)
		return func() {
			w.waits--
			found(&w.pods)
			it.trouble = w.troubleOf(it)
			w.explain(it, said)
		}
	})
}

func (w *waiter) explain(it *item, said string) {
	it.problem = problemOf(it.ID, &it.health, it.trouble, &w.pods)
	it.problem.Text = said
	f := it.trouble
	if f == nil || !f.log || w.explained >= mostLogs {
		w.tellProblem(it.problem)
		return
	}
	w.explained++
	w.waits++
	w.ask(func(ctx context.Context) func() {
		lines := logOf(ctx, w.client, it.ID.Namespace, f)
		return func() {
			w.waits--
			it.problem.Lines = append(it.problem.Lines, lines...)
			w.tellProblem(it.problem)
		}
	})
}

// problemOf puts together what is known of an object that is not healthy, all but the log.
func problemOf(id kube.ID, h *health, f *finding, pods *crowd) *Problem {
	p := &Problem{ID: id, Reason: h.reason}
	if h.state == failed || f == nil || f.quiet {
		p.Lines = append(p.Lines, printable(h.text))
	}
	if f != nil {
		p.Pod, p.Container = f.pod, f.container
		p.Lines = append(p.Lines, f.text()...)
		if h.reason != ReasonJobFailed {
			p.Reason = f.reason
		}
	}
	if k := h.work; k != nil && !k.finite {
		p.Serving = pods.serving(k)
	}
	return p
}

// troubleOf is what keeps an item from getting healthy, as far as one sees.
func (w *waiter) troubleOf(it *item) *finding {
	k := it.health.work
	if k == nil {
		return w.warning(it)
	}
	if k.refused != "" {
		if it.refused.IsZero() {
			it.refused = time.Now()
		}
		k.refusedSince = it.refused
	} else {
		it.refused = time.Time{}
	}
	d := diagnosis{crowd: &w.pods, work: k, grace: w.grace, now: time.Now(), patient: func() bool { return w.othersStart(it) }}
	return d.trouble()
}

// warning is what a controller has to say about an object without Pods.
func (w *waiter) warning(it *item) *finding {
	list := w.pods.notices[it.UID]
	if len(list) == 0 {
		return nil
	}
	e := list[len(list)-1]
	f := &finding{reason: it.health.reason, head: printable(colon(e.reason, e.message)), heals: true}
	return f
}

// othersStart reports whether another workload is on its way without trouble: one that crashes may be for want of it.
func (w *waiter) othersStart(it *item) bool {
	for _, o := range w.order {
		if o != it && o.state == pending && o.health.work != nil && (o.trouble == nil || o.trouble.quiet) {
			return true
		}
	}
	return false
}

func (w *waiter) tellProblem(p *Problem) {
	w.tell(Event{Kind: Unwell, ID: p.ID, Text: p.Text, Detail: p.Detail(), Problem: p})
}

// text are the lines of a finding.
func (f *finding) text() []string {
	list := []string{printable(f.head)}
	for _, l := range f.lines {
		list = append(list, "  "+printable(l))
	}
	return list
}

// lasting is a time as people say it: "47 s", "5 min", "2 min 5 s".
func lasting(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s < 1:
		return "a moment"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d min %d s", s/60, s%60), " 0 s")
}
