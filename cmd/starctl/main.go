// Starctl evaluates deploy.star files to Kubernetes objects: it renders, tests and explains them, and brings them to a cluster.
// For the last it becomes the program starctl-cluster, which links what that takes.
package main

import "github.com/starctl/starctl/internal/cli"

func main() { cli.Program{}.Main() }
