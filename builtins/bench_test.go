package builtins

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
)

// BenchmarkDeployment compares the short form with constructors that set the same fields.
func BenchmarkDeployment(b *testing.B) {
	for _, c := range []struct{ name, src string }{
		{"short", `
def make(name):
    return deployment(
        name,
        namespace = "shop",
        labels = {"team": "checkout"},
        replicas = 2,
        image = "registry.example.com/api:v1",
        image_pull_policy = "IfNotPresent",
        ports = {"http": 8080, "grpc": 9000},
        env = {"LOG_LEVEL": "info", "PORT": 8080, "PASSWORD": secret_key("db", "password")},
        resources = resources(cpu = "100m", memory = "128Mi", memory_limit = "256Mi"),
        readiness = http_get("/ready", port = "http", period_seconds = 5),
        volumes = {"/etc/app": config_volume("app")},
        service_account_name = "api",
    )
`},
		{"constructors", `
core = k8s.core.v1
def make(name):
    return k8s.apps.v1.Deployment(
        metadata = k8s.meta.v1.ObjectMeta(name = name, namespace = "shop", labels = {"app.kubernetes.io/name": name, "team": "checkout"}),
        spec = k8s.apps.v1.DeploymentSpec(
            replicas = 2,
            selector = k8s.meta.v1.LabelSelector(matchLabels = {"app.kubernetes.io/name": name}),
            template = core.PodTemplateSpec(
                metadata = k8s.meta.v1.ObjectMeta(labels = {"app.kubernetes.io/name": name, "team": "checkout"}),
                spec = core.PodSpec(
                    serviceAccountName = "api",
                    containers = [core.Container(
                        name = name,
                        image = "registry.example.com/api:v1",
                        imagePullPolicy = "IfNotPresent",
                        ports = [core.ContainerPort(name = "http", containerPort = 8080), core.ContainerPort(name = "grpc", containerPort = 9000)],
                        env = [
                            core.EnvVar(name = "LOG_LEVEL", value = "info"),
                            core.EnvVar(name = "PORT", value = str(8080)),
                            core.EnvVar(name = "PASSWORD", valueFrom = core.EnvVarSource(secretKeyRef = core.SecretKeySelector(name = "db", key = "password"))),
                        ],
                        resources = core.ResourceRequirements(requests = {"cpu": "100m", "memory": "128Mi"}, limits = {"memory": "256Mi"}),
                        readinessProbe = core.Probe(httpGet = core.HTTPGetAction(path = "/ready", port = "http"), periodSeconds = 5),
                        volumeMounts = [core.VolumeMount(name = "config-app", mountPath = "/etc/app")],
                    )],
                    volumes = [core.Volume(name = "config-app", configMap = core.ConfigMapVolumeSource(name = "app"))],
                ),
            ),
        ),
    )
`},
	} {
		b.Run(c.name, func(b *testing.B) {
			_, g := evaluate(b, c.src)
			thread := &starlark.Thread{}
			typed.NewRun(thread)
			args := starlark.Tuple{starlark.String("api")}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := starlark.Call(thread, g["make"], args, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSidecar is a deployment with a sidecar and its configuration, as far as main goes: linking has its own.
func BenchmarkSidecar(b *testing.B) {
	_, g := evaluate(b, `
def make(name):
    app = deployment(name, image = "registry.example.com/api:v1", ports = {"grpc": 8080}, env = {"AUTH_ADDR": "auth:9000"})
    envoy.configure_sidecar(app, env = {"AUTH_ADDR": "{auth}"})
    return [app, envoy.config_map(name, envoy.upstream("auth", port = 9000))]
`)
	thread := &starlark.Thread{}
	typed.NewRun(thread)
	args := starlark.Tuple{starlark.String("api")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := starlark.Call(thread, g["make"], args, nil); err != nil {
			b.Fatal(err)
		}
	}
}
