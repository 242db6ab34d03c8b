package interp

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starctl/starctl/starlark/diag"
)

// service is what a deploy file does: it calls constructors, with formats and a little arithmetic in between.
const service = `
TEAMS = ["identity", "payments", "search", "growth", "platform"]
LEVELS = ["debug", "info", "warn"]

def res(cpu, mem):
    return struct(
        requests = {"cpu": "%dm" % cpu, "memory": "%dMi" % mem},
        limits = {"cpu": "%dm" % (2 * cpu), "memory": "%dMi" % (2 * mem)},
    )

def service(i):
    name = "service-%d" % i
    team = TEAMS[i % 5]
    tag = "1.%d.%d" % (i % 20, i % 7)
    port = 8000 + i % 1000
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": team, "version": tag}
    upstreams = ["%s.%s.svc.cluster.local" % (n, team) for n in ("auth", "billing", "ledger")]
    return [
        struct(kind = "Deployment", metadata = struct(name = name, labels = labels), spec = struct(
            replicas = 2 + i % 3,
            selector = {"matchLabels": {"app.kubernetes.io/name": name}},
            template = struct(metadata = struct(labels = labels), spec = struct(containers = [struct(
                name = name,
                image = "registry.example.com/%s/%s:%s" % (team, name, tag),
                ports = [struct(name = "grpc", containerPort = port), struct(name = "metrics", containerPort = 9100 + i % 100)],
                env = [
                    struct(name = "LOG_LEVEL", value = LEVELS[i % 3]),
                    struct(name = "MAX_CONNS", value = str(100 + i % 50)),
                    struct(name = "UPSTREAMS", value = ",".join(upstreams)),
                ],
                resources = res(100 + 50 * (i % 8), 128 + 64 * (i % 4)),
                readinessProbe = struct(httpGet = struct(path = "/ready", port = "http"), initialDelaySeconds = 10 + i % 20, periodSeconds = 10),
                livenessProbe = struct(httpGet = struct(path = "/healthz", port = "http"), initialDelaySeconds = 10 + i % 20, periodSeconds = 10),
            )])),
        )),
        struct(kind = "Service", metadata = struct(name = name, labels = labels), spec = struct(
            selector = {"app.kubernetes.io/name": name},
            ports = [struct(name = "grpc", port = 80, targetPort = "grpc")],
        )),
        struct(kind = "PodDisruptionBudget", metadata = struct(name = name, labels = labels), spec = struct(maxUnavailable = 1)),
    ]

def main():
    return [service(i) for i in range(100)]
`

func BenchmarkService(b *testing.B) {
	predeclared := starlark.StringDict{"struct": starlark.NewBuiltin("struct", starlarkstruct.Make)}
	benchmarkGuards(b, service, predeclared)
}

func BenchmarkOperators(b *testing.B) {
	for _, op := range []string{`"%dm" % i`, `"%s-%s" % ("a", "b")`, `"%s" % [i]`, `2 * i`, `i * 1024`, `i * i`, `i % 7`, `i % i1`, `"x" * 3`, `",".join(list)`, `text.replace("a", "b")`, `"{}".format(i)`, `text.split(",")`, `str(i)`, `list(list)`} {
		b.Run(op, func(b *testing.B) {
			benchmarkGuards(b, "def main():\n    i1, text, list_ = 7, \"a,b\", [\"a\", \"b\"]\n    for i in range(1, 1000):\n        x = "+strings.ReplaceAll(op, "(list)", "(list_)")+"\n", nil)
		})
	}
}

// benchmarkGuards calls main of a file with and without guards.
func benchmarkGuards(b *testing.B, text string, predeclared starlark.StringDict) {
	b.Run("plain", func(b *testing.B) {
		globals, err := starlark.ExecFileOptions(dialect(), new(starlark.Thread), "main.star", text, predeclared)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := starlark.Call(new(starlark.Thread), globals["main"], nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("guarded", func(b *testing.B) {
		in := &Interpreter{Root: fstest.MapFS{"main.star": {Data: []byte(text)}}, Predeclared: predeclared}
		m, err := in.Load(b.Context(), "//main.star")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := in.Call(b.Context(), m.Globals["main"].(starlark.Callable), nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// FuzzGuards holds that guards change nothing but what is refused for its size: the value, the message and its place are
// those of go.starlark.net. Nothing panics, and every mistake has a place.
func FuzzGuards(f *testing.F) {
	for _, s := range []string{
		"x = 1", "x = 'a%s' % [1]", "x = 'a%s' % (1, 2)", "x = '%d' % 'a'", "x = '%s%%%d' % ('a', 1 << 80)", "x = '%r' % 'a'", "x = '%' % 1",
		"a = 'ab'\nx = a % 3", "a = {'b': 1}\nx = '%(b)s' % a", "x = 2 * 'a' * 3", "x = 'a' * -1", "x = [1] * 2 + (1,) * 2", "x = 1.5 * 2 * 3",
		"x = {} * 3", "x = 3 * {}", "a = 3\nx = a * a * None", "x = ','.join(['a', 1])", "x = ','.join(3)", "x = 'a'.replace('a')", "x = 3 .join(1)",
		"x = 'a b'.split(None, 1)", "x = 'a'.split('')", "x = '{} {a}'.format(1, a = 2)", "x = '{'.format()", "x = [1]\nx.extend(3)", "x = ['a'].join",
		"def f():\n  x = 'a'\n  x *= 3\n  x %= 1\n  return x\nx = f()", "def f():\n  d = {'a': [1]}\n  d['a'] *= 2\n  d['b'] %= 1\nf()", "x = list(3)",
		"x = sorted([1, 'a'])", "x = zip([1], range(3))", "x = enumerate(range(3), 'a')", "x = int('z')", "x = str()", "x = dict([1])", "x = range(1, 2, 0)",
		"x = getattr('a', 'join')(['b'])", "x = getattr([], 'foo')", "x = bytes(range(300))", "x = [i for i in range(3)][5]", "x = y", "x = x", "load('//a.star', 'b')",
		"x = 5 ^ 3", "a = [1]\nb = a\na += (2,)\nx = [a, b, a + b, b + a]", "def f(a, b):\n  a += b\n  return a + b\nx = [f(1, 2), f('a', 'b'), f([], [1]), f((), (1,))]", "def f(a, b): return a + b\nx = f({}, [])", "def f(a, b):\n  a += b\nf((), [])", "x = set([1]) ^ set([2])", "x = 'a' ^ 1", "x = 5\nx.join = 3", "x = -2 * 3 % 2", "x = (lambda a: a * a)(3)", "x = reversed({1: 2})",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := &Interpreter{
			Root:   fstest.MapFS{"main.star": {Data: []byte(text)}},
			Limits: Limits{Steps: 10_000, Memory: 64 << 20, Value: 1 << 16, Depth: 100},
		}
		m, err := in.Load(t.Context(), "//main.star")
		list, _ := err.(diag.List)
		for _, d := range list {
			if d.Pos.File != "main.star" || !d.Pos.IsValid() {
				t.Errorf("%v: no place", d)
			}
			if strings.Contains(d.Message, "a builtin failed") {
				t.Errorf("panic: %v", d)
			}
		}
		if err != nil && refused(list) {
			return
		}
		thread := &starlark.Thread{Print: func(*starlark.Thread, string) {}}
		thread.SetMaxExecutionSteps(20_000)
		globals, plainErr := starlark.ExecFileOptions(dialect(), thread, "main.star", text, nil)
		if err == nil && plainErr == nil {
			if got, want := m.Globals.String(), globals.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			return
		}
		want := diag.From(plainErr, in)
		if got, want := fmt.Sprint(list), fmt.Sprint(want); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// refused reports whether mistakes are those that only this package finds.
func refused(list diag.List) bool {
	for _, d := range list {
		for _, s := range []string{"may take", "nested", "raises the limit", "may have", "path ", "load: ", "there is no", "tab in", "NUL", "UTF-8", "too large", "more than 16"} {
			if strings.Contains(d.Message, s) {
				return true
			}
		}
	}
	return false
}

// BenchmarkLoad evaluates one file of many, which loads another.
func BenchmarkLoad(b *testing.B) {
	text := "load(\"//lib.star\", \"helper\")\n" + service
	predeclared := starlark.StringDict{"struct": starlark.NewBuiltin("struct", starlarkstruct.Make)}
	for i := range 150 {
		predeclared[fmt.Sprintf("builtin%d", i)] = starlark.None
	}
	b.Run("plain", func(b *testing.B) {
		thread := &starlark.Thread{Load: func(*starlark.Thread, string) (starlark.StringDict, error) {
			return starlark.StringDict{"helper": starlark.None}, nil
		}}
		for b.Loop() {
			if _, err := starlark.ExecFileOptions(dialect(), thread, "main.star", text, predeclared); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("interpreter", func(b *testing.B) {
		root := fstest.MapFS{"lib.star": {Data: []byte("def helper():\n    pass\n")}}
		for i := range 1000 {
			root[fmt.Sprintf("d%d.star", i)] = &fstest.MapFile{Data: []byte(text)}
		}
		in := &Interpreter{Root: root, Predeclared: predeclared}
		n := 0
		for b.Loop() {
			if n == 1000 {
				in, n = &Interpreter{Root: root, Predeclared: predeclared}, 0
			}
			if _, err := in.Load(b.Context(), fmt.Sprintf("//d%d.star", n)); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}
