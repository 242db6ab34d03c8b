// Starctl-cluster is starctl with what talks to clusters: starctl becomes it for diff, apply and the other commands that need one. It has
// all commands, and can be installed as starctl in its place. They are two programs because of what the client of Kubernetes costs every
// start of whoever links it: docs/performance.md has the figures.
package main

import (
	"github.com/starctl/starctl/internal/cli"
	"github.com/starctl/starctl/kube/cluster"
)

func main() { cli.Program{Clusters: cluster.Clusters{}}.Main() }
