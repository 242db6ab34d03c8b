// Starctl evaluates deploy.star files to Kubernetes objects and renders, tests and explains them.
//
// main.go is the way in and out; root.go is the table of commands, each of which has its own file; help.go is what -h
// shows; flags.go holds the flags that several commands share; ui.go is all that reaches a terminal.
//
// What talks to a cluster goes through deployment.go, which finds clusters and makes plans; what changes one is a change
// (change.go), which shows plans, asks, and carries them out (perform.go) while follow.go shows what happens.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/starctl/starctl/kube/cluster"
)

// Exit codes of commands that talk to no cluster, as docs/reference.md gives them; those of the others are the Verdicts of
// package cluster, and docs/apply.md's.
const (
	exitFine        = 0
	exitFound       = 1 // test, vet or --check found something
	exitBad         = 2 // bad input
	exitInterrupted = 130
)

func main() {
	pace()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
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
	code := u.exit(ctx, err)
	if u.events != nil {
		u.events.result(code)
	}
	return code
}

// ended is the result of a command that talks to a cluster, when all was said already.
type ended struct{ cluster.Verdict }

func (e ended) Error() string { return "said already" }

// These are the results of a command whose every mistake was said already: bad input, or that it did its work and found
// something.
var (
	errSaid  = errors.New("said already")
	errFound = errors.New("found something")
)

// exit says what went wrong, if it has not been said, and returns the exit code.
func (u *ui) exit(ctx context.Context, err error) int {
	if e, ok := errors.AsType[ended](err); ok {
		return int(e.Verdict)
	}
	switch {
	case ctx.Err() != nil:
		u.fail(errors.New("interrupted"))
		return exitInterrupted
	case err == nil:
		return exitFine
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errSaid), errors.Is(err, syscall.EPIPE):
		return exitBad // of a pipe, whoever reads has gone: there is no one to tell
	}
	u.fail(err)
	if f, ok := errors.AsType[*cluster.Failure](err); ok {
		return int(f.Verdict)
	}
	return exitBad
}
