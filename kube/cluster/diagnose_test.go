package cluster

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starctl/starctl/kube/decode"
)

// What Pods and events of real clusters say, which the test cluster does not.
func TestExamine(t *testing.T) {
	g := DefaultGrace()
	const (
		app     = `{"name":"server","image":"shop/checkout:v2","readinessProbe":{"httpGet":{"path":"/healthz","port":"http"}},"livenessProbe":{"tcpSocket":{"port":8080},"periodSeconds":5},"resources":{"limits":{"memory":"128Mi"}},"env":[{"name":"TOKEN","value":"s3cret"}]}`
		envoy   = `{"name":"envoy","image":"envoy:v1","restartPolicy":"Always","startupProbe":{"httpGet":{"path":"/ready","port":9902},"periodSeconds":1,"failureThreshold":120},"readinessProbe":{"httpGet":{"path":"/ready","port":9902},"periodSeconds":5}}`
		migrate = `{"name":"migrate","image":"shop/migrate:v2"}`
		waits   = `{"name":"server","restartCount":0,"ready":false,"started":false,"state":{"waiting":{"reason":"PodInitializing"}}}`
	)
	crashed := func(name string, restarts, code int, reason string) string {
		return fmt.Sprintf(`{"name":%q,"restartCount":%d,"ready":false,"started":false,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}},
			"lastState":{"terminated":{"exitCode":%d,"reason":%q,"startedAt":"2026-10-01T10:00:00Z","finishedAt":"2026-10-01T10:00:02Z"}}}`, name, restarts, code, reason)
	}
	waiting := func(reason, message string) string {
		text, _ := json.Marshal(message)
		return fmt.Sprintf(`{"name":"server","ready":false,"started":false,"state":{"waiting":{"reason":%q,"message":%s}}}`, reason, text)
	}
	running := func(name string, started, ready bool, restarts int, lasted string) string {
		last := ""
		if lasted != "" {
			last = `,"lastState":{"terminated":{"exitCode":137,"reason":"Error","startedAt":"2026-10-01T10:00:00Z","finishedAt":"2026-10-01T10:` + lasted + `Z"}}`
		}
		return fmt.Sprintf(`{"name":%q,"restartCount":%d,"ready":%v,"started":%v,"state":{"running":{"startedAt":"2026-10-01T10:03:00Z"}}%s}`, name, restarts, ready, started, last)
	}
	unhealthy := func(container, message string, n int) notice {
		return notice{reason: "Unhealthy", container: container, message: message, count: n}
	}
	for _, test := range []struct {
		name       string
		init, inis string // init containers, and their statuses
		app        string // status of the application
		pod        string // the rest of the Pod's status
		notices    []notice
		patient    bool

		reason, container string
		grace             time.Duration // -1: it never ends the wait
		want              string
	}{
		{
			name: "image not found", app: waiting("ImagePullBackOff", `Back-off pulling image "shop/checkout:v2": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/checkout:v2": failed to resolve reference "docker.io/shop/checkout:v2": docker.io/shop/checkout:v2: not found`),
			reason: ReasonImage, container: "server", grace: g.Image,
			want: "Pod p: image shop/checkout:v2 of container server cannot be pulled\n  failed to resolve reference \"docker.io/shop/checkout:v2\": docker.io/shop/checkout:v2: not found",
		},
		{
			name: "image backs off without a reason", app: waiting("ImagePullBackOff", `Back-off pulling image "shop/checkout:v2"`),
			notices: []notice{{reason: "Failed", message: `Failed to pull image "shop/checkout:v2": unauthorized: authentication required`, count: 2}},
			reason:  ReasonImage, container: "server", grace: g.Image,
			want: "Pod p: image shop/checkout:v2 of container server cannot be pulled\n  unauthorized: authentication required",
		},
		{
			name: "registry is slow", app: waiting("ErrImagePull", `rpc error: code = Unknown desc = Get "https://registry/v2/": net/http: TLS handshake timeout`),
			reason: ReasonImage, container: "server", grace: g.Registry,
			want: "Pod p: image shop/checkout:v2 of container server cannot be pulled\n  Get \"https://registry/v2/\": net/http: TLS handshake timeout",
		},
		{
			name: "image name", app: waiting("InvalidImageName", `couldn't parse image name "shop/Checkout": invalid reference format`), reason: ReasonImage, container: "server", grace: 0,
			want: "Pod p: image shop/checkout:v2 of container server cannot be pulled\n  couldn't parse image name \"shop/Checkout\": invalid reference format",
		},
		{
			name: "never pulled", app: waiting("ErrImageNeverPull", `Container image "shop/checkout:v2" is not present with pull policy of Never`), reason: ReasonImage, container: "server", grace: g.Image,
			want: "Pod p: image shop/checkout:v2 of container server cannot be pulled\n  Container image \"shop/checkout:v2\" is not present with pull policy of Never",
		},
		{
			name: "crash", app: crashed("server", 3, 1, "Error"), reason: ReasonCrash, container: "server", grace: 0,
			want: "Pod p: container server crashes\n  restarted 3 times, exit code 1",
		},
		{
			name: "crashes so far", app: crashed("server", 2, 1, "Error"), reason: ReasonCrash, container: "server", grace: -1,
			want: "Pod p: container server crashes\n  restarted 2 times, exit code 1",
		},
		{
			name: "crash while others start", app: crashed("server", 4, 1, "Error"), patient: true, reason: ReasonCrash, container: "server", grace: -1,
			want: "Pod p: container server crashes\n  restarted 4 times, exit code 1",
		},
		{
			name: "crash, whoever starts", app: crashed("server", 5, 1, "Error"), patient: true, reason: ReasonCrash, container: "server", grace: 0,
			want: "Pod p: container server crashes\n  restarted 5 times, exit code 1",
		},
		{
			name: "out of memory", app: crashed("server", 3, 137, "OOMKilled"), reason: ReasonCrash, container: "server", grace: 0,
			want: "Pod p: container server crashes\n  restarted 3 times, out of memory (OOMKilled), limit 128Mi",
		},
		{
			name: "program missing", app: strings.Replace(crashed("server", 3, 128, "StartError"), `"reason":"StartError"`, `"reason":"StartError","message":"failed to create task: exec: \"/app\": stat /app: no such file or directory"`, 1),
			reason: ReasonCrash, container: "server", grace: 0,
			want: "Pod p: container server crashes\n  restarted 3 times, exit code 128 (StartError)\n  failed to create task: exec: \"/app\": stat /app: no such file or directory",
		},
		{
			name: "liveness", app: strings.Replace(crashed("server", 3, 143, "Error"), "10:00:02", "10:00:20", 1),
			notices: []notice{unhealthy("server", `Liveness probe failed: dial tcp 10.0.0.7:8080: connect: connection refused`, 9)},
			reason:  ReasonLiveness, container: "server", grace: 0,
			want: "Pod p: container server is killed again and again\n  liveness probe TCP :8080: connection refused, 9 times; restarted 3 times, exit code 143",
		},
		{
			name: "key of a Secret", app: waiting("CreateContainerConfigError", "couldn't find key password in Secret shop/db"), reason: ReasonConfig, container: "server", grace: g.Heal,
			want: "Pod p: container server cannot be started\n  couldn't find key password in Secret shop/db",
		},
		{
			name: "root", app: waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"), reason: ReasonConfig, container: "server", grace: g.Image,
			want: "Pod p: container server cannot be started\n  container has runAsNonRoot and image will run as root",
		},
		{
			name: "sidecar crashes", init: envoy, inis: crashed("envoy", 3, 1, "Error"), app: waits,
			notices: []notice{
				unhealthy("envoy", `Startup probe failed: Get "http://10.0.0.7:9902/ready": dial tcp 10.0.0.7:9902: connect: connection refused`, 40),
				{reason: "BackOff", container: "envoy", message: "Back-off restarting failed container envoy", count: 7},
			},
			reason: ReasonCrash, container: "envoy", grace: 0,
			want: "Pod p: sidecar envoy is not ready\n  startup probe GET :9902/ready: connection refused, 40 times; restarted 3 times, exit code 1\n  container server is not started before it is ready",
		},
		{
			name: "sidecar is never ready", init: envoy, inis: running("envoy", false, false, 1, "02:00"), app: waits,
			notices: []notice{unhealthy("envoy", `Startup probe failed: HTTP probe failed with statuscode: 503`, 25)},
			reason:  ReasonStartup, container: "envoy", grace: 0,
			want: "Pod p: sidecar envoy is not ready\n  startup probe GET :9902/ready: HTTP 503, 25 times; restarted once, exit code 137\n  container server is not started before it is ready",
		},
		{
			name: "sidecar waits for others", init: envoy, inis: running("envoy", false, false, 1, "02:00"), app: waits, patient: true,
			notices: []notice{unhealthy("envoy", `Startup probe failed: HTTP probe failed with statuscode: 503`, 25)},
			reason:  ReasonStartup, container: "envoy", grace: -1,
			want: "Pod p: sidecar envoy is not ready\n  startup probe GET :9902/ready: HTTP 503, 25 times; restarted once, exit code 137\n  container server is not started before it is ready",
		},
		{
			name: "sidecar has time left", init: envoy, inis: running("envoy", false, false, 0, ""), app: waits,
			notices: []notice{unhealthy("envoy", `Startup probe failed: HTTP probe failed with statuscode: 503`, 12)},
			reason:  ReasonStartup, container: "envoy", grace: -1,
			want: "Pod p: sidecar envoy is not ready\n  startup probe GET :9902/ready: HTTP 503, 12 times\n  container server is not started before it is ready",
		},
		{
			name: "sidecar is ready no longer", init: envoy, inis: running("envoy", true, false, 0, ""), app: running("server", true, true, 0, ""),
			notices: []notice{unhealthy("envoy", `Readiness probe failed: Get "http://10.0.0.7:9902/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, 3)},
			reason:  ReasonReadiness, container: "envoy", grace: g.Probe,
			want: "Pod p: sidecar envoy is not ready\n  readiness probe GET :9902/ready: no answer in time, 3 times",
		},
		{
			name: "readiness", app: running("server", true, false, 0, ""), reason: ReasonReadiness, container: "server", grace: g.Warmup,
			notices: []notice{unhealthy("server", "Readiness probe failed: HTTP probe failed with statuscode: 500", 2), unhealthy("server", "Readiness probe failed: HTTP probe failed with statuscode: 503", 10)},
			want:    "Pod p: container server is not ready\n  readiness probe GET :http/healthz: HTTP 503, 12 times",
		},
		{
			name: "init container runs", init: migrate, inis: running("migrate", true, false, 0, ""), app: waits, reason: ReasonPending, container: "migrate", grace: -1,
			want: "Pod p: init container migrate runs, and is not ready yet",
		},
		{
			name: "init container fails", init: migrate, inis: crashed("migrate", 4, 2, "Error"), app: waits, reason: ReasonCrash, container: "migrate", grace: 0,
			want: "Pod p: init container migrate crashes\n  restarted 4 times, exit code 2\n  container server is not started before it ends",
		},
		{
			name: "unschedulable", app: waits, pod: `"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient cpu."}]`,
			reason: ReasonUnscheduled, grace: g.Heal, want: "Pod p: no node takes it\n  0/3 nodes are available: 3 Insufficient cpu.",
		},
		{
			name: "scheduling gate", app: waits, pod: `"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated","message":"Scheduling is blocked due to non-empty scheduling gates"}]`,
			reason: ReasonUnscheduled, grace: -1, want: "Pod p: no node takes it\n  Scheduling is blocked due to non-empty scheduling gates",
		},
		{
			name: "volume", app: waiting("ContainerCreating", ""), notices: []notice{{reason: "FailedMount", message: `MountVolume.SetUp failed for volume "config" : configmap "checkout-envoy" not found`, count: 6}},
			reason: ReasonVolume, grace: g.Heal, want: "Pod p: volume config cannot be mounted\n  configmap \"checkout-envoy\" not found, 6 times",
		},
		{
			name: "slow volume", app: waiting("ContainerCreating", ""), notices: []notice{{reason: "FailedAttachVolume", message: `Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node`, count: 1}},
			reason: ReasonVolume, grace: -1, want: "Pod p: volume pvc-1 cannot be mounted\n  Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node, once",
		},
		{
			name: "sandbox", app: waiting("ContainerCreating", ""), notices: []notice{{reason: "FailedCreatePodSandBox", message: "no IP addresses available in range", count: 2}},
			reason: ReasonSandbox, grace: -1, want: "Pod p: node node-1 cannot set it up\n  no IP addresses available in range, 2 times",
		},
		{
			name: "evicted", app: waits, pod: `"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."`, reason: ReasonPodFailed, grace: -1,
			want: "Pod p: failed: Evicted\n  The node was low on resource: memory.",
		},
		{
			name: "node lost", app: running("server", true, true, 0, ""), reason: ReasonNode, grace: -1,
			want: "Pod p: its containers are ready, but node node-1 may be lost",
		},
		{
			name: "created", app: waiting("ContainerCreating", ""), reason: ReasonPending, container: "server", grace: -1,
			want: "Pod p: container server is being created: its image is pulled, or its volumes are set up",
		},
		{
			name: "hostile log", app: waiting("CreateContainerError", "a\x1b[31mb\x07\u202ec"), reason: ReasonStart, container: "server", grace: g.Heal,
			want: "Pod p: container server cannot be started\n  ab\\u0007\\u202ec",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := test.pod
			if state == "" {
				state = `"phase":"Running"`
			}
			text := fmt.Sprintf(`{"metadata":{"name":"p","uid":"u"},"spec":{"nodeName":"node-1","restartPolicy":"Always","initContainers":[%s],"containers":[%s]},
				"status":{%s,"initContainerStatuses":[%s],"containerStatuses":[%s]}}`, test.init, app, state, test.inis, test.app)
			n, err := decode.JSON([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			x := examination{pod: readPod(n), notices: test.notices, grace: g, patient: func() bool { return test.patient }}
			f := x.examine()
			if f == nil {
				t.Fatal("nothing found")
			}
			grace := f.grace
			if f.heals {
				grace = -1
			}
			if f.reason != test.reason || f.container != test.container || grace != test.grace {
				t.Errorf("got %s of %q after %s, want %s of %q after %s", f.reason, f.container, grace, test.reason, test.container, test.grace)
			}
			got := strings.Join(f.text(), "\n")
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if strings.Contains(got, "s3cret") {
				t.Error("a value of the environment is told")
			}
		})
	}
}

func TestJudge(t *testing.T) {
	const seen = `"metadata":{"name":"x","generation":2},"status":{"observedGeneration":2`
	for _, test := range []struct {
		name, object string
		want         condition
		text         string
	}{
		{"scaled to 0", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":0,"progressDeadlineSeconds":600},` + seen + `,"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}`, healthy, "scaled to 0"},
		{"paused", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2,"paused":true},` + seen + `,"replicas":1}}`, healthy, "paused: it is not rolled out"},
		{"not seen", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2},"metadata":{"generation":3},"status":{"observedGeneration":2}}`, pending, "its controller has not seen it yet"},
		{"no status yet", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2},"metadata":{"generation":1},"status":{}}`, pending, "0 of 2 Pods ready"},
		{"deadline", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":2,"progressDeadlineSeconds":30},` + seen + `,"replicas":2,"updatedReplicas":1,"readyReplicas":1,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}`, failed, "no progress within 30 s (progressDeadlineSeconds): 0 of 2 Pods ready, 1 starting"},
		{"rolling", `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":6},` + seen + `,"replicas":7,"updatedReplicas":4,"readyReplicas":5}}`, pending, "2 of 6 Pods ready, 2 starting"},
		{"partition", `{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}},` + seen + `,"replicas":3,"readyReplicas":3,"updatedReplicas":1,"currentRevision":"a","updateRevision":"b"}}`, healthy, "3 of 3 Pods ready, 1 of the new version (partition 2)"},
		{"OnDelete", `{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"replicas":3,"updateStrategy":{"type":"OnDelete"}},` + seen + `,"replicas":3,"readyReplicas":3,"currentRevision":"a","updateRevision":"b"}}`, healthy, "its Pods are renewed when they are deleted (OnDelete)"},
		{"revisions differ", `{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"replicas":1,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}}},` + seen + `,"replicas":1,"readyReplicas":1,"updatedReplicas":0,"currentRevision":"a","updateRevision":"b"}}`, pending, "0 of 1 Pod ready"},
		{"daemons OnDelete", `{"apiVersion":"apps/v1","kind":"DaemonSet","spec":{"updateStrategy":{"type":"OnDelete"}},` + seen + `,"desiredNumberScheduled":2,"currentNumberScheduled":2,"numberReady":2,"updatedNumberScheduled":0}}`, healthy, "its Pods are renewed when they are deleted (OnDelete)"},
		{"no node", `{"apiVersion":"apps/v1","kind":"DaemonSet","spec":{},` + seen + `,"desiredNumberScheduled":0,"currentNumberScheduled":0}}`, healthy, "no node wants it"},
		{"Job runs", `{"apiVersion":"batch/v1","kind":"Job","spec":{"completions":3,"parallelism":2},"status":{"startTime":"2026-10-01T10:00:00Z","active":2,"succeeded":1,"failed":1}}`, pending, "2 active, 1 of 3 completed, 1 failed"},
		{"Job is done", `{"apiVersion":"batch/v1","kind":"Job","spec":{},"status":{"conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]}}`, healthy, "completed"},
		{"Job fails", `{"apiVersion":"batch/v1","kind":"Job","spec":{},"status":{"active":1,"conditions":[{"type":"FailureTarget","status":"True","reason":"DeadlineExceeded","message":"Job was active longer than specified deadline"}]}}`, failed, "DeadlineExceeded: Job was active longer than specified deadline"},
		{"Job is suspended", `{"apiVersion":"batch/v1","kind":"Job","spec":{"suspend":true},"status":{}}`, healthy, "suspended: it does not run"},
		{"Pod failed", `{"apiVersion":"v1","kind":"Pod","spec":{},"status":{"phase":"Failed","reason":"Evicted"}}`, failed, "failed: Evicted"},
		{"load balancer", `{"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{}}}`, pending, "its load balancer has no address yet"},
		{"load balancer ready", `{"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}}`, healthy, ""},
		{"claim lost", `{"apiVersion":"v1","kind":"PersistentVolumeClaim","spec":{"volumeName":"pv-1"},"status":{"phase":"Lost"}}`, failed, "its volume pv-1 is gone"},
		{"leaving", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"deletionTimestamp":"2026-10-01T10:00:00Z","finalizers":["a/b"]}}`, failed, "it is being deleted, and waits for a/b"},
		{"namespace", `{"apiVersion":"v1","kind":"Namespace","status":{"phase":"Terminating"}}`, failed, "it is being deleted"},
		{"budget", `{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"generation":2},"status":{"observedGeneration":1}}`, healthy, ""},
		{"autoscaler", `{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","status":{"conditions":[{"type":"ScalingActive","status":"False"}]}}`, healthy, ""},
		{"ingress", `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","status":{}}`, healthy, ""},
		{"custom, older", `{"apiVersion":"example.com/v1","kind":"T","metadata":{"generation":2},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":1}]}}`, pending, "its controller has not seen it yet"},
		{"custom, stalled", `{"apiVersion":"example.com/v1","kind":"T","status":{"conditions":[{"type":"Stalled","status":"True","reason":"Broken","message":"for good"}]}}`, failed, "Broken: for good"},
		{"custom, odd status", `{"apiVersion":"example.com/v1","kind":"T","status":{"conditions":"none"}}`, healthy, ""},
		{"API service", `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints","message":"no endpoints"}]}}`, pending, "not available: MissingEndpoints: no endpoints"},
		{"definition", `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","status":{"conditions":[{"type":"NamesAccepted","status":"False","reason":"KindConflict","message":"taken"}]}}`, failed, "KindConflict: taken"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := decode.JSON([]byte(test.object))
			if err != nil {
				t.Fatal(err)
			}
			h := judge(n)
			if h.state != test.want || h.text != test.text {
				t.Errorf("got %d %q, want %d %q", h.state, h.text, test.want, test.text)
			}
		})
	}
}

func TestSelections(t *testing.T) {
	of := func(labels ...string) *workload {
		k := &workload{selector: map[string]string{}}
		for _, l := range labels {
			key, v, _ := strings.Cut(l, "=")
			k.selector[key] = v
		}
		return k
	}
	for _, test := range []struct {
		works []*workload
		want  []string
	}{
		{[]*workload{of("app=a", "tier=web"), of("app=b", "tier=web")}, []string{"app in (a,b)"}},
		{[]*workload{of("app=a"), of("app=b"), of("job=u")}, []string{"app in (a,b)", "job=u"}},
		{[]*workload{of("a=1"), of("b=1"), of("c=1"), of("d=1")}, []string{""}},
		{[]*workload{of("app=a"), of()}, []string{""}},
	} {
		if got := selections(test.works); !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	var many []*workload
	for i := range 2*mostValues + 1 {
		many = append(many, of(fmt.Sprintf("app=a%03d", i)))
	}
	if got := selections(many); len(got) != 3 || got[2] != "app=a120" {
		t.Errorf("got %q", got)
	}
	for i := range 2 * mostValues {
		many = append(many, of(fmt.Sprintf("app=b%03d", i)))
	}
	if got := selections(many); !slices.Equal(got, []string{""}) {
		t.Errorf("got %q, want everything", got)
	}
}
