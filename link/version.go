package link

import (
	"strconv"
	"strings"

	"github.com/starctl/starctl/starlark/project"
)

// version is the minor version of Kubernetes 1.
type version int

// Versions in which what a sidecar needs came (KEP-753 and KEP-3960, on by default).
const (
	nativeSidecars version = 29
	sleepHook      version = 30
)

// parseVersion reads "1.33" or "1.33.2"; whatever else was checked by whoever took it.
func parseVersion(s string) version {
	_, minor, ok := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	if !ok {
		_, minor, _ = strings.Cut(project.DefaultKubernetes, ".")
	}
	minor, _, _ = strings.Cut(minor, ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return parseVersion(project.DefaultKubernetes)
	}
	return version(n)
}

func (v version) String() string { return "1." + strconv.Itoa(int(v)) }
