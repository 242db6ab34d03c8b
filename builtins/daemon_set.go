package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var daemonSetForm = sync.OnceValue(func() *workloadForm { return newWorkloadForm("daemon_set", "apps.v1.DaemonSet") })

// daemon_set(name, *, namespace = None, labels = {}, annotations = {}, pod_annotations = {}, selector = None, image,
// container_name = name, command = None, args = None, env = {}, env_from = None, ports = {}, resources = None,
// readiness = None, liveness = None, startup = None, volumes = {}, containers = [], init_containers = None, ...) -> DaemonSet
//
// A DaemonSet: one Pod on every node, or on those that node_selector and tolerations allow. It takes what deployment
// takes, but for replicas, strategy and what else only a Deployment has; instead it has update_strategy. Every field of
// Container, PodSpec and DaemonSetSpec is a keyword.
//
// Args:
//
//	name: of the DaemonSet and its container; also the label app.kubernetes.io/name on the DaemonSet, its selector
//	  and its Pods.
//	update_strategy: as in the API, such as {"type": "OnDelete"}; Kubernetes takes a rolling update.
//	namespace, labels, annotations, pod_annotations, selector, image, container_name, command, args, env, env_from, ports,
//	resources, readiness, liveness, startup, volumes, containers, init_containers, service_account_name, service_account: as deployment's.
func daemonSet(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return daemonSetForm().plain(thread, args, kwargs)
}
