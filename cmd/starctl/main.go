// Starctl evaluates deploy.star files to Kubernetes objects and renders, tests and explains them.
//
// main.go is the way in and out; root.go is the table of commands, each of which has its own file; help.go is what -h
// shows; flags.go holds the flags that several commands share; ui.go is all that reaches a terminal.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes, as docs/reference.md gives them.
const (
	exitFine        = 0
	exitFound       = 1 // test, vet or --check found something
	exitBad         = 2 // bad input
	exitInterrupted = 130
)

func main() {
	pace()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	u := newUI(stdout, stderr, os.Getenv)
	u.abort = func() {
		u.close()
		os.Exit(exitBad)
	}
	defer u.close()
	root := newRoot(u)
	root.SetArgs(commandFirst(root, args))
	err := root.ExecuteContext(ctx)
	if u.results {
		u.close()
	}
	if flushed := u.flush(); err == nil {
		err = flushed
	}
	if ctx.Err() != nil {
		u.fail(errors.New("interrupted"))
		return exitInterrupted
	}
	return u.exit(err)
}

// These are the results of a command whose every mistake was said already: bad input, or that it did its work and found
// something.
var (
	errSaid  = errors.New("said already")
	errFound = errors.New("found something")
)

// exit says what went wrong, if it has not been said, and returns the exit code.
func (u *ui) exit(err error) int {
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errSaid), errors.Is(err, syscall.EPIPE):
		return exitBad // of a pipe, whoever reads has gone: there is no one to tell
	}
	u.fail(err)
	return exitBad
}
