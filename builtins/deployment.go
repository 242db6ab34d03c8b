package builtins

import (
	"sync"

	"go.starlark.net/starlark"
)

var deploymentForm = sync.OnceValue(func() *workloadForm { return newWorkloadForm("deployment", "apps.v1.Deployment") })

// deployment(name, *, namespace = None, labels = {}, annotations = {}, pod_annotations = {}, selector = None,
// replicas = None, image, container_name = name, command = None, args = None, env = {}, env_from = None, ports = {},
// resources = None, readiness = None, liveness = None, startup = None, volumes = {}, containers = [],
// init_containers = None, ...) -> Deployment
//
// A Deployment with one container, which is called as the workload:
//
//	app = deployment("api", image = "registry.example.com/api:v1", ports = {"http": 8080}, env = {"LOG_LEVEL": "info"})
//
// Every field of Container, PodSpec and DeploymentSpec is a keyword, in snake_case and with the API's meaning:
// image_pull_policy, working_dir, security_context, lifecycle, tolerations, host_network, node_selector, affinity,
// termination_grace_period_seconds, strategy, min_ready_seconds, paused and so on; `starctl doc k8s.core.v1.PodSpec` explains
// them. What both the Pod and the container have is the container's; the Pod's begins with pod_ (pod_security_context,
// pod_resources). Only restart_policy is the Pod's, the container's is container_restart_policy. Everything can be set on the
// returned object as well: app.spec.template.spec.containers[0] is the container.
//
// Args:
//
//	name: of the Deployment and its container; also the label app.kubernetes.io/name on the Deployment, its selector
//	  and its Pods.
//	namespace: a name or Namespace object; by default that of the target.
//	labels: of the Deployment and of its Pods. A value for app.kubernetes.io/name is the selector's as well.
//	annotations: of the Deployment alone.
//	pod_annotations: of the Pods alone.
//	selector: labels that select the Pods and that they get, instead of app.kubernetes.io/name.
//	replicas: how many Pods; left out unless given, so that an autoscaler is not overruled. Kubernetes then takes 1.
//	image: of the container.
//	container_name: the container's name.
//	command, args: lists of strings that replace the image's entrypoint and its arguments.
//	env: a dict from a variable's name to a string, a number (written as str writes it), secret_key(...),
//	  config_key(...), field(...), resource_field(...), or None to leave it out. No bools: write "true".
//	env_from: a list as in the API, such as [{"configMapRef": {"name": "defaults"}}].
//	ports: a dict from a port's name to its number, or to port(53, protocol = "UDP").
//	resources: resources(cpu = "100m", memory = "128Mi"), or a dict as in the API.
//	readiness, liveness, startup: http_get("/ready", port = "http"), grpc("grpc"), tcp("redis"), exec([...]), or a Probe as
//	  in the API. A port that is named must be one of ports.
//	volumes: a dict from the path to mount it at to config_volume(...), secret_volume(...), empty_dir(...), claim(...),
//	  host_path(...), or a Volume as in the API.
//	containers: further containers as in the API, behind the application's.
//	init_containers: containers as in the API that run first, or beside it with restartPolicy = "Always".
//	service_account_name: a name or ServiceAccount object; service_account is the same.
func deployment(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return deploymentForm().plain(thread, args, kwargs)
}
