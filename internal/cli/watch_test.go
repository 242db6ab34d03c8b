package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen is what a command prints, while it runs.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// watched is a command that stays, in a directory of its own.
type watched struct {
	*testing.T
	dir      string
	out, err screen
}

func (w *watched) write(name, text string) {
	w.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		w.Fatal(err)
	}
}

// await waits until a screen shows a text, behind what it was asked for last.
func (w *watched) await(s *screen, text string) string {
	w.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(s.String(), text) {
			all := s.String()
			s.mu.Lock()
			s.text.Reset()
			s.mu.Unlock()
			return all
		}
	}
	w.Fatalf("%q does not appear; stdout:\n%s\nstderr:\n%s", text, w.out.String(), w.err.String())
	return ""
}

// start runs a command with -C until the test ends it, and checks that it was interrupted.
func (w *watched) start(args ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() { done <- whole.run(ctx, append(args, "-C", w.dir), &w.out, &w.err) }()
	w.Cleanup(func() {
		cancel()
		select {
		case code := <-done:
			if code != exitInterrupted {
				w.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
		case <-time.After(20 * time.Second):
			w.Error("it does not end")
		}
	})
}

const project1 = "project(name = \"shop\")\ntarget(\"dev\", namespace = \"shop\")\n"

func TestRenderWatch(t *testing.T) {
	w := &watched{T: t, dir: t.TempDir()}
	w.write("starctl.star", project1)
	w.write("lib/web.star", "def web(name):\n    return config_map(name, data = {\"from\": \"lib\"})\n")
	w.write("a/deploy.star", "load(\"//lib/web.star\", \"web\")\n\ndef main(ctx):\n    return [web(\"a\"), config_map(\"text\", data = {\"t\": read_file(\"./t.txt\")})]\n")
	w.write("a/t.txt", "one")
	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"b\", data = {\"n\": \"1\"})\n")
	w.start("render", "./...", "--watch")
	w.await(&w.err, "watching 2 deploy files")

	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"b\", data = {\"n\": \"22\"})\n")
	got := w.await(&w.out, "1 change in 1 file of 2 files")
	for _, want := range []string{"b/deploy.star on dev", "ConfigMap shop/b", `data["n"]`, "- 1", "+ 22"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	// A library affects those that load it, a text those that read it.
	w.write("lib/web.star", "def web(name):\n    return config_map(name, data = {\"from\": \"the library\"})\n")
	if got := w.await(&w.out, "1 change in 1 file of 2 files"); !strings.Contains(got, "ConfigMap shop/a") {
		t.Error(got)
	}
	w.write("a/t.txt", "another")
	if got := w.await(&w.out, "1 change in 1 file of 2 files"); !strings.Contains(got, "+ another") {
		t.Error(got)
	}
	// A mistake is shown, and forgotten when it is mended; what changed meanwhile is shown then.
	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"b\", dat = {})\n")
	w.await(&w.err, `did you mean "data"?`)
	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"b\", data = {\"n\": \"333\"})\n")
	if got := w.await(&w.out, "1 change in 1 file"); !strings.Contains(got, "- 22") || !strings.Contains(got, "+ 333") {
		t.Error(got)
	}
	// Files come and go.
	w.write("c/deploy.star", "def main(ctx):\n    return config_map(\"c\", data = {\"n\": \"1\"})\n")
	w.await(&w.out, "ConfigMap shop/c   new")
	if err := os.RemoveAll(filepath.Join(w.dir, "c")); err != nil {
		t.Fatal(err)
	}
	w.await(&w.out, "c/deploy.star   no longer there")
	// The project's file is that of all.
	w.write("starctl.star", project1+"defaults(labls = {})\n")
	w.await(&w.err, `did you mean "labels"?`)
	w.write("starctl.star", project1+"defaults(labels = {\"team\": \"x\"})\n")
	w.await(&w.out, "3 changes in 2 files of 2 files")
}

func TestTestWatch(t *testing.T) {
	w := &watched{T: t, dir: t.TempDir()}
	w.write("starctl.star", project1)
	for _, name := range []string{"a", "b"} {
		w.write(name+"/deploy.star", "def main(ctx):\n    return config_map(\"m\", data = {\"n\": \"1\"})\n")
		w.write(name+"/golden/dev.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  namespace: shop\ndata:\n  n: \"1\"\n")
	}
	w.start("test", "./...", "--watch")
	w.await(&w.out, "2 ok")
	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"m\", data = {\"n\": \"22\"})\n")
	got := w.await(&w.out, "1 failed")
	if !strings.Contains(got, "+ 22") || strings.Contains(got, "ok ") {
		t.Error(got)
	}
	w.write("b/golden/dev.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  namespace: shop\ndata:\n  n: \"22\"\n")
	w.await(&w.out, "1 ok")
	w.write("b/deploy.star", "def main(ctx):\n    return confg_map(\"m\")\n")
	w.await(&w.out, `did you mean "config_map"?`)
	w.write("b/deploy.star", "def main(ctx):\n    return config_map(\"m\", data = {\"n\": \"22\"})\n")
	w.await(&w.out, "1 ok")
}
