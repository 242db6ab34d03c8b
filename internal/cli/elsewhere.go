package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube/deploy"
	"github.com/starctl/starctl/starlark/diag"
)

// clusterProgram is starctl once more, with what talks to clusters linked. They are two programs because the client of Kubernetes
// costs every start of whoever links it more than a millisecond.
const clusterProgram = "starctl-cluster"

// elsewhere are the clusters of a program that links nothing that talks to one. Who asks for any becomes the program that does, with
// the same arguments, and reads the files once more: nothing was printed yet.
type elsewhere struct{}

// Connect returns only with an error.
func (elsewhere) Connect(context.Context, deploy.Options) (deploy.Cluster, error) {
	return nil, becomeClusterProgram()
}

// Contexts returns only where the program is missing; a shell that completes is told nothing.
func (elsewhere) Contexts(string) []string {
	_ = becomeClusterProgram()
	return nil
}

// reach makes sure that clusters can be asked for, before anything is said: a program that cannot becomes another one here.
func (u *ui) reach() error {
	if _, ok := u.clusters.(elsewhere); ok {
		return becomeClusterProgram()
	}
	return nil
}

// calledFor is the environment variable that says which version of starctl wants its other half.
const calledFor = "STARCTL_CLUSTER_FOR"

func becomeClusterProgram() error {
	path, err := companion(clusterProgram)
	if err != nil {
		return err
	}
	return become(path, append(os.Environ(), calledFor+"="+starctl.Version))
}

// sameVersion refuses to be the other half of another version of starctl: they would read deploy files differently.
func sameVersion() error {
	v := os.Getenv(calledFor)
	_ = os.Unsetenv(calledFor) // it is nobody else's: an exec plugin may run starctl
	if v == "" || v == starctl.Version {
		return nil
	}
	return diag.Diagnostic{
		Message: fmt.Sprintf("starctl is version %s and the %s that it found is %s", v, clusterProgram, starctl.Version),
		Help:    []string{"install both: go install github.com/starctl/starctl/cmd/...@" + v},
	}
}

// companion finds a program that belongs to this one: beside it, or on the PATH.
func companion(name string) (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name+filepath.Ext(self))
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", diag.Diagnostic{
			Message: name + " lies neither beside starctl nor on the PATH",
			Help:    []string{"go install github.com/starctl/starctl/cmd/" + name + "@latest"},
		}
	}
	return path, nil
}
