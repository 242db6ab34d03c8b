// Package builtins is what a deploy file can call without loading anything: one builtin a file, each under the name that
// its Starlark users type, with the signature, the defaults and every argument in its comment; `starctl doc NAME` prints
// that comment.
//
// This file holds the one table of names. The short forms of Kubernetes objects (deployment.go, service.go, ...) return the
// same typed objects as k8s.apps.v1.Deployment(...) does; what they share is in object.go (names and labels), workload.go
// (the Pod template) and keyword.go (reading keyword arguments). Values and their checks are package typed's.
package builtins

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/envoy"
)

// Builtin is a predeclared name.
type Builtin struct {
	Name  string
	Value starlark.Value
}

// Table lists every predeclared name, in the order in which the reference shows them.
func Table() []Builtin {
	return []Builtin{
		// Kubernetes, by the API's own names.
		{"k8s", kubernetes()},
		function("crds", crds),
		function("copy", copyValue),

		// Workloads.
		function("deployment", deployment),
		function("stateful_set", statefulSet),
		function("daemon_set", daemonSet),
		function("job", job),
		function("cron_job", cronJob),

		// Other objects.
		function("service", service),
		function("config_map", configMap),
		function("secret", secret),
		function("service_account", serviceAccount),
		function("ingress", ingress),
		function("horizontal_pod_autoscaler", horizontalPodAutoscaler),
		function("pod_disruption_budget", podDisruptionBudget),
		function("network_policy", networkPolicy),
		function("namespace", namespace),
		function("role", role),
		function("role_binding", roleBinding),
		function("cluster_role", clusterRole),
		function("cluster_role_binding", clusterRoleBinding),
		function("persistent_volume_claim", persistentVolumeClaim),

		// Parts of objects.
		function("secret_key", secretKey),
		function("config_key", configKey),
		function("field", field),
		function("resource_field", resourceField),
		function("resources", resourceRequirements),
		function("port", port),
		function("http_get", httpGet),
		function("grpc", grpc),
		function("tcp", tcp),
		function("exec", execProbe),
		function("config_volume", configVolume),
		function("secret_volume", secretVolume),
		function("empty_dir", emptyDir),
		function("claim", claim),
		function("claim_template", claimTemplate),
		function("host_path", hostPath),
		function("rule", rule),
		function("subject", subject),

		// The sidecar.
		{"envoy", envoy.Module()},

		// What later stages are told.
		function("warn", warn),
		{"apply", applyModule()},
		{"vet", vetModule()},

		// Text, numbers and files.
		{"json", jsonModule()},
		{"yaml", yamlModule()},
		{"base64", base64Module()},
		{"hash", hashModule()},
		{"re", reModule()},
		{"math", mathModule()},
		function("struct", structOf),
		function("fail", fail),
		function("print", printLine),
		function("package", packageOf),
		function("read_file", readFile),
		function("glob", glob),
		function("type", typeOf),
	}
}

// Predeclared returns the Table as the environment of a file. Its values are frozen: threads share them.
func Predeclared() starlark.StringDict {
	table := Table()
	env := make(starlark.StringDict, len(table))
	for _, b := range table {
		env[b.Name] = b.Value
	}
	env.Freeze()
	return env
}

// Names lists the predeclared names in the Table's order.
func Names() []string {
	table := Table()
	names := make([]string, len(table))
	for i, b := range table {
		names[i] = b.Name
	}
	return names
}

// function is a row of the Table for a builtin function.
func function(name string, fn func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)) Builtin {
	return Builtin{Name: name, Value: starlark.NewBuiltin(name, fn)}
}
