// Package starctl evaluates deploy.star files to Kubernetes objects.
//
// A deploy.star is a Starlark file whose main returns objects. What happens to it is always the same:
//
//	load      the file and what it loads are evaluated           starlark/interp, starlark/project
//	evaluate  main is called for a target, with its inputs       starlark/interp, builtins
//	flatten   what main returned becomes a list of objects       flatten.go
//	link      what was declared apart is joined: sidecars, ...   link
//	check     mistakes that only show in the whole               kube/check
//
// and what comes out is a [kube.Set], to be written (kube/encode), compared (kube/plan) or, later, applied. Nothing on the
// way reads the environment, the clock or the network: the same files give the same bytes on every machine.
//
// [Render] does all that for one file. A [Project] does it for many, and evaluates each file that they share only once.
// Mistakes come back together, in the order of the source, as a [diag.List].
package starctl
