package envoytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Envoy is a running Envoy process.
type Envoy struct {
	Host   string // address of its admin and ready listeners
	Stdout *Buffer
	Stderr *Buffer
	Start  time.Time

	cmd  *exec.Cmd
	done chan error
}

// StartEnvoy runs bin with a configuration whose listeners are on host. It does not wait.
func StartEnvoy(bin, host string, args, env []string) (*Envoy, error) {
	e := &Envoy{Host: host, Stdout: new(Buffer), Stderr: new(Buffer), done: make(chan error, 1)}
	e.cmd = exec.Command(bin, args...)
	e.cmd.Stdout, e.cmd.Stderr = e.Stdout, e.Stderr
	e.cmd.Env = env
	// The kernel ends Envoy if the test process dies without stopping it.
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	e.Start = time.Now()
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { e.done <- e.cmd.Wait() }()
	return e, nil
}

// Get returns the status and body of a path on the ready listener (9902) or,
// with port 9901, on the admin interface.
func (e *Envoy) Get(port int, path string) (int, string, error) {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(fmt.Sprintf("http://%s:%d%s", e.Host, port, path))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// WaitReady returns how long after the start /ready said 200 on 9902, as the
// kubelet's startup probe sees it.
func (e *Envoy) WaitReady(ctx context.Context) (time.Duration, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if code, _, err := e.Get(9902, "/ready"); err == nil && code == http.StatusOK {
			return time.Since(e.Start), nil
		}
		select {
		case <-tick.C:
		case err := <-e.done:
			e.done <- err
			return 0, fmt.Errorf("envoy ended: %v\n%s", err, e.Stderr)
		case <-ctx.Done():
			return 0, fmt.Errorf("not ready: %w\n%s", ctx.Err(), e.Stderr)
		}
	}
}

// Stats returns the counters and gauges whose name matches pattern.
func (e *Envoy) Stats(pattern string) map[string]int64 {
	re := regexp.MustCompile(pattern)
	_, body, err := e.Get(9901, "/stats?format=json")
	if err != nil {
		return nil
	}
	var doc struct {
		Stats []struct {
			Name  string
			Value json.RawMessage
		}
	}
	json.Unmarshal([]byte(body), &doc)
	out := map[string]int64{}
	for _, s := range doc.Stats {
		var n int64
		if re.MatchString(s.Name) && json.Unmarshal(s.Value, &n) == nil {
			out[s.Name] = n
		}
	}
	return out
}

// Hosts returns the addresses of a cluster's hosts with their health flags,
// "healthy" or what keeps the host out of rotation.
func (e *Envoy) Hosts(cluster string) map[string]string {
	_, body, err := e.Get(9901, "/clusters")
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for line := range strings.Lines(body) {
		f := strings.SplitN(strings.TrimSpace(line), "::", 4)
		if len(f) == 4 && f[0] == cluster && f[2] == "health_flags" {
			out[f[1]] = f[3]
		}
	}
	return out
}

// Memory is what Envoy holds in MiB: its own, and pages of the binary, which
// the kernel shares between Pods and takes back when it must.
func (e *Envoy) Memory() (own, file int) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	for line := range strings.Lines(string(data)) {
		fmt.Sscanf(line, "RssAnon: %d", &own)
		fmt.Sscanf(line, "RssFile: %d", &file)
	}
	return own >> 10, file >> 10
}

// Stop sends SIGTERM, as the kubelet does, and returns how long Envoy took.
func (e *Envoy) Stop() (time.Duration, error) {
	t := time.Now()
	e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-e.done:
		e.done <- err
		return time.Since(t), err
	case <-time.After(10 * time.Second):
		e.cmd.Process.Kill()
		return time.Since(t), fmt.Errorf("envoy ignored SIGTERM")
	}
}

// Buffer is a bytes.Buffer that a process and a test may share.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
