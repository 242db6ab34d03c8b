//go:build unix

package cli

import (
	"os"
	"syscall"
)

// become replaces this program by another one: the process, its terminal and its signals stay. It returns only with an error.
func become(path string, env []string) error {
	err := syscall.Exec(path, os.Args, env)
	return &os.PathError{Op: "exec", Path: path, Err: err}
}
