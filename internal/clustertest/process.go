package clustertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program is a built program, and the directory in which it runs. What it could find of the person who runs the tests, home and
// kubeconfig, it does not find.
type Program struct {
	Path       string
	Dir        string
	Home       string
	Kubeconfig string
	Env        []string // besides
}

// Starctl is where Main builds starctl to.
func Starctl() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("clustertest-%d", os.Getpid()), "starctl")
}

const module = "github.com/starctl/starctl/cmd/"

// Main is for a TestMain: it builds starctl if there is a cluster, and runs the tests.
func Main(m *testing.M) int {
	if os.Getenv("TESTCLUSTER_DIR") == "" {
		return m.Run() // each test skips, or fails
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(Starctl())) }()
	if out, err := exec.Command("go", "build", "-o", filepath.Dir(Starctl())+"/", module+"starctl", module+"starctl-cluster").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// Result is how a run ended.
type Result struct {
	Code           int // -1 if it was killed
	Stdout, Stderr string
	Took           time.Duration
	Memory         int64 // bytes, at most at any time
}

// Process is a run that has begun.
type Process struct {
	cmd      *exec.Cmd
	out, err buffer
	begun    time.Time
	done     chan struct{}
	result   Result
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Limit is how long a run may take; it is killed then, and the test fails.
const Limit = 3 * time.Minute

// Run runs the program to its end.
func (p Program) Run(t testing.TB, args ...string) Result {
	t.Helper()
	return p.Start(t, args...).Wait(t)
}

// Start begins a run. It is killed when the test ends.
func (p Program) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	r := &Process{done: make(chan struct{}), begun: time.Now()}
	r.cmd = exec.CommandContext(context.Background(), p.Path, args...)
	r.cmd.Dir = p.Dir
	r.cmd.Env = append([]string{
		"HOME=" + p.Home, "XDG_CACHE_HOME=" + p.Home + "/.cache", "KUBECONFIG=" + p.Kubeconfig,
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TMPDIR=" + os.TempDir(),
	}, p.Env...)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.err
	r.cmd.WaitDelay = 2 * time.Second
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go r.wait()
	t.Cleanup(r.Kill)
	return r
}

func (r *Process) wait() {
	err := r.cmd.Wait()
	r.result = Result{Code: r.cmd.ProcessState.ExitCode(), Stdout: r.out.String(), Stderr: r.err.String(), Took: time.Since(r.begun)}
	r.result.Memory = memoryOf(r.cmd.ProcessState)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.result.Stderr += err.Error()
	}
	close(r.done)
}

// memoryOf is the peak of a process's resident memory, which Linux counts in KiB and others in bytes.
func memoryOf(s *os.ProcessState) int64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "linux":
		return int64(u.Maxrss) << 10
	}
	return int64(u.Maxrss)
}

// Wait waits for the end.
func (r *Process) Wait(t testing.TB) Result {
	t.Helper()
	select {
	case <-r.done:
		return r.result
	case <-time.After(Limit):
		_ = r.cmd.Process.Signal(syscall.SIGQUIT)
		<-r.done
		t.Fatalf("%s does not end\n%s", strings.Join(r.cmd.Args, " "), r.result.Stderr)
		return r.result
	}
}

// Kill kills the process as kill -9 does, and waits until it is dead.
func (r *Process) Kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// Signal sends a signal.
func (r *Process) Signal(s os.Signal) { _ = r.cmd.Process.Signal(s) }

// Stopped stops the process, as a laptop that is closed does, until resume is called.
func (r *Process) Stopped() (resume func()) {
	r.Signal(syscall.SIGSTOP)
	return func() { r.Signal(syscall.SIGCONT) }
}

// Stderr is what it has written so far.
func (r *Process) Stderr() string { return r.err.String() }
