// Package workload writes the benchmark's work as programs: for the floor, for starctl in one file, and for starctl in one
// directory a service. ../SPEC.md says what the work is; floor.star and envoy.star are the program, the others are made
// from it, so that all of them evaluate the same expressions.
package workload

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	//go:embed floor.star
	floor string
	//go:embed envoy.star
	envoy string
	//go:embed mesh.star
	mesh string
	//go:embed meshfloor.star
	meshFloor string
)

const (
	adjectives = "amber brave calm dusty eager fancy gentle happy icy jolly keen lucky mellow noble olive proud quiet rapid sunny tidy"
	nouns      = "otter falcon badger heron lynx marten osprey puffin quokka raven salmon tapir urchin vole walrus yak zebra bison " +
		"coyote dingo egret ferret gecko hyena ibex jackal koala lemur moose newt ocelot panda quail rabbit shark toad umbra viper " +
		"weasel xerus condor dolphin emu finch goose hare iguana jaguar kiwi llama"
)

// Names returns n names. After a thousand they repeat with a number.
func Names(n int) []string {
	first, second := strings.Fields(adjectives), strings.Fields(nouns)
	names := make([]string, n)
	for i := range names {
		names[i] = first[i%20] + "-" + second[i/20%50]
		if i >= 1000 {
			names[i] += fmt.Sprint("-", i/1000)
		}
	}
	return names
}

// Tree is the text of files by path.
type Tree map[string]string

// Write writes the files below dir.
func (t Tree) Write(dir string) error {
	for name, text := range t {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func list(n int) string {
	return "NAMES = [\n    \"" + strings.Join(Names(n), "\",\n    \"") + "\",\n]\n"
}

// Floor is the program of the floor: main.star.
func Floor(n int) Tree {
	return Tree{"main.star": floor, "envoy.star": envoy, "names.star": list(n)}
}

// OneFile is the same for starctl.
func OneFile(n int) Tree {
	return Tree{"starctl.star": project, "deploy.star": typed(floor), "envoy.star": envoy, "names.star": list(n)}
}

// Directories is the same for starctl with a deploy file for each service.
func Directories(n int) Tree {
	lib := typed(floor)
	lib = lib[:strings.Index(lib, "def main(")]
	lib = strings.Replace(lib, "load(\"./names.star\", \"NAMES\")\n", "", 1)
	t := Tree{"starctl.star": project, "lib/service.star": lib, "lib/envoy.star": envoy}
	for i, name := range Names(n) {
		t["services/"+name+"/deploy.star"] = fmt.Sprintf(
			"load(\"//lib/service.star\", \"service\")\n\ndef main(ctx):\n    return service(%d, %q)\n", i, name)
	}
	return t
}

const project = "project(name = \"bench\")\n"

// The floor's constructors have short names; in starctl each belongs to a version of an API.
var (
	homes = map[string]string{
		"Deployment": "apps.v1", "DeploymentSpec": "apps.v1", "DeploymentStrategy": "apps.v1", "RollingUpdateDeployment": "apps.v1",
		"ObjectMeta": "meta.v1", "LabelSelector": "meta.v1",
		"PodDisruptionBudget": "policy.v1", "PodDisruptionBudgetSpec": "policy.v1",
		"HorizontalPodAutoscaler": "autoscaling.v2", "HPASpec": "autoscaling.v2", "CrossVersionObjectRef": "autoscaling.v2",
		"MetricSpec": "autoscaling.v2", "ResourceMetricSource": "autoscaling.v2", "MetricTarget": "autoscaling.v2",
	}
	longer      = map[string]string{"HPASpec": "HorizontalPodAutoscalerSpec", "CrossVersionObjectRef": "CrossVersionObjectReference"}
	stamped     = regexp.MustCompile(`apiVersion = "[^"]*", kind = "[A-Z][A-Za-z]*", metadata`)
	constructor = regexp.MustCompile(`\b[A-Z][A-Za-z]+\(`)
)

// accepted is what the work does that the checks warn of. A thousand warnings on standard error are no part of the work.
const accepted = `
vet.silence(None, "scaled-replicas", reason = "the work sets replicas beside an autoscaler")
vet.external("*", kind = "ServiceAccount")

`

// typed turns the floor's program into one of k8s.GROUP.VERSION.KIND constructors.
func typed(s string) string {
	s = strings.Replace(s, "TEAMS = ", accepted+"TEAMS = ", 1)
	s = stamped.ReplaceAllString(s, "metadata")
	s = constructor.ReplaceAllStringFunc(s, func(call string) string {
		name := strings.TrimSuffix(call, "(")
		home, ok := homes[name]
		if !ok {
			home = "core.v1"
		}
		if long, ok := longer[name]; ok {
			name = long
		}
		return "k8s." + home + "." + name + "("
	})
	return strings.NewReplacer(
		`load("envoy.star", "envoy")`, `load("./envoy.star", envoy_config = "envoy")`,
		`load("names.star"`, `load("./names.star"`,
		"yaml_encode(envoy(", "yaml.encode(envoy_config(",
		"def main():", "def main(ctx):",
	).Replace(s)
}

// Mesh is the second work for starctl: short forms, and sidecars whose configuration starctl generates.
func Mesh(n int) Tree {
	return Tree{"starctl.star": project, "deploy.star": strings.Replace(mesh, "TEAMS = ", accepted+"TEAMS = ", 1), "names.star": list(n)}
}

// MeshFloor is a program for the floor that prints the same objects; rendered is what starctl makes of Mesh(1).
func MeshFloor(n int, rendered []byte) (Tree, error) {
	same, err := constantsOf(rendered)
	if err != nil {
		return nil, err
	}
	const place = "# What is the same for every service comes here: see constants.go.\n"
	return Tree{"main.star": strings.Replace(meshFloor, place, same, 1), "names.star": list(n)}, nil
}
