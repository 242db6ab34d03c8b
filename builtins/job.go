package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var jobForm = sync.OnceValue(func() *workloadForm { return newWorkloadForm("job", "batch.v1.Job") })

// job(name, *, namespace = None, labels = {}, annotations = {}, pod_annotations = {}, image, restart_policy = "Never",
// backoff_limit = None, active_deadline_seconds = None, ttl_seconds_after_finished = None, container_name = name,
// command = None, args = None, env = {}, env_from = None, ports = {}, resources = None, volumes = {}, containers = [],
// init_containers = None, ...) -> Job
//
// A Job: Pods that run until they have succeeded. It takes what deployment takes, but for replicas and strategy. Every field
// of Container, PodSpec and JobSpec is a keyword: parallelism, completions, completion_mode, pod_failure_policy, suspend and
// so on.
//
// Args:
//
//	name: of the Job and its container; also the label app.kubernetes.io/name on the Job and its Pods.
//	restart_policy: "Never" makes a new Pod for each try, so that the failed ones and their logs stay; "OnFailure" restarts
//	  the container.
//	backoff_limit: how often to try again; Kubernetes takes 6.
//	active_deadline_seconds: seconds after which the Job has failed. The Pod's own field is pod_active_deadline_seconds.
//	ttl_seconds_after_finished: seconds after which the finished Job is deleted; by default never.
//	selector: only with manual_selector = True; by default the Job's controller makes one.
//	namespace, labels, annotations, pod_annotations, image, container_name, command, args, env, env_from, ports, resources,
//	readiness, liveness, startup, volumes, containers, init_containers, service_account_name, service_account: as deployment's.
func job(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := jobForm().makeWorkload(thread, args, kwargs)
	w.restartNever()
	return w.records[theObject], nil
}
