package interp

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
)

// loadText loads a file of that text.
func loadText(t *testing.T, in *Interpreter, text string) error {
	t.Helper()
	in.Root = fstest.MapFS{"main.star": {Data: []byte(text)}}
	_, err := in.Load(t.Context(), "//main.star")
	return err
}

func TestTime(t *testing.T) {
	in := &Interpreter{Limits: Limits{Time: 30 * time.Millisecond, Steps: 1 << 60}}
	err := loadText(t, in, "def f():\n    for i in range(1 << 60):\n        pass\nf()\n")
	if err == nil || !strings.HasPrefix(err.Error(), "main.star:2:") || !strings.HasSuffix(err.Error(), ": evaluation takes more than 30ms: --max-time raises the limit") {
		t.Errorf("got %v", err)
	}
	asleep(t, in)
}

func TestMemory(t *testing.T) {
	in := &Interpreter{Limits: Limits{Memory: 128 << 20, Steps: 1 << 60}}
	err := loadText(t, in, "x = []\ndef f():\n    for i in range(1 << 60):\n        x.append([i] * 60)\nf()\n")
	if err == nil || !strings.HasSuffix(err.Error(), ": evaluation takes more than 128 MiB of memory: --max-memory raises the limit") {
		t.Errorf("got %v", err)
	}
	asleep(t, in)
}

// TestGarbage holds that what a file no longer uses does not count.
func TestGarbage(t *testing.T) {
	in := &Interpreter{Limits: Limits{Memory: 128 << 20, Steps: 1 << 60}}
	if err := loadText(t, in, "def f():\n    for i in range(2000):\n        x = [i] * 60000\nf()\n"); err != nil {
		t.Error(err)
	}
}

// TestAbort holds that an operation which does not come back is named.
func TestAbort(t *testing.T) {
	release := make(chan bool)
	aborted := make(chan diag.Diagnostic, 1)
	in := &Interpreter{
		Limits: Limits{Time: 10 * time.Millisecond},
		Abort: func(d diag.Diagnostic) {
			aborted <- d
			close(release)
		},
		Predeclared: starlark.StringDict{"stuck": starlark.NewBuiltin("stuck", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			<-release
			return starlark.None, nil
		})},
	}
	err := loadText(t, in, "def f():\n    stuck()\nf()\n")
	if err == nil {
		t.Error("no error")
	}
	d := <-aborted
	place := "main.star:2:5"
	if !readStacks {
		place = "main.star"
	}
	if got, want := d.Error(), place+": evaluation takes more than 10ms: --max-time raises the limit"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if readStacks && (len(d.Calls) != 2 || d.Calls[0].Func != "f") {
		t.Errorf("calls: %v", d.Calls)
	}
	asleep(t, in)
}

// asleep waits until the watchdog has noticed that nothing runs.
func asleep(t *testing.T, in *Interpreter) {
	t.Helper()
	for range 400 {
		in.watch.mu.Lock()
		awake := in.watch.awake
		in.watch.mu.Unlock()
		if !awake {
			return
		}
		time.Sleep(sampling)
	}
	t.Error("the watchdog runs on")
}
