package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// orphanEnv is set for the process that up starts: it outlives its parent, for as long as the value says.
const orphanEnv = "TESTCLUSTER_ORPHAN"

// untilParentEnds cancels when the process that started this one is gone. A process whose parent ends gets another parent;
// that is seen by asking, which works where the parent was killed and had no chance to say anything.
func untilParentEnds(ctx context.Context, cancel context.CancelFunc) context.Context {
	if limit, err := time.ParseDuration(os.Getenv(orphanEnv)); err == nil {
		time.AfterFunc(limit, cancel)
		return ctx
	}
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if os.Getppid() != parent {
				cancel()
				return
			}
		}
	}()
	return ctx
}

// runWithParent runs a command that is killed when this process is: the kernel sends the signal when the thread that has
// started the command ends, so the thread is kept until the command is done.
func runWithParent(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = dieWithParent()
	return cmd.Run()
}
