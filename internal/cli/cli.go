// Package cli is starctl's command line.
//
// cli.go is the way in and out; root.go is the table of commands, each of which has its own file; help.go is what -h
// shows; flags.go holds the flags that several commands share; ui.go is all that reaches a terminal.
//
// What talks to a cluster goes through deployment.go, which finds clusters and makes plans; what changes one is a change
// (change.go), which shows plans, asks, and carries them out (perform.go) while follow.go shows what happens. Package cli knows no
// cluster but by package deploy: what talks to one is linked by the program starctl-cluster alone, which is run in place of starctl
// where it is needed (elsewhere.go).
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/starctl/starctl/kube/deploy"
)

// Exit codes of commands that talk to no cluster, as docs/reference.md gives them; those of the others are the Verdicts of
// package deploy, and docs/apply.md's.
const (
	exitFine        = 0
	exitFound       = 1 // test, vet or --check found something
	exitBad         = 2 // bad input
	exitInterrupted = 130
)

// Program is starctl as one of its executables is made.
type Program struct {
	Clusters deploy.Clusters // nil hands what needs one over to the program starctl-cluster
}

// Main runs the process, and ends it.
func (p Program) Main() {
	pace()
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(p.run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program without the process around it.
func (p Program) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	u := newUI(stdout, stderr, os.Getenv)
	u.clusters = p.Clusters
	if u.clusters == nil {
		u.clusters = elsewhere{}
	}
	u.abort = func() {
		u.close()
		os.Exit(exitBad)
	}
	defer u.close()
	root := newRoot(u)
	args = commandFirst(root, args)
	root.SetArgs(args)
	if wantsEvents(args) {
		u.logEvents()
	}
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsage(root)
	}
	err := sameVersion()
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if u.results {
		u.close()
	}
	if flushed := u.flush(); err == nil && flushed != nil {
		err = flushed
		if u.changed {
			u.events = nil // they cannot be written
			err = &deploy.Failure{Verdict: deploy.Internal, Err: fmt.Errorf("all was carried out, and could not be reported: %w", bare(flushed))}
		}
	}
	code := u.exit(ctx, err)
	if u.events != nil {
		u.events.result(code)
	}
	return code
}

// ended is the result of a command that talks to a cluster, when all was said already.
type ended struct{ deploy.Verdict }

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
		if f, ok := errors.AsType[*deploy.Failure](err); !ok || f.Verdict != deploy.Interrupted || errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		u.fail(err)
		return exitInterrupted
	case err == nil:
		return exitFine
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, errSaid), errors.Is(err, syscall.EPIPE) && !u.changed:
		return exitBad // of a pipe, whoever reads has gone: there is no one to tell
	}
	u.fail(err)
	if f, ok := errors.AsType[*deploy.Failure](err); ok {
		return int(f.Verdict)
	}
	return exitBad
}
