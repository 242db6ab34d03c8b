package link_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/starctl/starctl/internal/envoybin"
	"github.com/starctl/starctl/kube"
)

// The real Envoy takes what every case's sidecar is started with: its arguments, and the files of its ConfigMap.
func TestRealEnvoy(t *testing.T) {
	bin := envoybin.Path(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if fileOf(a, "want.yaml") == "" {
			continue
		}
		fsys := fstest.MapFS{}
		for _, f := range a.Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		set, list, _ := render(t, fsys, "shop")
		if set == nil {
			t.Fatal(list)
		}
		for _, o := range set.Objects {
			if c, config := sidecarOf(set.Objects, o); config != nil {
				runs++
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+o.Name, func(t *testing.T) {
					validate(t, bin, c, config)
				})
			}
		}
	}
	if runs < 15 {
		t.Errorf("only %d sidecars were tried", runs)
	}
}

// sidecarOf returns a workload's sidecar and its configuration.
func sidecarOf(objects []*kube.Object, o *kube.Object) (container kube.Node, config *kube.Object) {
	spec := o.Get("spec", "template", "spec")
	switch o.ID.Kind {
	case "CronJob":
		spec = o.Get("spec", "jobTemplate", "spec", "template", "spec")
	case "Pod":
		spec = o.Get("spec")
	}
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range spec.Get(list).Items() {
			if c.Get("name").Str() == "envoy" {
				container = c
			}
		}
	}
	for _, v := range spec.Get("volumes").Items() {
		for _, cm := range objects {
			if container.Exists() && cm.ID.Kind == "ConfigMap" && cm.Name == v.Get("configMap", "name").Str() {
				config = cm
			}
		}
	}
	return container, config
}

func validate(t *testing.T, bin string, container kube.Node, config *kube.Object) {
	dir := t.TempDir()
	for name, text := range config.Get("data").All() {
		here := strings.NewReplacer("/etc/envoy", dir, "/certs", dir).Replace(text.Str())
		if err := os.WriteFile(filepath.Join(dir, name), []byte(here), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--mode", "validate"}
	for _, a := range container.Get("args").Items() {
		args = append(args, strings.NewReplacer("/etc/envoy", dir, "$(POD_NAME)", "pod-1").Replace(a.Str()))
	}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Env = envoybin.Env()
	out, err := cmd.CombinedOutput()
	if w := envoybin.Warnings(string(out)); err != nil || len(w) > 0 {
		t.Errorf("envoy %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
