// Package faulttest holds what an apply must survive: a test for each fault, by name, with the built program on a real API
// server, through a proxy that makes the fault happen (package clustertest). The tests look at the cluster and at exit codes, as a
// user would, and not into the engine.
//
// Read site_test.go, then crash_test.go, which kills the program at every single write, and the other files, one a topic.
package faulttest
