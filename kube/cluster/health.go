package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
	"github.com/starctl/starctl/kube/encode"
)

// health is what one look at an object says about it, without its Pods.
type health struct {
	state  condition
	reason string // a stable word, if it is not healthy
	text   string // for people: "4 of 6 Pods ready, 2 starting"

	work     *workload // of what has Pods
	optional bool      // what is missing may never come in this cluster: it is not insisted on
	silent   bool      // nobody has said anything about it yet: a custom resource whose controller has not seen it, or has none
	class    string    // of a claim that waits: its storage class, which says whether it should
}

type condition uint8

const (
	pending condition = iota
	healthy
	failed
)

// workload is what is known from an object about its Pods.
type workload struct {
	kind         string
	uid          string
	selector     map[string]string // of its Pods
	revision     string            // what tells Pods of the latest version from others
	wanted       int
	have         tally     // as its status says
	refused      string    // why Pods cannot be made, as its conditions say
	refusedSince time.Time // when that was first seen
	bare         bool      // a container has no probe: that it is ready says little
	finite       bool      // its Pods end by themselves
	mixed        bool      // Pods of older versions are meant to stay
	oneByOne     bool      // no Pod is renewed while another is broken
}

// told reports whether people are told of a workload by the number of its Pods.
func (k *workload) told() bool { return !k.finite && !k.mixed && k.kind != "Pod" }

// tally counts Pods.
type tally struct {
	fresh int // of the latest version
	ready int // of those
	old   int // of other versions
	serve int // of those, ready
}

// text is "4 of 6 Pods ready, 2 starting".
func (t tally) text(wanted int) string {
	if wanted == 0 && t.fresh+t.old == 0 {
		return "scaled to 0"
	}
	s := fmt.Sprintf("%d of %s ready", t.ready, count(wanted, "Pod", "Pods"))
	if n := t.fresh - t.ready; n > 0 {
		s += fmt.Sprintf(", %d starting", n)
	}
	if t.old > 0 && t.ready >= wanted {
		s += fmt.Sprintf(", %d of the old version still there", t.old)
	}
	return s
}

// builtin are the groups of Kubernetes' own kinds.
var builtin = [...]string{
	"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io", "scheduling.k8s.io",
	"coordination.k8s.io", "node.k8s.io", "discovery.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io", "apiextensions.k8s.io",
	"certificates.k8s.io", "flowcontrol.apiserver.k8s.io", "events.k8s.io", "resource.k8s.io",
}

// judgeOf returns how objects of a built-in kind are judged that need time. All others are done when they are written: a CronJob
// waits for its hour, and nobody says when an Ingress, an autoscaler, a disruption budget or a network policy is in force, or
// whether this cluster has anybody who heeds it.
func judgeOf(id kube.ID) func(kube.Node) health {
	switch id.Group + "/" + id.Kind {
	case "apps/Deployment":
		return judgeDeployment
	case "apps/StatefulSet":
		return judgeStatefulSet
	case "apps/DaemonSet":
		return judgeDaemonSet
	case "apps/ReplicaSet", "/ReplicationController":
		return judgeReplicaSet
	case "/Pod":
		return judgePod
	case "batch/Job":
		return judgeJob
	case "/Service":
		return judgeService
	case "/PersistentVolumeClaim":
		return judgeClaim
	case "/Namespace":
		return judgeNamespace
	case "apiregistration.k8s.io/APIService":
		return judgeAPIService
	case "apiextensions.k8s.io/CustomResourceDefinition":
		return judgeDefinition
	}
	return nil
}

// needsTime reports whether objects of a kind become healthy some time after they are written.
func needsTime(id kube.ID) bool {
	return judgeOf(id) != nil || !slices.Contains(builtin[:], id.Group)
}

// IsHealthy reports whether an object, as a server returned it, needs not be waited for; if it does, why says what is missing.
func IsHealthy(object []byte) (ok bool, why string, err error) {
	n, err := decode.JSON(object)
	if err != nil {
		return false, "", err
	}
	h := judge(n)
	return h.state == healthy, h.text, nil
}

// judge looks at an object.
func judge(n kube.Node) health {
	id := kube.Identify(n)
	if n.Get("metadata", "deletionTimestamp").Exists() {
		if id.Group == "batch" && id.Kind == "Job" {
			if h := judgeJob(n); h.state != pending {
				return h // it has ended, and may have asked to be deleted then
			}
		}
		return health{state: failed, reason: ReasonLeaving, text: "it is being deleted" + finalizers(n)}
	}
	if !needsTime(id) {
		return health{state: healthy}
	}
	if g, ok := n.Get("metadata", "generation").Int(); ok {
		if o, ok := n.Get("status", "observedGeneration").Int(); ok && o < g {
			h := health{reason: ReasonUnseen, text: "its controller has not seen it yet"}
			h.work = workOf(id, n)
			return h
		}
	}
	if own := judgeOf(id); own != nil {
		return own(n)
	}
	return judgeCustom(n)
}

// computed asks the library that Flux and kpt judge by.
func computed(n kube.Node) health {
	object, ok := encode.ToMap(n).(map[string]any)
	if !ok {
		return health{state: failed, reason: ReasonStatus, text: "it is no object"}
	}
	res, err := kstatus.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		// A status that is not shaped as usual says nothing.
		return health{state: healthy}
	}
	h := health{text: res.Message, reason: ReasonStatus}
	for _, c := range res.Conditions {
		if c.Reason != "" {
			h.text = strings.TrimSuffix(c.Reason+": "+c.Message, ": ")
		}
	}
	switch res.Status {
	case kstatus.CurrentStatus:
		return health{state: healthy}
	case kstatus.FailedStatus:
		h.state = failed
	}
	return h
}

// judgeCustom judges what is no kind of Kubernetes' own by its conditions, if it has any that one knows.
func judgeCustom(n kube.Node) health {
	generation, _ := n.Get("metadata", "generation").Int()
	for _, c := range n.Get("status", "conditions").Items() {
		if seen, ok := c.Get("observedGeneration").Int(); ok && seen < generation && c.Get("type").Str() == "Ready" {
			return health{reason: ReasonUnseen, text: "its controller has not seen it yet"}
		}
	}
	h := computed(n)
	h.silent = h.state == healthy && n.Get("status").Len() == 0
	return h
}

func judgeDefinition(n kube.Node) health {
	h := computed(n)
	if h.state == healthy {
		h.text = "established"
	}
	return h
}

func judgeDeployment(n kube.Node) health {
	w := workOf(kube.ID{Group: "apps", Kind: "Deployment"}, n)
	h := health{work: w, text: w.have.text(w.wanted), reason: ReasonPending}
	if n.Get("spec", "paused").Bool() {
		// As helm has it: whoever pauses a Deployment will go on with it some other time.
		h.state, h.text = healthy, "paused: it is not rolled out"
		return h
	}
	if c := conditionOf(n, "Progressing"); c.Get("reason").Str() == "ProgressDeadlineExceeded" {
		h.state, h.reason = failed, ReasonDeadline
		h.text = "no progress within " + secondsOf(n.Get("spec", "progressDeadlineSeconds"), 600) + " (progressDeadlineSeconds): " + h.text
		return h
	}
	h.state = computed(n).state
	return h
}

func judgeStatefulSet(n kube.Node) health {
	w := workOf(kube.ID{Group: "apps", Kind: "StatefulSet"}, n)
	h := health{work: w, text: w.have.text(w.wanted), reason: ReasonPending, state: computed(n).state}
	if n.Get("spec", "updateStrategy", "type").Str() == "OnDelete" {
		h.text = "its Pods are renewed when they are deleted (OnDelete)"
		return h
	}
	if p := number(n, 0, "spec", "updateStrategy", "rollingUpdate", "partition"); p > 0 {
		updated := number(n, 0, "status", "updatedReplicas")
		h.text = fmt.Sprintf("%d of %s ready, %d of the new version (partition %d)", number(n, 0, "status", "readyReplicas"), count(w.wanted, "Pod", "Pods"), updated, p)
	}
	if h.state == healthy && number(n, 0, "spec", "minReadySeconds") > 0 && number(n, 0, "status", "availableReplicas") < w.wanted {
		h.state = pending
	}
	return h
}

func judgeDaemonSet(n kube.Node) health {
	w := workOf(kube.ID{Group: "apps", Kind: "DaemonSet"}, n)
	h := health{work: w, text: w.have.text(w.wanted), reason: ReasonPending}
	switch {
	case n.Get("spec", "updateStrategy", "type").Str() == "OnDelete":
		h.text = "its Pods are renewed when they are deleted (OnDelete)"
		if n.Get("status", "observedGeneration").Exists() && number(n, 0, "status", "numberReady") >= w.wanted {
			h.state = healthy
		}
	default:
		h.state = computed(n).state
	}
	if h.state == healthy && w.wanted == 0 {
		h.text = "no node wants it"
	}
	return h
}

func judgeReplicaSet(n kube.Node) health {
	w := workOf(kube.Identify(n), n)
	h := health{work: w, text: w.have.text(w.wanted), reason: ReasonPending}
	if n.Get("status", "observedGeneration").Exists() && number(n, 0, "status", "availableReplicas") >= w.wanted && number(n, 0, "status", "replicas") == w.wanted {
		h.state = healthy
	}
	return h
}

func judgePod(n kube.Node) health {
	h := health{reason: ReasonPending, text: "starting", work: &workload{kind: "Pod", uid: n.Get("metadata", "uid").Str(), wanted: 1, bare: hasBare(n.Get("spec"))}}
	switch n.Get("status", "phase").Str() {
	case "Succeeded":
		h.state, h.text = healthy, "completed"
	case "Failed":
		h.state, h.reason, h.text = failed, ReasonPodFailed, "failed"
		if r := n.Get("status", "reason").Str(); r != "" {
			h.text += ": " + r
		}
	case "Running":
		h.text = "running, not ready"
		if conditionOf(n, "Ready").Get("status").Str() == "True" {
			h.state, h.text = healthy, "ready"
		}
	}
	return h
}

// judgeJob calls a Job healthy when it has completed: a migration that is still running has not been done.
func judgeJob(n kube.Node) health {
	w := workOf(kube.ID{Group: "batch", Kind: "Job"}, n)
	active, done, bad := number(n, 0, "status", "active"), number(n, 0, "status", "succeeded"), number(n, 0, "status", "failed")
	h := health{work: w, reason: ReasonPending, text: fmt.Sprintf("%d active, %d of %d completed", active, done, w.wanted)}
	if bad > 0 {
		h.text += fmt.Sprintf(", %d failed", bad)
	}
	for _, c := range n.Get("status", "conditions").Items() {
		if c.Get("status").Str() != "True" {
			continue
		}
		switch c.Get("type").Str() {
		case "Complete":
			h.state, h.text = healthy, "completed"
			return h
		case "Failed", "FailureTarget":
			h.state, h.reason = failed, ReasonJobFailed
			h.text = colon(c.Get("reason").Str(), c.Get("message").Str())
			return h
		}
	}
	if n.Get("spec", "suspend").Bool() {
		h.state, h.text = healthy, "suspended: it does not run"
	}
	return h
}

// judgeService waits for the address of a load balancer; a controller of the cloud's marks what it is in charge of by a finalizer.
func judgeService(n kube.Node) health {
	if n.Get("spec", "type").Str() != "LoadBalancer" || n.Get("status", "loadBalancer", "ingress").Len() > 0 {
		return health{state: healthy}
	}
	h := health{reason: ReasonAddress, text: "its load balancer has no address yet", optional: true}
	for _, f := range n.Get("metadata", "finalizers").Items() {
		h.optional = h.optional && f.Str() != "service.kubernetes.io/load-balancer-cleanup"
	}
	return h
}

func judgeClaim(n kube.Node) health {
	switch phase := n.Get("status", "phase").Str(); phase {
	case "Bound":
		return health{state: healthy, text: "bound"}
	case "Lost":
		return health{state: failed, reason: ReasonVolume, text: "its volume " + n.Get("spec", "volumeName").Str() + " is gone"}
	}
	return health{reason: ReasonVolume, text: "not bound to a volume yet", class: strings.Clone(n.Get("spec", "storageClassName").Str())}
}

func judgeNamespace(n kube.Node) health {
	if n.Get("status", "phase").Str() == "Terminating" {
		return health{state: failed, reason: ReasonLeaving, text: "it is being deleted"}
	}
	return health{state: healthy}
}

func judgeAPIService(n kube.Node) health {
	c := conditionOf(n, "Available")
	if c.Get("status").Str() == "True" {
		return health{state: healthy, text: "available"}
	}
	return health{reason: ReasonStatus, text: colon("not available", colon(c.Get("reason").Str(), c.Get("message").Str()))}
}

// workOf reads what an object says about its Pods; nil if it has none.
func workOf(id kube.ID, n kube.Node) *workload {
	spec, st := n.Get("spec"), n.Get("status")
	w := &workload{kind: id.Kind, uid: strings.Clone(n.Get("metadata", "uid").Str()), wanted: number(n, 1, "spec", "replicas")}
	ready, total := number(st, 0, "readyReplicas"), number(st, 0, "replicas")
	fresh := total
	switch id.Kind {
	case "Deployment":
		w.revision = strings.Clone(n.Get("metadata", "annotations", "deployment.kubernetes.io/revision").Str())
		fresh = number(st, 0, "updatedReplicas")
	case "StatefulSet":
		w.revision = strings.Clone(st.Get("updateRevision").Str())
		fresh = number(st, 0, "updatedReplicas")
		w.oneByOne = spec.Get("podManagementPolicy").Str() != "Parallel" && spec.Get("updateStrategy", "type").Str() != "OnDelete"
		w.mixed = number(spec, 0, "updateStrategy", "rollingUpdate", "partition") > 0 || spec.Get("updateStrategy", "type").Str() == "OnDelete"
		if w.mixed {
			fresh = total
		}
	case "DaemonSet":
		w.mixed = spec.Get("updateStrategy", "type").Str() == "OnDelete"
		w.revision = strings.Clone(n.Get("metadata", "annotations", "deprecated.daemonset.template.generation").Str())
		w.wanted, ready, total, fresh = number(st, 0, "desiredNumberScheduled"), number(st, 0, "numberReady"), number(st, 0, "currentNumberScheduled"), number(st, 0, "updatedNumberScheduled")
	case "Job":
		w.finite = true
		w.wanted = number(spec, number(spec, 1, "parallelism"), "completions")
		ready, total = number(st, 0, "ready"), number(st, 0, "active")
		fresh = total
	case "ReplicaSet", "ReplicationController":
	default:
		return nil
	}
	// A status counts ready Pods of all versions together. Those of old ones have been ready for long.
	w.have = tally{fresh: fresh, old: max(0, total-fresh)}
	w.have.serve = min(w.have.old, ready)
	w.have.ready = min(fresh, ready-w.have.serve)
	if c := conditionOf(n, "ReplicaFailure"); c.Get("status").Str() == "True" {
		w.refused = strings.Clone(c.Get("message").Str())
	}
	w.bare = !w.finite && number(spec, 0, "minReadySeconds") == 0 && hasBare(spec.Get("template", "spec"))
	w.selector = selectorOf(spec.Get("selector"))
	return w
}

// hasBare reports whether a container of a Pod has no probe that would have to succeed before it counts as ready.
func hasBare(pod kube.Node) bool {
	for _, c := range pod.Get("containers").Items() {
		if !c.Get("readinessProbe").Exists() && !c.Get("startupProbe").Exists() {
			return true
		}
	}
	return false
}

// selectorOf returns the labels that a selector asks for; of a ReplicationController it is the labels themselves.
func selectorOf(n kube.Node) map[string]string {
	if m := n.Get("matchLabels"); m.Exists() {
		n = m
	}
	labels := map[string]string{}
	for k, v := range n.All() {
		if v.Kind() == kube.String {
			labels[strings.Clone(k)] = strings.Clone(v.Str())
		}
	}
	return labels
}

func conditionOf(n kube.Node, kind string) kube.Node {
	for _, c := range n.Get("status", "conditions").Items() {
		if c.Get("type").Str() == kind {
			return c
		}
	}
	return kube.Node{}
}

// number is an integer at a path of fields, otherwise if there is none.
func number(n kube.Node, otherwise int, path ...string) int {
	if i, ok := n.Get(path...).Int(); ok {
		return int(i)
	}
	return otherwise
}

func secondsOf(n kube.Node, otherwise int) string { return fmt.Sprintf("%d s", number(n, otherwise)) }

// colon is "a: b", or what there is of it.
func colon(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
