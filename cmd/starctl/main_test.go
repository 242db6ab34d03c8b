package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
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
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"steady": steady, "code": code},
	})
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
	want := map[string]int{"0": 0, "1": 1, "2": 2, "130": 130}[args[0]]
	err := ts.Exec(args[1], args[2:]...)
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
