package cluster

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
)

// pod is what is remembered of a Pod: little, so that many can be.
type pod struct {
	name, uid string
	owner     string // uid of its controller, or its own
	revision  string // of a StatefulSet's or DaemonSet's Pod
	node      string
	phase     string
	reason    string // of a Pod that failed as a whole: Evicted
	message   string
	ready     bool
	leaving   bool   // being deleted
	homeless  string // why no node takes it
	gated     bool   // because somebody does not want it to be scheduled yet
	gates     string // readiness gates that are closed
	finite    bool   // it ends by itself

	containers []container // in the order in which they start; none if the Pod is ready
	restarts   int         // of all containers

	seen  map[string]time.Time // since when what is wrong has been seen, by the finding's key; emptied when the Pod is ready
	first int                  // restarts when it was first seen
	rises bool                 // a node is being added for it
}

// container is what is remembered of a container.
type container struct {
	name                         string
	role                         role
	image                        string
	ready                        bool
	started                      bool
	restarts                     int
	waiting                      string // the reason why it does not run
	message                      string
	running                      bool
	now                          *exit // how it ended
	last                         *exit // how its last run ended
	memory                       string
	startup, readiness, liveness *probe
}

type role uint8

const (
	application role = iota
	initial
	sidecar
)

// String is how people are told of a container: "sidecar envoy".
func (c *container) String() string {
	return [...]string{"container ", "init container ", "sidecar "}[c.role] + c.name
}

// exit is how a run of a container ended.
type exit struct {
	code    int
	signal  int
	reason  string
	message string
	lasted  time.Duration
}

// probe is how a container is asked whether it is well.
type probe struct {
	text      string        // "GET :9902/ready"
	allowance time.Duration // for how long it may fail
}

func readPod(n kube.Node) *pod {
	meta, st := n.Get("metadata"), n.Get("status")
	p := &pod{
		name: text(meta.Get("name")), uid: text(meta.Get("uid")), node: text(n.Get("spec", "nodeName")),
		phase: text(st.Get("phase")), reason: text(st.Get("reason")), message: text(st.Get("message")),
		ready:   conditionOf(n, "Ready").Get("status").Str() == "True",
		leaving: meta.Get("deletionTimestamp").Exists(),
		finite:  n.Get("spec", "restartPolicy").Str() != "Always",
	}
	p.owner = cmp.Or(controllerOf(meta), p.uid)
	labels := meta.Get("labels")
	p.revision = text(labels.Get("controller-revision-hash"))
	if g := labels.Get("pod-template-generation").Str(); g != "" {
		p.revision = strings.Clone(g)
	}
	if c := conditionOf(n, "PodScheduled"); c.Get("status").Str() == "False" {
		p.homeless = cmp.Or(text(c.Get("message")), text(c.Get("reason")))
		p.gated = c.Get("reason").Str() == "SchedulingGated"
	}
	for _, key := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, c := range st.Get(key).Items() {
			p.restarts += number(c, 0, "restartCount")
		}
	}
	p.first = p.restarts
	if !p.ready {
		p.readContainers(n.Get("spec", "initContainers"), st.Get("initContainerStatuses"), initial)
		p.readContainers(n.Get("spec", "containers"), st.Get("containerStatuses"), application)
		p.gates = closedGates(n)
	}
	return p
}

// text copies a string out of an object, so that the object need not be kept.
func text(n kube.Node) string { return strings.Clone(n.Str()) }

func controllerOf(meta kube.Node) string {
	for _, o := range meta.Get("ownerReferences").Items() {
		if o.Get("controller").Bool() {
			return text(o.Get("uid"))
		}
	}
	return ""
}

func closedGates(n kube.Node) string {
	var list []string
	for _, g := range n.Get("spec", "readinessGates").Items() {
		if kind := g.Get("conditionType").Str(); conditionOf(n, kind).Get("status").Str() != "True" {
			list = append(list, strings.Clone(kind))
		}
	}
	return strings.Join(list, ", ")
}

func (p *pod) readContainers(specs, statuses kube.Node, r role) {
	for _, s := range specs.Items() {
		c := container{name: text(s.Get("name")), role: r, image: text(s.Get("image"))}
		if r == initial && s.Get("restartPolicy").Str() == "Always" {
			c.role = sidecar
		}
		c.memory = text(s.Get("resources", "limits", "memory"))
		c.startup, c.readiness, c.liveness = readProbe(s.Get("startupProbe")), readProbe(s.Get("readinessProbe")), readProbe(s.Get("livenessProbe"))
		for _, st := range statuses.Items() {
			if st.Get("name").Str() == c.name {
				c.read(st)
			}
		}
		p.containers = append(p.containers, c)
	}
}

func (c *container) read(n kube.Node) {
	c.ready, c.started = n.Get("ready").Bool(), n.Get("started").Bool()
	c.restarts = number(n, 0, "restartCount")
	if w := n.Get("state", "waiting"); w.Exists() {
		c.waiting, c.message = text(w.Get("reason")), text(w.Get("message"))
	}
	c.running = n.Get("state", "running").Exists()
	c.now, c.last = readExit(n.Get("state", "terminated")), readExit(n.Get("lastState", "terminated"))
}

func readExit(n kube.Node) *exit {
	if !n.Exists() {
		return nil
	}
	e := &exit{code: number(n, 0, "exitCode"), signal: number(n, 0, "signal"), reason: text(n.Get("reason")), message: text(n.Get("message"))}
	e.lasted = timeOf(n.Get("finishedAt")).Sub(timeOf(n.Get("startedAt")))
	return e
}

func timeOf(n kube.Node) time.Time {
	t, _ := time.Parse(time.RFC3339, n.Str())
	return t
}

// done reports whether a container lets those after it start.
func (c *container) done() bool {
	switch c.role {
	case initial:
		return c.now != nil && c.now.code == 0
	case sidecar:
		return c.started
	}
	return true
}

func readProbe(n kube.Node) *probe {
	if !n.Exists() {
		return nil
	}
	wait := number(n, 0, "initialDelaySeconds") + number(n, 10, "periodSeconds")*number(n, 3, "failureThreshold")
	return &probe{text: probeText(n), allowance: time.Duration(wait) * time.Second}
}

func probeText(n kube.Node) string {
	if h := n.Get("httpGet"); h.Exists() {
		return "GET " + h.Get("host").Str() + ":" + h.Get("port").Text() + cmp.Or(h.Get("path").Str(), "/")
	}
	if t := n.Get("tcpSocket"); t.Exists() {
		return "TCP :" + t.Get("port").Text()
	}
	if g := n.Get("grpc"); g.Exists() {
		return "gRPC :" + g.Get("port").Text()
	}
	for _, arg := range n.Get("exec", "command").Items() {
		// What follows may be anything, a password too.
		return "exec " + strings.Clone(arg.Str())
	}
	return ""
}

// String is how a run ended: "exit code 1", "out of memory (OOMKilled), limit 128Mi".
func (e *exit) text(c *container) string {
	switch {
	case e.reason == "OOMKilled" && c.memory != "":
		return "out of memory (OOMKilled), limit " + c.memory
	case e.reason == "OOMKilled":
		return "out of memory (OOMKilled)"
	case e.signal != 0:
		return "signal " + strconv.Itoa(e.signal)
	case e.reason != "" && e.reason != "Error" && e.reason != "Completed":
		return fmt.Sprintf("exit code %d (%s)", e.code, e.reason)
	}
	return fmt.Sprintf("exit code %d", e.code)
}
