package interp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/starlark/diag"
)

// split reads files from one text, as txtar writes them: each begins with a line -- NAME --.
func split(text string) map[string]string {
	files := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n-- ") {
		if name, content, ok := strings.Cut(part, " --\n"); ok {
			files[name] = content
			if !strings.HasSuffix(content, "\n") {
				files[name] += "\n"
			}
		}
	}
	return files
}

// testInterpreter returns an Interpreter over files; those of lib/NAME/ of its own trees are below @NAME.
func testInterpreter(text string) *Interpreter {
	root, libs := fstest.MapFS{}, map[string]fs.FS{}
	for name, content := range split(text) {
		file := &fstest.MapFile{Data: []byte(content)}
		if lib, rest, ok := strings.Cut(strings.TrimPrefix(name, "@"), "//"); ok {
			if libs[lib] == nil {
				libs[lib] = fstest.MapFS{}
			}
			libs[lib].(fstest.MapFS)[rest] = file
			continue
		}
		root[name] = file
	}
	in := &Interpreter{Root: root, Libs: libs, Predeclared: starlark.StringDict{}}
	for name, fn := range map[string]func(*starlark.Thread, string) (starlark.Value, error){
		"package": Package,
		"read_file": func(t *starlark.Thread, s string) (starlark.Value, error) {
			v, err := ReadFile(t, s)
			return starlark.String(v), err
		},
		"glob": func(t *starlark.Thread, s string) (starlark.Value, error) {
			list, err := Glob(t, strings.Fields(s)...)
			return starlark.String(strings.Join(list, " ")), err
		},
		"boom": func(*starlark.Thread, string) (starlark.Value, error) { panic("boom") },
	} {
		in.Predeclared[name] = starlark.NewBuiltin(name, func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			var s string
			if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0, &s); err != nil {
				return nil, err
			}
			return fn(thread, s)
		})
	}
	return in
}

// outcome loads //main.star, calls main if there is one, and returns its value, or what is wrong.
func outcome(t *testing.T, in *Interpreter) string {
	t.Helper()
	m, err := in.Load(t.Context(), "//main.star")
	if err != nil {
		return show(t, in, err)
	}
	main, ok := m.Globals["main"].(*starlark.Function)
	if !ok {
		return m.Globals["x"].String() + "\n"
	}
	v, err := in.Call(t.Context(), main, nil, nil)
	if err != nil {
		return show(t, in, err)
	}
	return v.String() + "\n"
}

func show(t *testing.T, in *Interpreter, err error) string {
	t.Helper()
	var b bytes.Buffer
	list, ok := err.(diag.List)
	if !ok {
		t.Fatalf("got %T, want a diag.List: %v", err, err)
	}
	if err := diag.Write(&b, list, in, diag.Style{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCases runs testdata/*.txt: cases of the form "# name", files, and what is wanted in a file named "want".
func TestCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		topic := strings.TrimSuffix(filepath.Base(path), ".txt")
		var out strings.Builder
		for i, part := range strings.Split("\n"+string(text), "\n### ") {
			name, files, ok := strings.Cut(part, "\n")
			if i == 0 || !ok {
				out.WriteString(strings.TrimPrefix(part, "\n"))
				continue
			}
			input, want, ok := strings.Cut(strings.TrimRight(files, "\n")+"\n", "-- want --\n")
			if !ok && !update() {
				t.Fatalf("%s: %s: no want", path, name)
			}
			t.Run(topic+"/"+name, func(t *testing.T) {
				in := testInterpreter(input)
				in.Limits = Limits{Steps: 1_000_000, Memory: 256 << 20}
				got := outcome(t, in)
				if diff := cmp.Diff(strings.TrimRight(want, "\n"), strings.TrimRight(got, "\n")); diff != "" && !update() {
					t.Error(diff)
				}
				fmt.Fprintf(&out, "\n### %s\n%s-- want --\n%s", name, input, got)
			})
		}
		if update() {
			if err := os.WriteFile(path, []byte(strings.TrimPrefix(out.String(), "\n")), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// update reports whether UPDATE=1 asks to rewrite the cases.
func update() bool { return os.Getenv("UPDATE") != "" }

// TestSource holds that a file's text can be had before anything is evaluated.
func TestSource(t *testing.T) {
	in := testInterpreter("-- main.star --\nx = 1\n")
	if got := string(in.Source("main.star")); got != "x = 1\n" {
		t.Errorf("got %q", got)
	}
	if got := in.Source("other.star"); got != nil {
		t.Errorf("a file that is not there: got %q", got)
	}
}

func TestEvaluatedOnce(t *testing.T) {
	in := testInterpreter(`-- main.star --
load("//lib/a.star", "a")
load("./lib/b.star", "b")
p = package("//lib")
x = [a, b, p.a]
-- lib/a.star --
print("a")
a = [1]
-- lib/b.star --
load("//lib/a.star", inner = "a")
print("b")
b = inner
`)
	var mu sync.Mutex
	var printed []string
	in.Print = func(_ *starlark.Thread, msg string) {
		mu.Lock()
		defer mu.Unlock()
		printed = append(printed, msg)
	}
	if got, want := outcome(t, in), "[[1], [1], [1]]\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if diff := cmp.Diff([]string{"a", "b"}, printed); diff != "" {
		t.Error(diff)
	}
	m, err := in.Load(t.Context(), "//lib/a.star")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Globals["a"].(*starlark.List).Append(starlark.None); err == nil {
		t.Error("what a module defines is not frozen")
	}
}

// TestParallel loads files that share others, and circles of files, from many goroutines at once.
func TestParallel(t *testing.T) {
	const n = 40
	var files strings.Builder
	for i := range n {
		fmt.Fprintf(&files, "-- good%d.star --\nload(\"//lib%d.star\", \"x\")\n", i, i%5)
		fmt.Fprintf(&files, "-- c%d.star --\nload(\"//c%d.star\", \"x\")\n", i, (i+1)%n)
	}
	for i := range 5 {
		fmt.Fprintf(&files, "-- lib%d.star --\nload(\"//base.star\", y = \"x\")\nx = y\n", i)
	}
	files.WriteString("-- base.star --\nprint(1)\nx = [i for i in range(10000)][5]\n")
	in := testInterpreter(files.String())
	var printed atomic.Int32
	in.Print = func(*starlark.Thread, string) { printed.Add(1) }

	var wg sync.WaitGroup
	errs := make([]error, 2*n)
	for i := range n {
		wg.Go(func() { _, errs[i] = in.Load(context.Background(), fmt.Sprintf("//good%d.star", i)) })
		wg.Go(func() { _, errs[n+i] = in.Load(context.Background(), fmt.Sprintf("//c%d.star", i)) })
	}
	wg.Wait()
	for i, err := range errs {
		if i < n && err != nil {
			t.Error(err)
		}
		if i < n {
			continue
		}
		list, ok := err.(diag.List)
		if !ok || len(list) != 1 || !strings.HasPrefix(list[0].Message, "these files load one another: c0.star -> c1.star -> ") {
			t.Errorf("c%d: got %v", i-n, err)
		}
	}
	if got := printed.Load(); got != 1 {
		t.Errorf("base.star was evaluated %d times", got)
	}
}

func TestContext(t *testing.T) {
	in := testInterpreter("-- main.star --\nload(\"//slow.star\", \"x\")\n-- slow.star --\nwait()\nx = 1\n")
	started := make(chan bool, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	in.Predeclared["wait"] = starlark.NewBuiltin("wait", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		if calls.Add(1) == 1 {
			started <- true
			<-ctx.Done()
		}
		return starlark.None, nil
	})
	var wg sync.WaitGroup
	var first, second error
	wg.Go(func() { _, first = in.Load(ctx, "//main.star") })
	<-started
	wg.Go(func() { _, second = in.Load(t.Context(), "//slow.star") })
	cancel()
	wg.Wait()
	if !errors.Is(first, context.Canceled) {
		t.Errorf("the interrupted one: %v", first)
	}
	if second != nil {
		t.Errorf("the other one: %v", second)
	}
	if _, err := in.Load(t.Context(), "//main.star"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestReported holds that mistakes which Finish returns stop nothing, are reported once, and come with what loads them.
func TestReported(t *testing.T) {
	in := testInterpreter("-- main.star --\nload(\"//lib.star\", \"y\")\nreport(\"in main.star\")\ndef main():\n    report(\"in main\")\n    return 1 // y\n-- lib.star --\nreport(\"in lib\")\ny = 0\n")
	const key = "reported"
	in.NewThread = func(thread *starlark.Thread) { thread.SetLocal(key, new(diag.List)) }
	in.Finish = func(thread *starlark.Thread) error { return *thread.Local(key).(*diag.List) }
	in.Predeclared["report"] = starlark.NewBuiltin("report", func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		list := thread.Local(key).(*diag.List)
		place := diag.Place{Frames: diag.Frames(thread.CallStack(), in)}
		*list = append(*list, diag.Diagnostic{Pos: place.Locate(in), Message: string(args[0].(starlark.String))})
		return starlark.None, nil
	})
	m, err := in.Load(t.Context(), "//main.star")
	if m == nil {
		t.Fatalf("no module: %v", err)
	}
	want := "lib.star:1:1: in lib\n    1 | report(\"in lib\")\n      | ^^^^^^\nmain.star:2:1: in main.star\n    2 | report(\"in main.star\")\n      | ^^^^^^\n"
	if diff := cmp.Diff(want, show(t, in, err)); diff != "" {
		t.Error(diff)
	}
	v, err := in.Call(t.Context(), m.Globals["main"].(starlark.Callable), nil, nil)
	want = "main.star:4:5: in main\n    4 |     report(\"in main\")\n      |     ^^^^^^\nmain.star:5:14: floored division by zero\n    5 |     return 1 // y\n      |              ^^\n"
	if diff := cmp.Diff(want, show(t, in, err)); diff != "" || v != nil {
		t.Errorf("%v %s", v, diff)
	}
}

// TestRoot holds that no link and no path leads out of a real directory.
func TestRoot(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	write("secret.star", "x = 'secret'\n")
	write("project/ok.star", "x = 1\n")
	write("project/sub/y.star", "x = 1\n")
	link("ok.star", "project/inside.star")
	link("../secret.star", "project/outside.star")
	link("..", "project/up")
	link(dir, "project/abs")
	link("loop.star", "project/loop.star")
	root, err := os.OpenRoot(filepath.Join(dir, "project"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, want := range map[string]string{
		"//ok.star":            "",
		"//inside.star":        "",
		"//sub/y.star":         "",
		"//outside.star":       "outside.star leaves the root through a symbolic link",
		"//up/secret.star":     "up/secret.star leaves the root through a symbolic link",
		"//abs/secret.star":    "abs/secret.star leaves the root through a symbolic link",
		"//../secret.star":     `path "//../secret.star" leaves the root: want a path in the project`,
		"//sub/../../x.star":   `path "//sub/../../x.star" leaves the root: want a path in the project`,
		"//loop.star":          "loop.star cannot be read: too many levels of symbolic links",
		dir + "/secret.star":   "path " + fmt.Sprintf("%q", dir+"/secret.star") + ": an absolute path leaves the project: want //path from its root, or ./path",
		"//sub/../secret.star": `path "//sub/../secret.star": .. is not for paths: want one from the root: did you mean "//secret.star"?`,
	} {
		in := &Interpreter{Root: root.FS()}
		got := ""
		if _, err := in.Load(t.Context(), name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// FuzzName holds that no name leads out of the tree that it names, and that what is refused says why.
func FuzzName(f *testing.F) {
	for _, s := range []string{"//a.star", "./a.star", "../a.star", "//../a", "./x/../../y", "@std//a.star", "@std//../a", "@std/a", "/etc/passwd", "//.git/config", "a:b", "//a//b", "", "//", "./", "@", "@//", "//a\x00b", `\\x`, "https://x", "//a/./b", "//a/", "./.", "./.."} {
		f.Add(s, "main.star")
		f.Add(s, "sub/dir/x.star")
		f.Add(s, "@std//lib/x.star")
	}
	in := testInterpreter("-- main.star --\n-- @std//x.star --\n")
	in.init()
	f.Fuzz(func(t *testing.T, name, from string) {
		if lib := treeOf(from).lib; !fs.ValidPath(treeOf(from).path) || lib != "" && in.Libs[lib] == nil {
			t.Skip()
		}
		where, err := in.locate(from, name)
		if err != nil {
			if err.Error() == "" {
				t.Error("no message")
			}
			return
		}
		if !fs.ValidPath(where.path) || in.fs(where.lib) == nil {
			t.Errorf("%q leads to %q", name, where)
		}
		if from := treeOf(from).lib; where.lib != from && !strings.HasPrefix(name, "@") {
			t.Errorf("%q leads from %q to %q", name, from, where.lib)
		}
		for part := range strings.SplitSeq(where.path, "/") {
			if part != "." && strings.HasPrefix(part, ".") {
				t.Errorf("%q leads to %q", name, where)
			}
		}
	})
}
