package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/kube"
)

// The reasons of Problems: stable words, for machines.
const (
	ReasonImage       = "Image"            // an image cannot be pulled
	ReasonCrash       = "CrashLoop"        // a container ends again and again
	ReasonConfig      = "ContainerConfig"  // a Secret, ConfigMap or key that a container needs is missing, or its user is not allowed
	ReasonStart       = "ContainerStart"   // a container cannot be started
	ReasonStartup     = "StartupProbe"     // a startup probe fails
	ReasonReadiness   = "ReadinessProbe"   // a readiness probe fails
	ReasonLiveness    = "LivenessProbe"    // a container is killed because its liveness probe fails
	ReasonUnscheduled = "Unschedulable"    // no node takes a Pod
	ReasonRefused     = "PodRefused"       // Pods cannot be created: a quota, Pod Security, a webhook
	ReasonVolume      = "Volume"           // a volume cannot be mounted, or a claim is not bound
	ReasonSandbox     = "Sandbox"          // a node cannot set a Pod up: its network
	ReasonPodFailed   = "PodFailed"        // Pods fail as a whole: evicted
	ReasonNode        = "NodeLost"         // a node does not answer
	ReasonGate        = "ReadinessGate"    // somebody else has not called a Pod ready
	ReasonBlocked     = "Blocked"          // a StatefulSet renews no Pod while an old one is broken
	ReasonDeadline    = "ProgressDeadline" // a Deployment made no progress within its own deadline
	ReasonJobFailed   = "JobFailed"
	ReasonAddress     = "NoAddress" // of a load balancer
	ReasonStatus      = "Status"    // the object's own conditions say so
	ReasonPending     = "Pending"   // nothing is wrong as far as one sees, it is only not there yet
	ReasonUnseen      = "Unseen"    // its controller has not looked at it
	ReasonLeaving     = "Terminating"
	ReasonDeleted     = "Deleted"  // by somebody, meanwhile
	ReasonReplaced    = "Replaced" // deleted and made again by somebody, meanwhile
)

// finding is what is wrong with a Pod, or with what should make Pods.
type finding struct {
	reason    string
	gravity   int
	pod, uid  string
	container string
	head      string   // "Pod checkout-7d9f-x2k4: sidecar envoy is not ready"
	lines     []string // more about it, not indented
	log       bool     // the container's log tells more
	previous  bool     // the log of its last run

	quiet bool          // so far it is nothing that people need to hear of
	heals bool          // by itself, or nobody knows: it never ends the wait
	grace time.Duration // for how long it is watched otherwise
	since time.Time     // from when on
}

// Gravities: of several findings the gravest is told. What keeps a container from running comes first.
const (
	slow int = iota
	notReady
	homeless
	stuck
	broken
)

func (f *finding) key() string { return f.reason + "/" + f.container }

// due is when a finding ends the wait.
func (f *finding) due() time.Time { return f.since.Add(f.grace) }

// notice is an event of a cluster, as far as it matters.
type notice struct {
	reason    string
	message   string
	container string // that it is about
	count     int
	at        time.Time

	heard bool      // it came while we watched, and is no story of old
	since time.Time // from when on it was heard
}

func readNotice(n kube.Node) (uid string, e notice) {
	e = notice{reason: text(n.Get("reason")), message: text(n.Get("message")), count: number(n, 1, "count"), at: timeOf(n.Get("lastTimestamp"))}
	if c, ok := n.Get("series", "count").Int(); ok {
		e.count = int(c)
	}
	if e.at.IsZero() {
		e.at = timeOf(n.Get("eventTime"))
	}
	about := n.Get("involvedObject")
	if _, name, ok := strings.Cut(about.Get("fieldPath").Str(), "{"); ok {
		e.container = strings.Clone(strings.TrimSuffix(name, "}"))
	}
	return text(about.Get("uid")), e
}

// examination looks for what is wrong with one Pod.
type examination struct {
	pod     *pod
	notices []notice
	grace   Grace
	patient func() bool // whether others still start: it may wait for one of them
}

// examine returns what is wrong with a Pod; nil if nothing is.
func (x *examination) examine() *finding {
	p := x.pod
	if p.ready || p.leaving || p.phase == "Succeeded" {
		return nil
	}
	f := x.whole()
	if f == nil {
		f = x.inside()
	}
	if f == nil {
		f = x.starting()
	}
	f.pod = p.name
	f.head = "Pod " + p.name + ": " + f.head
	return f
}

// whole is what is wrong with the Pod as a whole.
func (x *examination) whole() *finding {
	p := x.pod
	switch {
	case p.phase == "Failed":
		return x.fallen()
	case p.homeless != "":
		f := &finding{reason: ReasonUnscheduled, gravity: homeless, head: "no node takes it", grace: x.grace.Heal, heals: p.rises || p.gated}
		f.add(p.homeless)
		if p.rises {
			f.add("a node is being added")
		}
		return f
	}
	return nil
}

// starting says what a Pod is at with which nothing is wrong as far as one sees.
func (x *examination) starting() *finding {
	f := &finding{reason: ReasonPending, gravity: slow, head: "starting", heals: true, quiet: true}
	for i := range x.pod.containers {
		c := &x.pod.containers[i]
		if c.ready && (c.role != initial || c.done()) {
			continue
		}
		f.container = c.name
		switch {
		case c.running:
			f.head, f.log = c.String()+" runs, and is not ready yet", true
		case c.now != nil:
			f.head, f.log = c.String()+" has ended: "+c.now.text(c), true
		case c.waiting == "ContainerCreating" || c.waiting == "PodInitializing" || c.waiting == "":
			f.head = c.String() + " is being created: its image is pulled, or its volumes are set up"
		default:
			f.head = c.String() + ": " + printable(colon(c.waiting, c.message))
		}
		break
	}
	if n := len(x.notices); n > 0 {
		f.add(colon(x.notices[n-1].reason, x.notices[n-1].message))
	}
	return f
}

// fallen is a Pod that has failed: as a whole, or by one of its containers.
func (x *examination) fallen() *finding {
	p := x.pod
	f := &finding{reason: ReasonPodFailed, gravity: stuck, head: colon("failed", p.reason), heals: true}
	f.add(p.message)
	for i := range p.containers {
		if c := &p.containers[i]; p.reason == "" && c.now != nil && c.now.code != 0 {
			f.container, f.head, f.log = c.name, c.String()+" failed", true
			f.add(c.now.text(c))
			break
		}
	}
	return f
}

// inside is what is wrong with a container: with the first that the others wait for, else with the gravest.
func (x *examination) inside() *finding {
	p := x.pod
	for i := range p.containers {
		c := &p.containers[i]
		if c.role == application || c.done() {
			continue
		}
		if f := x.container(c); f != nil {
			x.held(f, c)
			return f
		}
		if c.running || c.waiting == "" {
			return nil // it is at work
		}
		return x.outside()
	}
	var worst *finding
	all := true
	for i := range p.containers {
		c := &p.containers[i]
		if c.role == initial {
			continue
		}
		all = all && c.ready
		if f := x.container(c); f != nil && (worst == nil || f.gravity > worst.gravity) {
			worst = f
		}
	}
	if worst != nil || !all {
		if worst == nil {
			worst = x.outside()
		}
		return worst
	}
	return x.unaccepted()
}

// unaccepted is why a Pod is not ready though its containers are.
func (x *examination) unaccepted() *finding {
	p := x.pod
	switch {
	case p.gates != "":
		return &finding{reason: ReasonGate, gravity: notReady, head: "waits for its readiness gate " + p.gates, heals: true}
	case len(p.containers) > 0 && p.phase == "Running" && p.node != "":
		return &finding{reason: ReasonNode, gravity: notReady, head: "its containers are ready, but node " + p.node + " may be lost", heals: true}
	}
	return nil
}

// held adds which containers are not started because of one.
func (x *examination) held(f *finding, c *container) {
	var names []string
	for _, o := range x.pod.containers {
		if o.role == application && !o.running {
			names = append(names, o.name)
		}
	}
	switch {
	case len(names) == 0:
	case c.role == sidecar:
		f.add(listed("container", names) + " not started before it is ready")
	default:
		f.add(listed("container", names) + " not started before it ends")
	}
}

// listed is "container a is", "containers a and b are".
func listed(what string, names []string) string {
	if len(names) == 1 {
		return what + " " + names[0] + " is"
	}
	return what + "s " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are"
}

// container is what is wrong with a container; nil if it is well, or on its way.
func (x *examination) container(c *container) *finding {
	var f *finding
	switch c.waiting {
	case "":
		f = x.runs(c)
	case "InvalidImageName":
		f = x.image(c, 0)
	case "ErrImageNeverPull":
		f = x.image(c, x.grace.Image)
	case "ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		f = x.image(c, x.pullGrace(c))
	case "CrashLoopBackOff":
		f = x.crash(c)
	case "CreateContainerConfigError":
		f = &finding{reason: ReasonConfig, gravity: broken, head: c.String() + " cannot be started", grace: x.grace.Heal}
		if strings.Contains(c.message, "runAsNonRoot") {
			f.grace = x.grace.Image // the image stays as it is
		}
		f.add(c.message)
	case "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError", "CreatePodSandboxError":
		f = &finding{reason: ReasonStart, gravity: broken, head: c.String() + " cannot be started", grace: x.grace.Heal}
		f.add(c.message)
	}
	if f != nil {
		f.container = c.name
	}
	return f
}

// add adds lines to what is known.
func (f *finding) add(text string) {
	for l := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if l = printable(l); l != "" {
			f.lines = append(f.lines, l)
		}
	}
}

// Words of registries and runtimes for an image that is not there, or not for us.
var noImage = pattern.Lazy(`(?i)not found|manifest unknown|name unknown|repository does not exist|no such image|denied|unauthorized|authentication required|no match for platform|invalid reference`)

func (x *examination) pullGrace(c *container) time.Duration {
	if noImage().MatchString(c.message) {
		return x.grace.Image
	}
	for _, e := range x.notices {
		if e.reason == "Failed" && (e.container == "" || e.container == c.name) && noImage().MatchString(e.message) {
			return x.grace.Image
		}
	}
	return x.grace.Registry
}

func (x *examination) image(c *container, grace time.Duration) *finding {
	f := &finding{reason: ReasonImage, gravity: broken, grace: grace}
	f.head = fmt.Sprintf("image %s of %s cannot be pulled", printable(c.image), c)
	msg := c.message
	// What a kubelet says while it backs off is only that it does.
	if strings.HasPrefix(msg, "Back-off pulling image") && !strings.Contains(msg, ": ") || msg == "" {
		for _, e := range x.notices {
			if e.reason == "Failed" && (e.container == "" || e.container == c.name) && strings.Contains(e.message, "pull") {
				msg = e.message
			}
		}
	}
	f.add(pullMessage(msg))
	return f
}

var pullNoise = pattern.Lazy(`(?i)^(back-off pulling image "[^"]*": |errimagepull: |failed to pull image "[^"]*": |rpc error: code = \w+ desc = |failed to pull and unpack image "[^"]*": |error response from daemon: )`)

// pullMessage leaves out of a message what was said before.
func pullMessage(msg string) string {
	for {
		at := pullNoise().FindStringIndex(msg)
		if at == nil {
			break
		}
		msg = msg[at[1]:]
	}
	if strings.HasPrefix(msg, "Back-off pulling image") {
		return ""
	}
	return msg
}

// crash is a container that ends again and again. Its next run may go better, until it has had enough of them.
func (x *examination) crash(c *container) *finding {
	f := &finding{reason: ReasonCrash, gravity: broken, head: c.String() + " crashes", log: true, previous: true}
	if c.role == sidecar {
		f.head = c.String() + " is not ready"
	}
	f.add(x.runsText(c))
	if c.last != nil && c.last.message != "" {
		for _, l := range lastLines(c.last.message, 3) {
			f.add(l)
		}
	}
	if probe, kind := x.killedBy(c); probe != nil {
		f.reason = kind
		if kind == ReasonStartup {
			f.head = c.String() + " is not ready"
		} else {
			f.head = c.String() + " is killed again and again"
		}
		f.heals = !x.hadItsTime(c, kind)
		return f
	}
	f.heals = x.pod.finite || !x.enough(c)
	return f
}

// enough reports whether a container has crashed too often. While other objects still start it may be for want of them: it
// gets two runs more.
func (x *examination) enough(c *container) bool {
	limit := x.grace.Restarts
	return c.restarts >= limit+2 || c.restarts >= limit && !x.patient()
}

// runsText is "startup probe GET :9902/ready: connection refused, 40 times; restarted 3 times, exit code 1".
func (x *examination) runsText(c *container) string {
	var parts []string
	for _, kind := range []string{"Startup", "Liveness"} {
		if t := x.probeText(c, kind); t != "" {
			parts = append(parts, t)
		}
	}
	if c.restarts > 0 {
		s := "restarted " + times(c.restarts)
		e := c.last
		if e == nil {
			e = c.now
		}
		if e != nil {
			s += ", " + e.text(c)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// killedBy is the probe for which a kubelet killed the last run of a container; nil if it ended by itself.
func (x *examination) killedBy(c *container) (*probe, string) {
	if c.last == nil || c.last.reason == "OOMKilled" {
		return nil, ""
	}
	if c.startup != nil && !c.started && usedUp(c.last, c.startup) && x.probeCount(c, "Startup") > 0 {
		return c.startup, ReasonStartup
	}
	// A program that is told to end may exit as it likes; one that crashes is not being told.
	if c.liveness != nil && x.probeCount(c, "Liveness") > 0 && usedUp(c.last, c.liveness) {
		return c.liveness, ReasonLiveness
	}
	return nil, ""
}

// hadItsTime reports whether a container that a kubelet restarted for a probe need not be given another chance: it had all the
// time that it asked for, unless others that it may need were still starting.
func (x *examination) hadItsTime(c *container, kind string) bool {
	if kind == ReasonStartup && c.restarts > 0 && !x.patient() {
		return true
	}
	return x.enough(c)
}

// usedUp reports whether a run lasted about as long as a probe may fail. Its times are whole seconds.
func usedUp(e *exit, p *probe) bool { return e.lasted+time.Second >= p.allowance*8/10 }

// runs is what is wrong with a container that runs, or has just ended.
func (x *examination) runs(c *container) *finding {
	switch {
	case c.role == initial && !c.running && c.now != nil && c.now.code != 0:
		return x.initFailed(c)
	case !c.running || c.ready && c.started:
		return nil
	case !c.started && c.startup != nil:
		return x.startup(c)
	case !c.ready && c.readiness != nil && c.role != initial:
		return x.readiness(c)
	}
	return nil
}

// initFailed is an init container that has failed, and is tried again by a kubelet unless the Pod must not be.
func (x *examination) initFailed(c *container) *finding {
	f := &finding{reason: ReasonCrash, gravity: broken, head: c.String() + " fails", log: true, heals: x.pod.finite || !x.enough(c)}
	f.add(c.now.text(c))
	return f
}

// startup is a container whose startup probe has not passed. How long it may take its author has said by the probe: when a
// kubelet has restarted it for that, it had its time.
func (x *examination) startup(c *container) *finding {
	f := &finding{reason: ReasonStartup, gravity: notReady, head: c.String() + " is not ready", log: true, heals: true}
	if x.probeCount(c, "Startup") == 0 && c.restarts == 0 {
		f.quiet = true
		f.add(colon("startup probe "+c.startup.text, "has not passed yet"))
		return f
	}
	f.add(x.runsText(c))
	if p, kind := x.killedBy(c); p != nil && kind == ReasonStartup {
		f.heals, f.gravity = !x.hadItsTime(c, kind), broken
	} else if c.restarts > 0 {
		f.reason, f.gravity = ReasonCrash, broken
	}
	return f
}

func (x *examination) readiness(c *container) *finding {
	f := &finding{reason: ReasonReadiness, gravity: notReady, head: c.String() + " is not ready", log: true}
	f.grace = x.grace.Warmup
	if c.startup != nil {
		f.grace = x.grace.Probe
	}
	f.grace = max(f.grace, c.readiness.allowance)
	f.heals = x.patient()
	failing := x.probeText(c, "Readiness")
	if failing == "" {
		f.quiet = c.restarts == 0
		failing = colon("readiness probe "+c.readiness.text, "has not passed yet")
	}
	f.add(failing)
	f.add(x.runsText(c))
	return f
}

func (x *examination) probeCount(c *container, kind string) int {
	n := 0
	for _, e := range x.notices {
		if e.reason == "Unhealthy" && (e.container == c.name || e.container == "") && strings.HasPrefix(e.message, kind+" probe") {
			n += e.count
		}
	}
	return n
}

// probeText is "startup probe GET :9902/ready: connection refused, 40 times"; "" if the probe has not failed.
func (x *examination) probeText(c *container, kind string) string {
	n := x.probeCount(c, kind)
	if n == 0 {
		return ""
	}
	var latest notice
	for _, e := range x.notices {
		if e.reason == "Unhealthy" && (e.container == c.name || e.container == "") && strings.HasPrefix(e.message, kind+" probe") && !e.at.Before(latest.at) {
			latest = e
		}
	}
	p := map[string]*probe{"Startup": c.startup, "Readiness": c.readiness, "Liveness": c.liveness}[kind]
	s := strings.ToLower(kind) + " probe"
	if p != nil && p.text != "" {
		s += " " + printable(p.text)
	}
	return colon(s, probeMessage(latest.message)) + ", " + times(n)
}

var (
	probeHead = pattern.Lazy(`^\w+ probe (?:failed|errored[^:]*): `)
	dialled   = pattern.Lazy(`^Get "[^"]*": (?:dial \w+ \S+: )?(?:connect: )?`)
	httpCode  = pattern.Lazy(`^HTTP probe failed with statuscode: (\d+)$`)
	dialPlain = pattern.Lazy(`^dial \w+ \S+: (?:connect: )?`)
)

// probeMessage says in few words how a probe failed.
func probeMessage(msg string) string {
	msg = probeHead().ReplaceAllString(msg, "")
	msg = dialled().ReplaceAllString(msg, "")
	msg = dialPlain().ReplaceAllString(msg, "")
	msg, _, _ = strings.Cut(strings.TrimSpace(msg), "\n")
	if m := httpCode().FindStringSubmatch(msg); m != nil {
		return "HTTP " + m[1]
	}
	if strings.Contains(msg, "context deadline exceeded") || strings.Contains(msg, "i/o timeout") {
		return "no answer in time"
	}
	return printable(msg)
}

// outside is why a Pod whose containers are only waiting does not get on: its volumes, its network. As a kubelet tries such
// things again and again, only what names something that is missing ends the wait.
func (x *examination) outside() *finding {
	var latest *notice
	for i := range x.notices {
		e := &x.notices[i]
		switch e.reason {
		case "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady", "FailedPrepareDynamicResources", "FailedSync":
			if latest == nil || !e.at.Before(latest.at) {
				latest = e
			}
		}
	}
	if latest == nil {
		return nil
	}
	f := &finding{reason: ReasonSandbox, gravity: stuck, head: "node " + x.pod.node + " cannot set it up", heals: true}
	if strings.Contains(latest.reason, "Mount") || strings.Contains(latest.reason, "Volume") {
		f.reason, f.head = ReasonVolume, "a volume cannot be mounted"
		if m := volumeName().FindStringSubmatch(latest.message); m != nil {
			f.head = "volume " + printable(m[1]) + " cannot be mounted"
		}
		f.heals, f.grace = !missing().MatchString(latest.message), x.grace.Heal
	}
	f.add(volumeHead().ReplaceAllString(latest.message, "") + ", " + times(latest.count))
	return f
}

var (
	volumeName = pattern.Lazy(`for volume "([^"]+)"`)
	volumeHead = pattern.Lazy(`^MountVolume\.\w+ failed for volume "[^"]+" ?: `)
	missing    = pattern.Lazy(`not found|non-existent`)
)

// refusal is why Pods cannot be created.
func refusal(why string, g Grace) *finding {
	f := &finding{reason: ReasonRefused, gravity: stuck, head: "no Pod can be created", grace: g.Heal}
	if strings.Contains(why, "violates PodSecurity") || strings.Contains(why, "denied the request") {
		f.grace = g.Image // nothing in it changes by waiting
	}
	f.add(refusalHead().ReplaceAllString(why, ""))
	return f
}

var refusalHead = pattern.Lazy(`^(?:Error creating: )?(?:create Pod \S+ in \w+ \S+ failed error: )?(?:pods "[^"]*" is forbidden: )?`)

const (
	logLines = 10
	lineSize = 400
)

// lastLines returns the last lines of a text that are not empty, made readable.
func lastLines(text string, most int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var list []string
	for _, l := range slices.Backward(lines) {
		if l = printable(l); l != "" {
			list = append(list, l)
		}
		if len(list) == most {
			break
		}
	}
	slices.Reverse(list)
	return list
}

var ansi = pattern.Lazy("\x1b\\[[0-9;?]*[A-Za-z]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")

// printable makes a line of a stranger's text safe for a terminal: colours go, other control characters are written out, a long
// line is cut in its middle: what wraps an error stands at its front, the error itself ("no space left on device") at its end.
func printable(line string) string {
	line = strings.TrimRight(ansi().ReplaceAllString(strings.ToValidUTF8(line, "\uFFFD"), ""), " \t\r\n")
	if len(line) > lineSize {
		line = strings.ToValidUTF8(line[:lineSize/2], "") + " ... " + strings.ToValidUTF8(line[len(line)-lineSize/2:], "")
	}
	if strings.IndexFunc(line, harmful) < 0 {
		return line
	}
	var b strings.Builder
	for _, r := range line {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func harmful(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
