package starctl

import "github.com/starctl/starctl/kube/check"

// Check is something that is looked for in what a file declares. A file can silence it by its name.
type Check struct {
	Name, Doc string
	Warning   bool // what it finds is a warning
}

// Checks lists all checks: those over objects alone, those of linking, and those of what main returned.
func Checks() []Check {
	var list []Check
	for _, name := range check.Names() {
		list = append(list, Check{name, check.Doc(name), check.Level(name) == check.Warning})
	}
	return append(list, ownChecks[:]...)
}

// ownChecks are the ones that package kube/check does not know: they need more than the objects.
var ownChecks = [...]Check{
	{"envoy-config-large", "A configuration of more than 200 KiB, which every Pod of its application keeps in memory.", true},
	{"envoy-config-unused", "A ConfigMap of envoy.config_map that no workload's sidecar mounts.", true},
	{"namespace-assumed", "A set with sidecars, rendered without a namespace: names of upstreams need one, so \"default\" is assumed.", true},
	{"upstream-port-assumed", "An upstream whose port nobody says: not the file, not a Service of the set, not the project's defaults.", true},
	{"upstream-not-headless", "An upstream whose Service is not headless: its name leads to one address, so calls are not spread over its Pods.", true},
	{"upstream-no-selector", "An upstream whose Service has no selector: DNS knows no Pods of it unless somebody else says which.", true},
	{"upstream-port", "An upstream's port that is not the one its Service leads to. Headless DNS carries no port.", true},
	{"upstream-protocol", "An upstream that is called by another protocol than its Service says it speaks.", true},
	{"upstream-unused", "An upstream that no variable or flag of the application leads to. Said by vet alone: a list of all upstreams is a fine start.", true},
	{"upstream-drain", "A workload that sidecars call and whose Pods end at once, while DNS still names them.", true},
	{"returned-twice", "An object that main returned twice. It counts once.", true},
	{"no-objects", "A main that returns nothing.", true},
}

func checkNames() []string {
	var names []string
	for _, c := range Checks() {
		names = append(names, c.Name)
	}
	return names
}
