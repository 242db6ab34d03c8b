package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"starctl": main})
}

// TestScripts runs testdata/script/TOPIC_CASE.txtar. What varies from run to run, times, is cut from what is compared by
// the command "steady".
func TestScripts(t *testing.T) {
	beside := buildValidator(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+beside)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"steady": steady, "code": code},
	})
}

// buildValidator builds the program that starctl runs to validate, and returns the directory that it is in. The one under test
// does not link it, as starctl does not.
func buildValidator(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+"/", "../starctl-envoy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

var times = regexp.MustCompile(`\(?\b[0-9.]+ m?s\b\)?|(seconds|time)("?[=:] ?"?)[0-9.]+`)

// steady copies the standard output of the last command to a file, without times: steady FILE.
func steady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: steady FILE")
	}
	text := times.ReplaceAllString(ts.ReadFile("stdout"), "$1$2")
	text = regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(text, "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// code runs starctl and checks its exit code: code 2 starctl render.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(interface{ ExitCode() int }); ok {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// Every script of a command is named after it, so that a stranger finds it.
func TestScriptNames(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	topics := map[string]bool{"flags": true, "help": true, "ui": true, "later": true}
	for _, c := range newRoot(newUI(os.Stdout, os.Stderr, os.Getenv)).Commands() {
		topics[c.Name()] = true
	}
	for _, f := range files {
		topic := regexp.MustCompile(`^[a-z]+`).FindString(filepath.Base(f))
		if !topics[topic] {
			t.Errorf("%s: %q is no command", f, topic)
		}
	}
}

// untilPrinted interrupts when something was printed.
type untilPrinted struct {
	strings.Builder
	interrupt func()
}

func (w *untilPrinted) Write(p []byte) (int, error) {
	w.interrupt()
	return w.Builder.Write(p)
}

func TestInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deploy.star")
	loop := "def main(ctx):\n    print(\"begun\")\n    for i in range(1 << 40):\n        pass\n"
	if err := os.WriteFile(file, []byte(loop), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &untilPrinted{interrupt: cancel}
	var stdout strings.Builder
	if code := run(ctx, []string{"render", file}, &stdout, stderr); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if !strings.HasSuffix(stderr.String(), "begun\nstarctl: interrupted\n") || stdout.String() != "" {
		t.Errorf("printed %q and %q", stdout.String(), stderr.String())
	}
}

// Whoever reads has gone: no error, no noise.
func TestBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	var stderr strings.Builder
	if code := run(t.Context(), []string{"doc"}, w, &stderr); code != exitBad || stderr.String() != "" {
		t.Errorf("exit code %d, printed %q", code, stderr.String())
	}
}

// Starting must stay cheap: what a command does not need, it must not pay for.
func TestInit(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, "-test.run=^$")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		for _, banned := range []string{
			"k8s.io/api/", "k8s.io/client-go/kubernetes", "k8s.io/client-go/dynamic", "k8s.io/client-go/discovery", "k8s.io/client-go/informers",
			"google.golang.org/protobuf", "github.com/envoyproxy/go-control-plane",
		} {
			if strings.Contains(line, "init "+banned) {
				t.Errorf("at start: %s", line)
			}
		}
	}
}
