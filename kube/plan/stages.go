package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/starctl/starctl/kube"
)

// The stages in which objects are applied. One is over when its objects are written, but for the two of which ReadyBefore
// tells; deletions go through them the other way round.
const (
	Definitions = iota // Namespaces and CRDs
	Settings           // accounts, roles, configuration, storage, policies: what others refer to
	Bindings           // what refers to those, and Services, so that Pods find them
	Workloads
	Additions // what stands on workloads (autoscalers, budgets, Ingresses), and custom resources, whose operator may be one
	Hooks     // what the API server calls or asks: nobody could write if it were not ready
	stages
)

// ReadyBefore reports whether all objects of lower stages have to be ready, not only written, before a stage begins.
func ReadyBefore(stage int) bool { return stage == Settings || stage == Hooks }

// stageOf is the stage of a kind. Custom resources, and what is not known, are Additions.
func stageOf(id kube.ID) int {
	switch id.Group {
	case "":
		switch id.Kind {
		case "Namespace":
			return Definitions
		case "ConfigMap", "Secret", "ServiceAccount", "PersistentVolume", "ResourceQuota", "LimitRange", "PodTemplate":
			return Settings
		case "Service", "Endpoints", "PersistentVolumeClaim":
			return Bindings
		case "Pod", "ReplicationController":
			return Workloads
		}
	case "apps", "batch":
		return Workloads
	case "apiextensions.k8s.io":
		return Definitions
	case "rbac.authorization.k8s.io":
		if strings.HasSuffix(id.Kind, "Binding") {
			return Bindings
		}
		return Settings
	case "storage.k8s.io", "scheduling.k8s.io", "node.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io":
		return Settings
	case "networking.k8s.io":
		if id.Kind != "Ingress" {
			return Settings
		}
	case "discovery.k8s.io":
		return Bindings
	case "admissionregistration.k8s.io", "apiregistration.k8s.io":
		return Hooks
	}
	return Additions
}

// Place is where an object comes among the others.
type Place struct {
	Stage int
	After []int // indexes of objects of this stage or lower ones that have to be ready before
}

// Stages says in which order objects are applied: a Place for each of prepared. What depends on an object of a later stage
// moves to that stage, and so does what is in a Namespace, or of a kind, that moved. The Obstacles are cycles, and
// dependencies on what the set does not hold.
func Stages(prepared []Prepared) ([]Place, []Obstacle) {
	g := graph{prepared: prepared, places: make([]Place, len(prepared)), state: make([]uint8, len(prepared))}
	g.index = make(map[kube.ID]int, len(prepared))
	for i := range prepared {
		g.index[prepared[i].ID.Identity()] = i
		g.places[i].Stage = stageOf(prepared[i].ID)
		if t := prepared[i].Desired.Get("type").Str(); t == "kubernetes.io/service-account-token" {
			g.places[i].Stage = Bindings // it is deleted at once if its account is not there
		}
	}
	for i := range prepared {
		g.wanted(i)
	}
	if len(g.obstacles) > 0 {
		return g.places, g.obstacles
	}
	g.definitions()
	for i := range prepared {
		g.settle(i)
	}
	return g.places, g.obstacles
}

// graph is who waits for whom.
type graph struct {
	prepared  []Prepared
	index     map[kube.ID]int
	places    []Place
	defined   map[string]int // by namespace or by group and kind: the Namespace or CRD that must be there; -1 for none
	state     []uint8        // of settle: 0 not seen, 1 on the path, 2 done
	path      []int
	obstacles []Obstacle
}

// wanted turns what an object depends on into indexes.
func (g *graph) wanted(i int) {
	p := &g.prepared[i]
	for _, id := range p.Wishes.DependsOn {
		j, ok := g.index[id.Identity()]
		if !ok {
			g.obstacles = append(g.obstacles, Obstacle{
				Kind: "depends-on", ID: p.ID, Object: p.Declared,
				Message: fmt.Sprintf("it depends on %s, which main does not return", id),
				Help:    []string{"return that object as well, or do not depend on it"},
			})
			continue
		}
		if !slices.Contains(g.places[i].After, j) {
			g.places[i].After = append(g.places[i].After, j)
		}
	}
}

// definitions finds the Namespaces and CRDs of the set.
func (g *graph) definitions() {
	g.defined = map[string]int{}
	for i := range g.prepared {
		p := &g.prepared[i]
		switch {
		case p.ID.Kind == "Namespace" && p.ID.Group == "":
			g.defined[p.ID.Name] = i
		case p.ID.Kind == "CustomResourceDefinition":
			spec := p.Desired.Get("spec")
			g.defined[spec.Get("group").Str()+"/"+spec.Get("names", "kind").Str()] = i
		}
	}
}

// settle gives an object its final stage, after all that it waits for got theirs.
func (g *graph) settle(i int) {
	switch g.state[i] {
	case 1:
		g.cycle(i)
		return
	case 2:
		return
	}
	g.state[i] = 1
	g.path = append(g.path, i)
	for _, j := range g.places[i].After {
		g.settle(j)
		g.places[i].Stage = max(g.places[i].Stage, g.places[j].Stage)
	}
	id := g.prepared[i].ID
	for _, name := range [...]string{id.Namespace, id.Group + "/" + id.Kind} {
		if j, ok := g.defined[name]; ok && name != "" {
			g.behind(i, j)
		}
	}
	g.path = g.path[:len(g.path)-1]
	g.state[i] = 2
}

// behind puts an object behind the Namespace or CRD that it needs. As long as that is in the first stage, nothing is to do.
func (g *graph) behind(i, j int) {
	if len(g.places[j].After) == 0 && g.places[i].Stage > g.places[j].Stage || i == j {
		return
	}
	g.settle(j)
	g.places[i].Stage = max(g.places[i].Stage, g.places[j].Stage)
	if !slices.Contains(g.places[i].After, j) {
		g.places[i].After = append(slices.Clip(g.places[i].After), j)
	}
}

// cycle reports the path from i to itself, at the object where it begins, with the places of the others.
func (g *graph) cycle(i int) {
	begin := slices.Index(g.path, i)
	var names []string
	var related []*kube.Object
	for _, j := range g.path[begin:] {
		names = append(names, g.prepared[j].ID.String())
		if j != i {
			related = append(related, g.prepared[j].Declared)
		}
	}
	names = append(names, g.prepared[i].ID.String())
	message := "it waits for itself: " + strings.Join(names, " -> ")
	g.obstacles = append(g.obstacles, Obstacle{
		Kind: "cycle", ID: g.prepared[i].ID, Object: g.prepared[i].Declared, Message: message, Related: related,
		Help: []string{"take one of the apply.depends_on away"},
	})
}

// DeletionStages says in which order objects are deleted, the reverse of that in which they are applied: those of a lower
// number are gone before.
func DeletionStages(ids []kube.ID) []int {
	list := make([]int, len(ids))
	for i, id := range ids {
		list[i] = stages - 1 - stageOf(id)
	}
	return list
}
