package builtins

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/kube"
)

var statefulSetForm = sync.OnceValue(func() *workloadForm { return newWorkloadForm("stateful_set", "apps.v1.StatefulSet") })

// stateful_set(name, *, service = None, namespace = None, labels = {}, annotations = {}, pod_annotations = {},
// selector = None, replicas = None, image, container_name = name, command = None, args = None, env = {}, env_from = None,
// ports = {}, resources = None, readiness = None, liveness = None, startup = None, volumes = {}, containers = [],
// init_containers = None, ...) -> StatefulSet
//
// A StatefulSet: Pods with names that stay (db-0, db-1, ...), each with volumes of its own:
//
//	db = stateful_set("db", service = "db", image = "postgres:17", volumes = {"/data": claim_template("10Gi")})
//
// It takes what deployment takes. Every field of Container, PodSpec and StatefulSetSpec is a keyword:
// pod_management_policy, update_strategy, persistent_volume_claim_retention_policy, ordinals and so on.
//
// Args:
//
//	name: of the StatefulSet and its container; also the label app.kubernetes.io/name on the StatefulSet, its selector
//	  and its Pods.
//	service: the headless Service that gives the Pods their DNS names, or its name; service_name is the same.
//	volumes: as deployment's, and claim_template(...): a PersistentVolumeClaim for each Pod.
//	volume_claim_templates: a list of PersistentVolumeClaims as in the API, besides those of volumes.
//	namespace, labels, annotations, pod_annotations, selector, replicas, image, container_name, command, args, env,
//	env_from, ports, resources, readiness, liveness, startup, containers, init_containers, service_account_name, service_account: as
//	deployment's.
func statefulSet(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := statefulSetForm().makeWorkload(thread, args, kwargs)
	if w.arg("service") != nil {
		w.serviceName()
	}
	return w.records[theObject], nil
}

func (w *workload) serviceName() {
	if w.record(theSpec).Get("serviceName") != nil {
		w.mistake(theSpec, kube.Fields("serviceName"), fmt.Errorf("service and service_name are the same: give one"), "service")
		return
	}
	w.setName(theSpec, "serviceName", "service", "Service")
}
