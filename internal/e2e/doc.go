// Package e2e holds the end-to-end tests: examples/hello-mesh on a real node (internal/testnode), each step through the built
// starctl, as a person does it. They hold what no reading of YAML can: that Pods start in the right order, that calls spread,
// that a rolling update loses none.
//
// Each test has a namespace of its own, in which Pod Security "restricted" is enforced, and a copy of the example, which it
// changes as a team changes its files. The tests of faults harm the whole node and run on another one, one after the other.
//
//	make e2e              # builds what is missing, starts both nodes, runs the tests, and looks for what they left behind
//	make e2e-broken       # breaks on purpose what each test guards, and wants that test to fail
//
// Without a node the tests skip and say so; with TESTNODE_REQUIRED=1 they fail.
//
// Read world_test.go, then mesh_test.go, roll_test.go, stop_test.go, unhealthy_test.go, fault_test.go, incluster_test.go, and
// broken_test.go, which lists what was broken and who noticed.
package e2e
