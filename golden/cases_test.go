package golden

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/starctl/starctl"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/starlark/diag"
	"github.com/starctl/starctl/starlark/interp"
	"github.com/starctl/starctl/starlark/project"
)

var update = flag.Bool("update", false, "rewrite what the cases compare with")

// TestCases renders testdata/TOPIC/CASE.txtar. Its comment says what it is about; its files are a project. Of these
//
//	deploy.star      is rendered, unless args names another file
//	args             holds arguments: --target T, --set NAME=VALUE, --namespace N, --max-steps N, a file
//	setup            makes what an archive cannot hold, a line each: symlink NAME TARGET; mkdir NAME; write NAME "TEXT"
//	want.yaml        is what is rendered; there is none if there is a mistake
//	want.err         is every mistake and warning, as a person sees them; there is none if there are none
//
// -update rewrites the last two.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d cases", len(files))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(file, "testdata"+string(filepath.Separator))), ".txtar")
		t.Run(name, func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(text)
	got := renderCase(t, a)
	if strings.Contains(got.err, "mistake in starctl") {
		t.Errorf("a panic:\n%s", got.err)
	}
	judge(t, got.objects)
	want := map[string]string{"want.yaml": got.yaml, "want.err": got.err}
	if *update {
		rewrite(t, file, a, want)
		return
	}
	for _, name := range []string{"want.yaml", "want.err"} {
		if had := content(a, name); had != want[name] {
			t.Errorf("%s: got\n%s\nwant\n%s", name, want[name], had)
		}
	}
}

func content(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func rewrite(t *testing.T, file string, a *txtar.Archive, want map[string]string) {
	t.Helper()
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want.") })
	for _, name := range []string{"want.yaml", "want.err"} {
		if want[name] != "" {
			a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(want[name])})
		}
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}

// outcome is what a case came to.
type outcome struct {
	yaml, err string
	objects   []*kube.Object
}

func renderCase(t *testing.T, a *txtar.Archive) outcome {
	t.Helper()
	dir := t.TempDir()
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "want.") && f.Name != "args" && f.Name != "setup" {
			writeCase(t, dir, f.Name, f.Data)
		}
	}
	setup(t, dir, content(a, "setup"))
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return evaluate(t, root, parseArgs(t, content(a, "args")))
}

func writeCase(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func setup(t *testing.T, dir, script string) {
	t.Helper()
	for line := range strings.Lines(script) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		var err error
		switch words[0] {
		case "symlink":
			err = os.Symlink(words[2], filepath.Join(dir, words[1]))
		case "mkdir":
			err = os.MkdirAll(filepath.Join(dir, words[1]), 0o777)
		case "write":
			var s string
			if s, err = strconv.Unquote(words[2]); err == nil {
				writeCase(t, dir, words[1], []byte(s))
			}
		default:
			err = fmt.Errorf("setup: %q", line)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

type arguments struct {
	file, target, namespace string
	inputs                  project.Values
	limits                  interp.Limits
}

func parseArgs(t *testing.T, text string) arguments {
	t.Helper()
	a := arguments{file: "deploy.star"}
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		value := ""
		if strings.HasPrefix(words[i], "-") && i+1 < len(words) {
			value = words[i+1]
		}
		var err error
		switch words[i] {
		case "--target":
			a.target = value
		case "--namespace":
			a.namespace = value
		case "--set":
			var v project.Value
			v, err = project.ParseSet(value)
			a.inputs = append(a.inputs, v)
		case "--max-steps":
			a.limits.Steps, err = strconv.ParseUint(value, 10, 64)
		case "--max-memory":
			a.limits.Memory, err = strconv.Atoi(value)
		default:
			a.file = words[i]
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		i++
	}
	return a
}

// evaluate does what starctl render does, without a terminal.
func evaluate(t *testing.T, root *os.Root, a arguments) outcome {
	t.Helper()
	var out outcome
	p, err := starctl.Open(root.FS(), starctl.Settings{Limits: a.limits})
	if err != nil {
		src := diag.Texts{}
		if text, err := root.ReadFile(project.File); err == nil {
			src[project.File] = string(text)
		}
		return out.failed(t, err, src)
	}
	targets, err := p.Config.Select(a.target)
	if err != nil {
		return out.failed(t, err, p)
	}
	job := starctl.Job{File: a.file, Namespace: a.namespace, Inputs: a.inputs}
	if len(targets) > 0 {
		job.Target = targets[0]
	}
	ctx := context.Background()
	list, err := p.Unclaimed(ctx, []string{a.file}, a.inputs)
	if err == nil && len(list) == 0 {
		list, err = p.UnclaimedOfTargets(ctx, []string{a.file})
	}
	if err != nil || len(list) > 0 {
		return out.failed(t, errors.Join(err, list.Err()), p)
	}
	res, err := p.Render(ctx, job)
	if err != nil {
		return out.failed(t, err, p)
	}
	var b bytes.Buffer
	if err := encode.Write(&b, encode.YAML, res.Set.Objects); err != nil {
		t.Fatal(err)
	}
	out.yaml, out.objects = b.String(), res.Set.Objects
	if len(res.Warnings) > 0 {
		return out.failed(t, res.Warnings, p)
	}
	return out
}

// failed adds mistakes and warnings as they are printed.
func (o outcome) failed(t *testing.T, err error, src diag.Sources) outcome {
	t.Helper()
	var list diag.List
	if !errors.As(err, &list) {
		list = diag.From(err, src)
	}
	var b strings.Builder
	if err := diag.Write(&b, list, src, diag.Style{}); err != nil {
		t.Fatal(err)
	}
	o.err = b.String()
	return o
}
