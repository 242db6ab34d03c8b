package check

import (
	"strings"

	"github.com/starctl/starctl/kube"
)

// containers: what the API server wants of the containers of a Pod as such.
func containers(r *run, p *pod) {
	if p.spec.Exists() && p.spec.Get("containers").Len() == 0 {
		r.report(p.object, p.inSpec(kube.Field("containers")), "a Pod needs at least one container")
	}
	for i := range p.containers {
		c := &p.containers[i]
		if c.name == "" {
			r.report(p.object, p.in(c, kube.Field("name")), "a container needs a name")
			continue
		}
		if want := label.want(c.name, r.minor); want != "" {
			r.report(p.object, p.in(c, kube.Field("name")), "got %q, want %s", c.name, want).near(c.name, label, r.minor)
		}
		for j := range p.containers[:i] {
			if d := &p.containers[j]; d.name == c.name && d.list != c.list {
				r.report(p.object, p.in(c), "%s and %s both have a container %q", d.list, c.list, c.name).
					see(p.object, p.in(d), "the other one")
			}
		}
	}
}

// passingContainer: what runs to its end before the Pod starts is neither probed nor stopped.
func passingContainer(r *run, p *pod, c *container) {
	if !c.passing() {
		return
	}
	for _, f := range [...]struct {
		name string
		n    kube.Node
	}{{"livenessProbe", c.liveness}, {"readinessProbe", c.readiness}, {"startupProbe", c.startup}, {"lifecycle", c.lifecycle}} {
		if f.n.Exists() {
			r.report(p.object, p.in(c, kube.Field(f.name)), "an init container may have a %s only with restartPolicy Always, as a sidecar", f.name)
		}
	}
}

func restartPolicy(r *run, p *pod) {
	path := func() kube.Path { return p.inSpec(kube.Field("restartPolicy")) }
	got := p.restart.Str()
	switch p.kind.id {
	case deployment, replicaSet, statefulSet, daemonSet, replicationController:
		if got != "" && got != "Always" {
			r.report(p.object, path(), "got %q, want \"Always\": a %s keeps its Pods running", got, p.ID.Kind)
		}
	case job, cronJob:
		if p.spec.Exists() && got != "OnFailure" && got != "Never" {
			r.report(p.object, path(), "got %q, want \"OnFailure\" or \"Never\": the Pods of a %s come to an end", orDefault(got, "Always"), p.ID.Kind)
		}
	}
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func unusedVolume(r *run, p *pod) {
	for i := range p.volumes {
		if v := &p.volumes[i]; !v.used && !v.claim && v.name != "" {
			r.report(p.object, p.inVolume(v), "no container mounts the volume %q", v.name)
		}
	}
}

// volumeSource: each volume has a good name and one source.
func volumeSource(r *run, p *pod) {
	for i := range p.volumes {
		v := &p.volumes[i]
		switch want := label.want(v.name, r.minor); {
		case v.name == "":
			r.report(p.object, p.inVolume(v, kube.Field("name")), "a volume needs a name")
		case want != "":
			r.report(p.object, p.inVolume(v, kube.Field("name")), "got %q, want %s", v.name, want).near(v.name, label, r.minor)
		}
		if v.sources == 0 {
			r.report(p.object, p.inVolume(v), "the volume does not say what it holds, and so is an emptyDir").warn().
				help("want one of configMap, secret, emptyDir, persistentVolumeClaim and the like")
		} else if v.sources > 1 {
			r.report(p.object, p.inVolume(v), "the volume says %d times what it holds, want once", v.sources)
		}
		if m := v.source.Get("medium").Str(); v.kind == "emptyDir" && m != "" && m != "Memory" && !strings.HasPrefix(m, "HugePages") {
			r.report(p.object, p.inVolume(v, kube.Field("emptyDir"), kube.Field("medium")), "got %q, want \"Memory\" or none: the Pod does not start", m).
				Suggest = nearest(m, []string{"Memory", "HugePages"})
		}
	}
}

func volumeMount(r *run, p *pod, c *container) {
	if p.strayMount {
		r.strayMounts(p, c)
	}
	for i := range c.mounts {
		m := &c.mounts[i]
		if m.path == "" {
			r.report(p.object, p.inMount(c, m, kube.Field(pathField(m))), "a mount needs a path")
		}
	}
}

func pathField(m *mount) string {
	if m.list == "volumeDevices" {
		return "devicePath"
	}
	return "mountPath"
}

// strayMounts reports the mounts of a container that name no volume of its Pod.
func (r *run) strayMounts(p *pod, c *container) {
	var names []string
	for i := range p.volumes {
		names = append(names, p.volumes[i].name)
	}
	for i := range c.mounts {
		m := &c.mounts[i]
		if !p.use(m.name) {
			f := r.report(p.object, p.inMount(c, m, kube.Field("name")), "the Pod has no volume %q", m.name)
			f.Suggest = nearest(m.name, names)
		}
	}
}
