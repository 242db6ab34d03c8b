package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var cronJobForm = sync.OnceValue(func() *workloadForm { return newWorkloadForm("cron_job", "batch.v1.CronJob") })

// cron_job(name, *, schedule, time_zone = None, concurrency_policy = None, suspend = None, namespace = None, labels = {},
// annotations = {}, pod_annotations = {}, image, restart_policy = "Never", backoff_limit = None,
// active_deadline_seconds = None, ttl_seconds_after_finished = None, container_name = name, command = None, args = None,
// env = {}, env_from = None, ports = {}, resources = None, volumes = {}, containers = [], init_containers = None, ...) -> CronJob
//
// A CronJob: it makes a Job whenever the schedule says so:
//
//	cron_job("report", schedule = "0 6 * * *", time_zone = "Europe/Berlin", image = "registry.example.com/report:v1")
//
// It takes what job takes. Every field of Container, PodSpec, JobSpec and CronJobSpec is a keyword; what a CronJob and its
// Jobs both have is the CronJob's, and the Job's begins with job_ (job_suspend).
//
// Args:
//
//	name: of the CronJob and its container; also the label app.kubernetes.io/name on the CronJob and its Pods.
//	schedule: minute, hour, day of the month, month and day of the week, or "@hourly" and its like
//	  (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax).
//	time_zone: of the schedule, a name such as "Europe/Berlin"; Kubernetes takes that of its controller.
//	concurrency_policy: "Allow", "Forbid" or "Replace" a Job that still runs; Kubernetes takes "Allow".
//	suspend: whether to make no more Jobs.
//	restart_policy, backoff_limit, active_deadline_seconds, ttl_seconds_after_finished, selector: as job's.
//	namespace, labels, annotations, pod_annotations, image, container_name, command, args, env, env_from, ports, resources,
//	readiness, liveness, startup, volumes, containers, init_containers, service_account_name, service_account: as deployment's.
func cronJob(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := cronJobForm().makeWorkload(thread, args, kwargs)
	w.restartNever()
	if spec := w.record(theSpec); spec.Get("schedule") == nil && !spec.Poisoned() && w.lacks("schedule") {
		w.mistake(theSpec, kube.Fields("schedule"), fmt.Errorf(`a CronJob needs a schedule, such as schedule = "0 6 * * *"`))
	}
	return w.records[theObject], nil
}
