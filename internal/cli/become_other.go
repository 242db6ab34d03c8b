//go:build !unix

package cli

import (
	"errors"
	"os"
	"os/exec"
)

// become runs another program in place of this one, and ends with its exit code. It returns only with an error.
func become(path string, env []string) error {
	c := exec.Command(path, os.Args[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(e.ExitCode())
	}
	if err == nil {
		os.Exit(exitFine)
	}
	return err
}
