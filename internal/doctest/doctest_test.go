// Package doctest runs what the documentation shows. In README.md and docs/*.md
//
//	```python deploy.star      a block with a file's name is written to that file
//	```console                 runs each line after "$ " and compares what it prints with the lines below
//
// in one empty directory for each page, from top to bottom. A line of "..." stands for any number of lines, and "# " begins a
// remark. Only starctl and a few harmless commands are run.
package doctest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPages(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+"/", "./cmd/...")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			p := &reader{t: t, dir: t.TempDir(), path: bin + ":" + os.Getenv("PATH")}
			for _, b := range blocks(string(text)) {
				ran += p.block(b)
			}
		})
	}
	if ran == 0 {
		t.Error("no page shows a command")
	}
}

type block struct {
	info string // what follows the fence: "console", "python deploy.star"
	text string
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*[^\n`]*)\n(.*?)^```$")

func blocks(page string) []block {
	var list []block
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

type reader struct {
	t         *testing.T
	dir, path string
}

// block does what a block says and returns how many commands it ran.
func (p *reader) block(b block) int {
	kind, file, _ := strings.Cut(b.info, " ")
	switch {
	case kind == "console":
		return p.console(b.text)
	case file != "":
		name := filepath.Join(p.dir, filepath.Clean("/"+file))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	return 0
}

func (p *reader) console(text string) int {
	ran := 0
	for _, session := range strings.Split("\n"+text, "\n$ ")[1:] {
		command, want, _ := strings.Cut(session, "\n")
		got := p.run(command)
		if !matches(strings.Split(strings.TrimRight(want, "\n"), "\n"), strings.Split(strings.TrimRight(got, "\n"), "\n")) {
			p.t.Errorf("$ %s\nprints\n%s\nthe page shows\n%s", command, brief(got), want)
		}
		ran++
	}
	return ran
}

// brief is the beginning of a long text.
func brief(s string) string {
	lines := strings.SplitAfter(s, "\n")
	if len(lines) <= 60 {
		return s
	}
	return strings.Join(lines[:60], "") + "(and more)\n"
}

var harmless = map[string]bool{"starctl": true, "cat": true, "ls": true, "diff": true, "cd": true, "mkdir": true, "sed": true, "grep": true}

func (p *reader) run(command string) string {
	command, _, _ = strings.Cut(command, "   # ")
	if word, _, _ := strings.Cut(command, " "); !harmless[word] {
		p.t.Fatalf("a page may not run %q", command)
	}
	if dir, ok := strings.CutPrefix(command, "cd "); ok {
		p.dir = filepath.Join(p.dir, dir)
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Dir = p.dir
	c.Env = []string{"PATH=" + p.path, "HOME=" + p.dir, "LANG=C.UTF-8"}
	out, _ := c.CombinedOutput() // its status is in what it prints
	return string(out)
}

var (
	times = regexp.MustCompile(`\b\d+(\.\d+)? m?s\b`)
	space = regexp.MustCompile(`[ \t]+`)
)

// matches compares lines; "..." stands for any number of them, and times differ from run to run.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "..." {
		for i := range len(got) + 1 {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && normal(want[0]) == normal(got[0]) && matches(want[1:], got[1:])
}

func normal(line string) string {
	return strings.TrimRight(space.ReplaceAllString(times.ReplaceAllString(line, "N ms"), " "), " ")
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a\nc", false},
		{"a\n...\nd", "a\nb\nc\nd", true},
		{"a\n...\ne", "a\nb\nc\nd", false},
		{"...", "", true},
		{"ok 3 ms", "ok 14 ms", true},
		{"a", "a\nb", false},
	} {
		if got := matches(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); got != c.ok {
			t.Errorf("matches(%q, %q) = %v", c.want, c.got, got)
		}
	}
}
