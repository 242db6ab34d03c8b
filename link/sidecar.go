package link

import (
	"cmp"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	"github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/internal/pattern"
	"github.com/starctl/starctl/kube/schema"
)

// Images of Envoy. The distroless one has no shell and no sleep.
const (
	image          = "docker.io/envoyproxy/envoy:distroless-v" + envoy.EnvoyVersion
	imageWithSleep = "docker.io/envoyproxy/envoy:v" + envoy.EnvoyVersion
)

func distroless(image string) bool { return strings.Contains(image, "distroless") }

// releases finds the release in an image's tag: v1.40.0, distroless-v1.40.0, contrib-v1.40-latest.
var releases = pattern.Lazy(`:(?:[a-z-]+-)?v(1\.\d+)`)

// imageVersion is the release of Envoy in an image, "" if its name does not say.
func imageVersion(image string) string {
	m := releases().FindStringSubmatch(image)
	if m == nil {
		return ""
	}
	return m[1]
}

func minor(version string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(version, "1."))
	return n
}

// types are those that a Pod gets values of.
type types struct{ container, envVar, volume, configMapSource, hostAlias *schema.Object }

// parts are what many sidecars have in common.
type parts struct {
	types
	containers map[kindOfContainer]*typed.Record
}

// kindOfContainer is all that the common parts of a container depend on.
type kindOfContainer struct {
	native  bool
	ready   int
	user    int
	sleep   int // before it ends; container mode alone
	hook    bool
	tracing bool
}

func (l *linker) types() *types {
	if l.parts.container == nil {
		l.parts.types = types{
			container:       typed.Lookup("core.v1.Container"),
			envVar:          typed.Lookup("core.v1.EnvVar"),
			volume:          typed.Lookup("core.v1.Volume"),
			configMapSource: typed.Lookup("core.v1.ConfigMapVolumeSource"),
			hostAlias:       typed.Lookup("core.v1.HostAlias"),
		}
		l.parts.containers = map[kindOfContainer]*typed.Record{}
	}
	return &l.parts.types
}

// container is the sidecar.
func (p *pod) container() *typed.Record {
	s := p.sidecar
	c := p.run.Own(p.common())
	c.MadeAt(s.Mark)
	put(c, "image", starlark.String(cmp.Or(s.Image, p.image())))
	put(c, "args", p.args())
	if s.ImagePullPolicy != "" {
		put(c, "imagePullPolicy", starlark.String(s.ImagePullPolicy))
	}
	if s.Resources != nil {
		put(c, "resources", s.Resources)
	}
	if s.Container != nil {
		typed.Merge(c, s.Container)
	}
	return c
}

func (p *pod) image() string {
	if !p.native() && p.version < sleepHook {
		return imageWithSleep
	}
	return image
}

// args say who the sidecar is. A bootstrap cannot read the environment, so it is the arguments that name the Pod; the kubelet
// expands $(POD_NAME).
func (p *pod) args() starlark.Tuple {
	app := p.object.Name
	if p.config.made() {
		app = p.config.envoy.App
	}
	return starlark.Tuple{
		starlark.String("--config-path"), starlark.String(mountPath + "/" + configKey),
		starlark.String("--service-cluster"), starlark.String(app),
		starlark.String("--service-node"), starlark.String("$(POD_NAME)"),
		// Unset, it is the number of the node's cores, whatever the container's share (kumahq/kuma#18696).
		starlark.String("--concurrency"), starlark.String(strconv.Itoa(cmp.Or(p.sidecar.Concurrency, 2))),
		starlark.String("--disable-hot-restart"),
		starlark.String("--log-level"), starlark.String(cmp.Or(p.sidecar.LogLevel, "warning")),
	}
}

// common is what the sidecar has in common with others of its kind.
func (p *pod) common() *typed.Record {
	k := kindOfContainer{
		native: p.native(), ready: p.readyPort(), user: cmp.Or(p.sidecar.RunAsUser, 65532), hook: p.version >= sleepHook,
		tracing: p.config.made() && p.config.envoy.Tracing != nil,
	}
	if !k.native {
		k.sleep = p.sleep()
	}
	p.types()
	c := p.parts.containers[k]
	if c == nil {
		c = k.container(p.shared, p.parts.container)
		p.parts.containers[k] = c
	}
	return c
}

// sleep is how long the sidecar of container mode serves on while the application ends: half of the time there is, or what
// the application's own preStop takes and a little more.
func (p *pod) sleep() int {
	spec := p.view()
	grace, longest := graceOf(spec), 0
	for _, c := range spec.Get("containers").Items() {
		longest = max(longest, sleepOf(c))
	}
	return max(1, min(max(grace/2, longest+2), grace-1))
}

// container makes the container. Its numbers: the kubelet asks /ready every second for 2 minutes before it starts what comes
// after (a silent DNS takes 6 s), and every 5 s from then on; 15 MiB are used with one upstream, 82 with 300.
func (k kindOfContainer) container(run *typed.Run, t *schema.Object) *typed.Record {
	c := run.New(t)
	set := func(field string, v any) { put(c, field, value(v)) }
	ready := obj{{"path", "/ready"}, {"port", k.ready}}
	set("name", containerName)
	set("ports", []any{obj{{"name", readyPortName}, {"containerPort", k.ready}}})
	set("env", k.env())
	set("resources", obj{
		{"requests", obj{{"cpu", "100m"}, {"memory", "64Mi"}}},
		{"limits", obj{{"memory", "256Mi"}}}, // of cpu none: throttling would slow down every call
	})
	set("volumeMounts", []any{obj{{"name", volumeName}, {"mountPath", mountPath}, {"readOnly", true}}})
	set("startupProbe", obj{{"httpGet", ready}, {"periodSeconds", 1}, {"failureThreshold", 120}})
	set("readinessProbe", obj{{"httpGet", ready}, {"periodSeconds", 5}, {"failureThreshold", 3}})
	set("securityContext", obj{
		{"allowPrivilegeEscalation", false},
		{"capabilities", obj{{"drop", []any{"ALL"}}}},
		{"readOnlyRootFilesystem", true},
		{"runAsNonRoot", true},
		{"runAsUser", k.user},
		{"seccompProfile", obj{{"type", "RuntimeDefault"}}},
	})
	switch {
	case k.native:
		// No preStop: it would run when the Pod begins to end, and cut the application's own last calls (istio/istio#51855).
		set("restartPolicy", "Always")
	case k.hook:
		set("lifecycle", obj{{"preStop", obj{{"sleep", obj{{"seconds", k.sleep}}}}}})
	default:
		set("lifecycle", obj{{"preStop", obj{{"exec", obj{{"command", []any{"sleep", strconv.Itoa(k.sleep)}}}}}}})
	}
	return c
}

func (k kindOfContainer) env() []any {
	field := func(name, path string) any {
		return obj{{"name", name}, {"valueFrom", obj{{"fieldRef", obj{{"fieldPath", path}}}}}}
	}
	env := []any{
		field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace"), field("NODE_NAME", "spec.nodeName"),
	}
	if k.tracing {
		// Envoy's tracer warns without it.
		attributes := "k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME)"
		env = append(env, obj{{"name", "OTEL_RESOURCE_ATTRIBUTES"}, {"value", attributes}})
	}
	return env
}

// obj is a mapping in a literal.
type obj []struct {
	key   string
	value any
}

// value turns a literal into a Starlark value.
func value(v any) starlark.Value {
	switch v := v.(type) {
	case string:
		return starlark.String(v)
	case int:
		return starlark.MakeInt(v)
	case bool:
		return starlark.Bool(v)
	case []any:
		list := make(starlark.Tuple, len(v))
		for i, x := range v {
			list[i] = value(x)
		}
		return list
	case obj:
		d := starlark.NewDict(len(v))
		for _, e := range v {
			_ = d.SetKey(starlark.String(e.key), value(e.value)) // a string is hashable
		}
		return d
	}
	panic("not a literal")
}
