package interp

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
)

const (
	sampling = 5 * time.Millisecond
	// grace is how long a thread may take to notice that it was cancelled. It looks before each step, and no step that is
	// not stuck takes so long.
	grace = time.Second
	// maxStack is how much stack the deepest recursion of Go code over values may take: Go ends a program at 1 GB.
	maxStack = 256 << 20
)

// watchdog looks at the clock and at the heap while threads run. It cancels those that go beyond a limit. Where one does
// not come back, because a single operation of it runs for ever or allocates without end, it calls abort.
type watchdog struct {
	limits Limits
	abort  func(diag.Diagnostic)
	source diag.Sources

	mu      sync.Mutex
	running map[*starlark.Thread]*watched
	awake   bool
}

type watched struct {
	started   time.Time
	cancelled time.Time
	reason    string
	given     bool // up: abort was called
}

func (w *watchdog) enter(thread *starlark.Thread) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == nil {
		w.running = map[*starlark.Thread]*watched{}
	}
	w.running[thread] = &watched{started: time.Now()}
	if !w.awake {
		w.awake = true
		go w.look()
	}
}

func (w *watchdog) leave(thread *starlark.Thread) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, thread)
}

// look samples until nothing runs any more.
func (w *watchdog) look() {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	memory := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	for now := range tick.C {
		metrics.Read(memory)
		if w.wasteful(memory) {
			runtime.GC()
			metrics.Read(memory)
		}
		if !w.sample(now, memory[0].Value.Uint64(), memory[1].Value.Uint64()) {
			return
		}
	}
}

// wasteful reports whether the heap is beyond the limit, but not so far that there would be no time to collect garbage.
func (w *watchdog) wasteful(memory []metrics.Sample) bool {
	n, limit := memory[0].Value.Uint64()+memory[1].Value.Uint64(), uint64(w.limits.Memory)
	return n > limit && n <= 2*limit
}

// sample cancels what goes beyond a limit, and reports whether anything runs.
func (w *watchdog) sample(now time.Time, heap, stacks uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.running) == 0 {
		w.awake = false
		return false
	}
	limit := uint64(w.limits.Memory)
	for thread, t := range w.running {
		switch {
		case stacks > maxStack:
			t.cancel(thread, now, w.limits.depth())
		case heap+stacks > limit:
			t.cancel(thread, now, w.limits.memory())
		case now.Sub(t.started) > w.limits.Time:
			t.cancel(thread, now, w.limits.time())
		}
		stuck := !t.cancelled.IsZero() && (now.Sub(t.cancelled) > grace || heap+stacks > 2*limit || stacks > maxStack)
		if stuck && !t.given && w.abort != nil {
			t.given = true
			w.abort(w.place(thread, t.reason))
		}
	}
	return true
}

func (t *watched) cancel(thread *starlark.Thread, now time.Time, reason string) {
	if t.cancelled.IsZero() {
		t.cancelled, t.reason = now, reason
		thread.Cancel(reason)
	}
}

// place says what a thread was doing when it did not come back. The thread is inside one operation: otherwise it would have
// noticed that it was cancelled. So its stack stays as it is, and can be read from here.
func (w *watchdog) place(thread *starlark.Thread, reason string) (d diag.Diagnostic) {
	d = diag.Diagnostic{Pos: diag.Pos{File: thread.Name}, Message: reason, Help: []string{"it was inside one operation, which did not end"}}
	if !readStacks {
		return d
	}
	defer func() { _ = recover() }() // it came back just now: the file's name will do
	frames := diag.Frames(thread.CallStack(), w.source)
	if len(frames) > 0 {
		d.Pos = diag.Place{Frames: frames}.Locate(w.source)
		frames[0].Pos = d.Pos
		d.Calls = frames
	}
	return d
}
