package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// What annotations of a Pod ask for. Each may end in .CONTAINER and is then about that container alone; init containers, sidecars
// among them, are asked for only so.
//
//	testcluster/behaviour: ready | never-ready | crash-loop | image-pull-error | config-error | fail | hang-terminating
//	testcluster/ready-after: 3s   from when on it is ready (100 ms, or as the flag says)
//	testcluster/heals-after: 5s   from when on it is ready although it misbehaved before
//	testcluster/log: text         what its log says
//
// An image with "does-not-exist" in its name gives image-pull-error. A container that is never ready fails its probes, each period
// once, and is restarted when its startup probe has failed often enough. Pods that are not always restarted complete by themselves;
// those that fail do so then.
const (
	behaviourKey = "testcluster/behaviour"
	readyKey     = "testcluster/ready-after"
	healsKey     = "testcluster/heals-after"
	logKey       = "testcluster/log"
)

const (
	neverReady  = "never-ready"
	crashLoop   = "crash-loop"
	imageError  = "image-pull-error"
	configError = "config-error"
	failing     = "fail"
	hanging     = "hang-terminating"
)

// life is one look at a Pod: how old it is, and when something will be different.
type life struct {
	readyAfter time.Duration // of those that say nothing
	pod        *corev1.Pod
	age        time.Duration
	start      metav1.Time
	next       time.Duration // until the next change; 0 if there is none
}

func (k *kubelet) syncPod(ctx context.Context, p *corev1.Pod) (time.Duration, error) {
	if p.DeletionTimestamp != nil {
		return k.terminate(ctx, p)
	}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return 0, nil
	}
	r := k.of(p)
	before := p.Status.DeepCopy()
	if p.Status.StartTime == nil {
		p.Status.StartTime = ptr.To(metav1.Now())
		p.Status.HostIP, p.Status.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
		p.Status.PodIP, p.Status.PodIPs = r.ip, []corev1.PodIP{{IP: r.ip}}
	}
	l := &life{pod: p, readyAfter: k.cfg.readyAfter, age: time.Since(r.started), start: *p.Status.StartTime}
	l.look()
	if apiequality.Semantic.DeepEqual(before, &p.Status) {
		k.tell(ctx, l, r)
		return l.next, nil
	}
	if _, err := k.clients.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
		return 0, err
	}
	k.tell(ctx, l, r)
	return l.next, nil
}

func (k *kubelet) terminate(ctx context.Context, p *corev1.Pod) (time.Duration, error) {
	left := time.Until(p.DeletionTimestamp.Time)
	if p.Annotations[behaviourKey] == hanging && left > 0 {
		return left, nil
	}
	now := metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(0)), Preconditions: &metav1.Preconditions{UID: &p.UID}}
	return 0, k.clients.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, now)
}

func annotation(p *corev1.Pod, key, container string) string {
	return p.Annotations[key+"."+container]
}

// behaviour of a container: what is said of it alone, else, of those that are no init containers, what is said of the Pod.
func (l *life) behaviour(c *corev1.Container, init bool) string {
	own := func(key string) string {
		if v := annotation(l.pod, key, c.Name); v != "" || init {
			return v
		}
		return l.pod.Annotations[key]
	}
	b := own(behaviourKey)
	if strings.Contains(c.Image, "does-not-exist") {
		b = imageError
	}
	if b != "" && b != failing && l.reached(own(healsKey), 0) {
		b = ""
	}
	if b == "" && !l.reached(own(readyKey), l.readyAfter) && !(init && own(readyKey) == "") {
		return "starting"
	}
	return b
}

// reached reports whether the Pod is as old as an annotation says; if not, that is when to look again. Nothing said and no
// default is never.
func (l *life) reached(text string, otherwise time.Duration) bool {
	d, err := time.ParseDuration(text)
	if err != nil && otherwise == 0 {
		return false
	}
	if err != nil {
		d = otherwise
	}
	if l.age >= d {
		return true
	}
	l.lookAgain(d - l.age)
	return false
}

func (l *life) lookAgain(d time.Duration) {
	if l.next == 0 || d < l.next {
		l.next = d
	}
}

// look computes the status of the Pod: init containers one after the other, then all others at once.
func (l *life) look() {
	s := &l.pod.Status
	s.ObservedGeneration = l.pod.Generation
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	initialized := true
	for i := range l.pod.Spec.InitContainers {
		c := &l.pod.Spec.InitContainers[i]
		status := l.waiting(c)
		if initialized {
			status, initialized = l.init(c)
		}
		s.InitContainerStatuses = append(s.InitContainerStatuses, status)
	}
	for i := range l.pod.Spec.Containers {
		c := &l.pod.Spec.Containers[i]
		status := l.waiting(c)
		if initialized {
			status = l.main(c)
		}
		s.ContainerStatuses = append(s.ContainerStatuses, status)
	}
	s.Phase = l.phase()
	ready := initialized && s.Phase == corev1.PodRunning && all(s.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.Ready }) &&
		all(l.sidecars(), func(c corev1.ContainerStatus) bool { return c.Ready })
	l.set(corev1.PodInitialized, initialized, "ContainersNotInitialized")
	l.set(corev1.ContainersReady, ready, "ContainersNotReady")
	l.set(corev1.PodReady, ready && l.gatesOpen(), "ContainersNotReady")
}

func all(list []corev1.ContainerStatus, is func(corev1.ContainerStatus) bool) bool {
	return !slices.ContainsFunc(list, func(c corev1.ContainerStatus) bool { return !is(c) })
}

func isSidecar(c *corev1.Container) bool {
	return ptr.Deref(c.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways
}

func (l *life) sidecars() []corev1.ContainerStatus {
	var list []corev1.ContainerStatus
	for i := range l.pod.Spec.InitContainers {
		if isSidecar(&l.pod.Spec.InitContainers[i]) {
			list = append(list, l.pod.Status.InitContainerStatuses[i])
		}
	}
	return list
}

func (l *life) status(c *corev1.Container) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: "none://" + c.Image, ContainerID: "none://" + string(l.pod.UID) + "/" + c.Name, Started: ptr.To(false),
	}
}

func (l *life) waiting(c *corev1.Container) corev1.ContainerStatus {
	s := l.status(c)
	s.ContainerID = ""
	s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	return s
}

// init is the status of an init container, and whether the next one may start.
func (l *life) init(c *corev1.Container) (corev1.ContainerStatus, bool) {
	b := l.behaviour(c, true)
	s := l.container(c, b)
	switch {
	case isSidecar(c):
		return s, *s.Started
	case b == "":
		s.Ready, s.State = true, l.ended(0, "Completed")
		return s, true
	}
	return s, false
}

func (l *life) main(c *corev1.Container) corev1.ContainerStatus {
	b := l.behaviour(c, false)
	s := l.container(c, b)
	if l.pod.Spec.RestartPolicy == corev1.RestartPolicyAlways {
		return s
	}
	switch b {
	case "", hanging:
		s.Ready, s.State = false, l.ended(0, "Completed")
	case failing:
		s.Ready, s.State = false, l.ended(1, "Error")
	}
	return s
}

// container is the status of one that runs, or does not for the reason that b says.
func (l *life) container(c *corev1.Container, b string) corev1.ContainerStatus {
	s := l.status(c)
	s.Started = ptr.To(true)
	s.State.Running = &corev1.ContainerStateRunning{StartedAt: l.start}
	switch b {
	case "starting":
		s.Started = ptr.To(c.StartupProbe == nil)
	case neverReady:
		s.Started = ptr.To(c.StartupProbe == nil)
		l.restarted(c.StartupProbe, &s)
	case configError:
		s.Started, s.ContainerID = ptr.To(false), ""
		s.State = waitingFor("CreateContainerConfigError", fmt.Sprintf("secret %q not found", c.Name))
	case imageError:
		s.Started, s.ContainerID, s.ImageID = ptr.To(false), "", ""
		s.State = waitingFor("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: not found", c.Image))
	case crashLoop:
		s.Started = ptr.To(false)
		s.LastTerminationState = l.ended(1, "Error")
		s.State = waitingFor("CrashLoopBackOff", "back-off 40s restarting failed container="+c.Name)
		s.RestartCount = l.restarts()
	default:
		s.Ready = true
	}
	return s
}

// restarted is a container whose startup probe has failed for as long as it may.
func (l *life) restarted(p *corev1.Probe, s *corev1.ContainerStatus) {
	if p == nil {
		return
	}
	each := time.Duration(p.InitialDelaySeconds+p.PeriodSeconds*p.FailureThreshold) * time.Second
	n := l.age / each
	l.lookAgain((n+1)*each - l.age)
	if n == 0 {
		return
	}
	at := func(d time.Duration) metav1.Time { return metav1.NewTime(l.start.Add(d)) }
	s.RestartCount = int32(n)
	s.State.Running.StartedAt = at(n * each)
	s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
		ExitCode: 137, Reason: "Error", StartedAt: at((n - 1) * each), FinishedAt: at(n * each),
	}
}

// restarts counts two a second, up to six.
func (l *life) restarts() int32 {
	const every, most = 500 * time.Millisecond, 6
	n := int32(l.age/every) + 1
	if n >= most {
		return most
	}
	l.lookAgain(time.Duration(n)*every - l.age)
	return n
}

func waitingFor(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func (l *life) ended(code int32, reason string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: l.start, FinishedAt: l.start}}
}

func (l *life) phase() corev1.PodPhase {
	s := &l.pod.Status
	ended := func(c corev1.ContainerStatus) bool { return c.State.Terminated != nil }
	failed := func(c corev1.ContainerStatus) bool { return ended(c) && c.State.Terminated.ExitCode != 0 }
	switch {
	case all(s.ContainerStatuses, ended) && slices.ContainsFunc(s.ContainerStatuses, failed):
		return corev1.PodFailed
	case all(s.ContainerStatuses, ended):
		return corev1.PodSucceeded
	case slices.ContainsFunc(s.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.ContainerID == "" }):
		return corev1.PodPending
	}
	return corev1.PodRunning
}

func (l *life) gatesOpen() bool {
	for _, g := range l.pod.Spec.ReadinessGates {
		if !slices.ContainsFunc(l.pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == g.ConditionType && c.Status == corev1.ConditionTrue
		}) {
			return false
		}
	}
	return true
}

func (l *life) set(t corev1.PodConditionType, yes bool, reason string) {
	status := corev1.ConditionFalse
	if yes {
		status, reason = corev1.ConditionTrue, ""
	}
	s := &l.pod.Status
	i := slices.IndexFunc(s.Conditions, func(c corev1.PodCondition) bool { return c.Type == t })
	if i < 0 {
		s.Conditions = append(s.Conditions, corev1.PodCondition{Type: t})
		i = len(s.Conditions) - 1
	}
	c := &s.Conditions[i]
	if c.Status != status {
		c.LastTransitionTime = metav1.Now()
	}
	c.Status, c.Reason, c.ObservedGeneration = status, reason, l.pod.Generation
}

// tell sends the events that a kubelet would, each once.
func (k *kubelet) tell(ctx context.Context, l *life, r *record) {
	send := func(c corev1.ContainerStatus, kind, reason, message string) {
		k.mu.Lock()
		told := r.told[c.Name+reason+message]
		r.told[c.Name+reason+message] = true
		k.mu.Unlock()
		if !told {
			k.event(ctx, l.pod, c.Name, corev1.Event{Type: kind, Reason: reason, Message: message})
		}
	}
	for _, c := range slices.Concat(l.pod.Status.InitContainerStatuses, l.pod.Status.ContainerStatuses) {
		switch w := c.State.Waiting; {
		case w != nil && w.Reason == "ImagePullBackOff":
			send(c, "Warning", "Failed", fmt.Sprintf("Failed to pull image %q: not found", c.Image))
			send(c, "Warning", "BackOff", fmt.Sprintf("Back-off pulling image %q", c.Image))
		case w != nil && w.Reason == "CrashLoopBackOff":
			send(c, "Warning", "BackOff", "Back-off restarting failed container "+c.Name)
		case w != nil && w.Reason == "CreateContainerConfigError":
			send(c, "Warning", "Failed", "Error: "+w.Message)
		case c.State.Running != nil && !c.Ready:
			k.miss(ctx, l, r, &c)
		case c.State.Running != nil && c.Ready:
			send(c, "Normal", "Started", "Started container "+c.Name)
		}
	}
}

// miss tells of a probe that fails, each time it is tried: the event counts.
func (k *kubelet) miss(ctx context.Context, l *life, r *record, c *corev1.ContainerStatus) {
	period, message := l.probe(c)
	n := l.age / period
	l.lookAgain((n+1)*period - l.age)
	e := r.misses[c.Name+message]
	if n == 0 || e != nil && e.Count >= int32(n) {
		return
	}
	if e == nil {
		if e = k.event(ctx, l.pod, c.Name, corev1.Event{Type: "Warning", Reason: "Unhealthy", Message: message}); e != nil {
			r.misses[c.Name+message] = e
		}
		return
	}
	e.Count, e.LastTimestamp = int32(n), metav1.Now()
	if _, err := k.clients.CoreV1().Events(l.pod.Namespace).Update(ctx, e, metav1.UpdateOptions{}); err != nil && ctx.Err() == nil {
		klog.V(2).ErrorS(err, "event")
	}
}

// probe is how often a container is asked whether it is ready, and what is said when it is not.
func (l *life) probe(c *corev1.ContainerStatus) (period time.Duration, message string) {
	for _, s := range slices.Concat(l.pod.Spec.InitContainers, l.pod.Spec.Containers) {
		if s.Name != c.Name {
			continue
		}
		if !*c.Started && s.StartupProbe != nil {
			message = "Startup probe failed: connection refused"
			if h := s.StartupProbe.HTTPGet; h != nil {
				at := fmt.Sprintf("%s:%s", l.pod.Status.PodIP, h.Port.String())
				message = fmt.Sprintf("Startup probe failed: Get \"http://%s%s\": dial tcp %s: connect: connection refused", at, h.Path, at)
			}
			return max(time.Second, time.Duration(s.StartupProbe.PeriodSeconds)*time.Second), message
		}
		if s.ReadinessProbe != nil {
			period = time.Duration(s.ReadinessProbe.PeriodSeconds) * time.Second
		}
	}
	return max(time.Second, period), "Readiness probe failed: HTTP probe failed with statuscode: 503"
}

func (k *kubelet) event(ctx context.Context, p *corev1.Pod, container string, e corev1.Event) *corev1.Event {
	now := metav1.Now()
	e.ObjectMeta = metav1.ObjectMeta{GenerateName: p.Name + ".", Namespace: p.Namespace}
	e.InvolvedObject = corev1.ObjectReference{
		Kind: "Pod", APIVersion: "v1", Namespace: p.Namespace, Name: p.Name, UID: p.UID, FieldPath: "spec.containers{" + container + "}",
	}
	e.FirstTimestamp, e.LastTimestamp, e.Count = now, now, 1
	e.Source = corev1.EventSource{Component: "kubelet", Host: p.Spec.NodeName}
	made, err := k.clients.CoreV1().Events(p.Namespace).Create(ctx, &e, metav1.CreateOptions{})
	if err != nil {
		if ctx.Err() == nil {
			klog.V(2).ErrorS(err, "event")
		}
		return nil
	}
	return made
}
