package plan

import "github.com/starctl/starctl/kube"

// Place is where an object comes among the others: objects of a lower Stage, and those of After, are applied and ready before.
type Place struct {
	Stage int
	After []int // indexes of others
}

// Stages says in which order objects are applied: a Place for each of prepared. The Obstacles are cycles of DependsOn, and
// dependencies on what is not in the set.
func Stages(prepared []Prepared) ([]Place, []Obstacle) { return make([]Place, len(prepared)), nil }

// DeletionStages says in which order objects are deleted, the reverse of that in which they are applied.
func DeletionStages(ids []kube.ID) []int { return make([]int, len(ids)) }
