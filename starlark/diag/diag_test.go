package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
)

// sources are Texts whose files can use a few builtins.
type sources struct{ Texts }

func (sources) Names(string) []string {
	return []string{"about", "deployment", "service", "config_map", "fail_at", "wrap"}
}

// run evaluates deploy.star and its loads, and returns what Write prints of the error.
func run(t *testing.T, files Texts) string {
	t.Helper()
	src := sources{files}
	predeclared := starlark.StringDict{}
	for _, name := range src.Names("") {
		predeclared[name] = starlark.NewBuiltin(name, builtin)
	}
	var load func(thread *starlark.Thread, file string) (starlark.StringDict, error)
	load = func(_ *starlark.Thread, file string) (starlark.StringDict, error) {
		thread := &starlark.Thread{Load: load}
		return starlark.ExecFileOptions(dialect(), thread, file, files[file], predeclared)
	}
	globals, err := load(nil, "deploy.star")
	if err == nil && globals["main"] != nil {
		_, err = starlark.Call(new(starlark.Thread), globals["main"], nil, nil)
	}
	if err == nil {
		t.Fatal("no error")
	}
	return printed(t, From(err, src), src)
}

func printed(t *testing.T, list List, src Sources) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, list, src, Style{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func builtin(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	switch b.Name() {
	case "fail_at":
		return nil, fmt.Errorf("wrapped: %w", Diagnostic{Message: "no place of its own", Help: []string{"do this"}})
	case "about":
		return nil, About(errors.New("got 3, want less"), "[1]", "ports", "[0]")
	case "wrap":
		return nil, errors.Join(errors.New("one"), List{{Message: "two"}, {Message: "three"}})
	}
	var name, image string
	err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "image?", &image)
	return starlark.None, err
}

func TestFrom(t *testing.T) {
	tests := []struct {
		name  string
		files Texts
		want  string
	}{
		{"operator", Texts{"deploy.star": "def main():\n    return 1 + \"x\"\n"}, `
deploy.star:2:14: int + string is not defined
    2 |     return 1 + "x"
      |              ^
   str(...) makes text of a number, and so does "%s" % value
`},
		{"calls", Texts{"deploy.star": `def size(n):
    return n // 0
def web_service():
    return [
        size(3),
    ]
def main():
    return web_service()
`}, `
deploy.star:2:14: floored division by zero
    2 |     return n // 0
      |              ^^
   in size, called at deploy.star:5:9
   in web_service, called at deploy.star:8:12
   in main
`},
		{"names", Texts{"deploy.star": `load("lib.star", "helper")
replicas = 3
def main():
    image = replics
    def inner(tag):
        return imge + tga
    return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
`}, `
deploy.star:4:13: nothing is called replics
    4 |     image = replics
      |             ^^^^^^^ did you mean "replicas"?
deploy.star:6:16: nothing is called imge
    6 |         return imge + tga
      |                ^^^^ did you mean "image"?
deploy.star:6:23: nothing is called tga
    6 |         return imge + tga
      |                       ^^^ did you mean "tag"?
deploy.star:7:13: nothing is called helpr
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |             ^^^^^ did you mean "helper"?
deploy.star:7:19: nothing is called x
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |                   ^
deploy.star:7:41: nothing is called itme
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |                                         ^^^^ did you mean "item"?
deploy.star:7:48: nothing is called deploymnt
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |                                                ^^^^^^^^^ did you mean "deployment"?
deploy.star:7:64: nothing is called nothing_like_it
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |                                                                ^^^^^^^^^^^^^^^
deploy.star:7:81: nothing is called true
    7 |     return [helpr(x) for item in [1] if itme], deploymnt("x"), nothing_like_it, true
      |                                                                                 ^^^^ did you mean "True"?
   write True
`},
		{"declared twice", Texts{"deploy.star": "x = 1\ny = 2\nx = 3\n"}, `
deploy.star:3:1: cannot reassign global x: a name at the top of a file gets its value once
    3 | x = 3
      | ^
   deploy.star:1:1: first declared here
`},
		{"while", Texts{"deploy.star": "def main():\n    while True:\n        pass\n"}, `
deploy.star:2:5: there is no while in this language
    2 |     while True:
      |     ^
   use for over range(n), and break
`},
		{"newcomer", Texts{"deploy.star": "service = service(\"api\")\n"}, `
deploy.star:1:11: service is your own variable here, and has no value yet: it hides the builtin service
    1 | service = service("api")
      |           ^^^^^^^
   give the variable another name, such as api_service
`},
		{"newcomer in main", Texts{"deploy.star": "def main():\n    deployment = deployment(\"check-out\")\n    return deployment\n"}, `
deploy.star:2:18: deployment is your own variable here, and has no value yet: it hides the builtin deployment
    2 |     deployment = deployment("check-out")
      |                  ^^^^^^^^^^
   give the variable another name, such as check_out_deployment
`},
		{"no value yet", Texts{"deploy.star": "def main():\n    print(tag)\n    tag = 1\n"}, `
deploy.star:2:11: tag is used before it has a value
    2 |     print(tag)
      |           ^^^
   deploy.star:3:5: it gets one here
`},
		{"unexpected keyword of a builtin", Texts{"deploy.star": "deployment(\n    \"x\",\n    imag = 3,\n)\n"}, `
deploy.star:3:5: deployment: unexpected keyword argument "imag"
    3 |     imag = 3,
      |     ^^^^
`},
		{"type of an argument", Texts{"deploy.star": "deployment(\"x\", image = 3)\n"}, `
deploy.star:1:17: deployment: for parameter "image": got int, want string
    1 | deployment("x", image = 3)
      |                 ^^^^^
`},
		{"builtin's name", Texts{"deploy.star": "x = abs(\"3\")\n"}, `
deploy.star:1:5: abs: got string, want int or float
    1 | x = abs("3")
      |     ^^^
`},
		{"fail", Texts{"deploy.star": "def check():\n    fail(\"no\\nway\")\ncheck()\n"}, `
deploy.star:2:5: fail: no
   way
    2 |     fail("no\nway")
      |     ^^^^
   in check, called at deploy.star:3:1
`},
		{"arguments of a function", Texts{"deploy.star": `def web(name, *, image, replicas = 1):
    return name
def main():
    return web("x", imag = "y", replicas = 1)
`}, `
deploy.star:4:21: web has no parameter imag
    4 |     return web("x", imag = "y", replicas = 1)
      |                     ^^^^ did you mean "image"?
   deploy.star:1:5: web is defined here
`},
		{"missing arguments", Texts{"deploy.star": "def web(name, *, image):\n    return name\nweb(\"x\")\n"}, `
deploy.star:3:1: web missing 1 argument (image)
    3 | web("x")
      | ^^^
   deploy.star:1:5: web is defined here
`},
		{"attribute", Texts{"deploy.star": "x = \"a\"\ny = x.uper()\n"}, `
deploy.star:2:7: string has no .uper field or method
    2 | y = x.uper()
      |       ^^^^ did you mean "upper"?
`},
		{"key", Texts{"deploy.star": "x = {\"a\": 1}\ny = x[\"b\"]\n"}, `
deploy.star:2:7: key "b" not in dict
    2 | y = x["b"]
      |       ^^^
`},
		{"duplicate key", Texts{"deploy.star": "x = {\n    \"a\": 1,\n    \"a\": 2,\n}\n"}, `
deploy.star:3:5: duplicate key: "a"
    3 |     "a": 2,
      |     ^^^
`},
		{"failing load", Texts{
			"deploy.star": "load(\"a.star\", \"a\")\n",
			"a.star":      "# a\nload(\"b.star\", \"b\")\n",
			"b.star":      "b = 1 // 0\n",
		}, `
b.star:1:7: floored division by zero
    1 | b = 1 // 0
      |       ^^
   loaded at a.star:2:1
   loaded at deploy.star:1:1
`},
		{"syntax of a loaded file", Texts{
			"deploy.star": "load(\"a.star\", \"a\")\n",
			"a.star":      "a = = 1\n",
		}, `
a.star:1:5: got '=', want primary expression
    1 | a = = 1
      |     ^
   loaded at deploy.star:1:1
`},
		{"diagnostic of a builtin", Texts{"deploy.star": "def f():\n    fail_at()\ndef main():\n    f()\n"}, `
deploy.star:2:5: no place of its own
    2 |     fail_at()
      |     ^^^^^^^
   do this
   in f, called at deploy.star:4:5
   in main
`},
		{"about an argument", Texts{"deploy.star": "about(1, {\"ports\": [\n    3,\n]})\n"}, `
deploy.star:2:5: about: got 3, want less
    2 |     3,
      |     ^
`},
		{"joined", Texts{"deploy.star": "wrap()\n"}, `
deploy.star:1:1: one
    1 | wrap()
      | ^^^^
deploy.star:1:1: two
    1 | wrap()
      | ^^^^
deploy.star:1:1: three
    1 | wrap()
      | ^^^^
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), run(t, tt.files)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"several", "x = = 1\n\ndef f():\n    return )\n\ny = 2\nz = [1, 2 3]\n", `
f.star:1:5: got '=', want primary expression
    1 | x = = 1
      |     ^
f.star:4:12: unexpected ')'
    4 |     return )
      |            ^
f.star:7:11: got int literal, want ']'
    7 | z = [1, 2 3]
      |           ^
`},
		{"never closed", "a = 1\nx = deployment(\n    \"x\",\n    env = {\"a\": \"(\"},\n\ndef main():\n    return x\n", `
f.star:2:15: this ( is never closed
    2 | x = deployment(
      |               ^
`},
		{"no colon", "def f()\n    return 1\n", `
f.star:1:8: got newline, want ':'
    1 | def f()
      |        ^
`},
		{"no comma", "x = {\"a\": 1 \"b\": 2}\ny = f(1 if\n", `
f.star:1:13: got string literal, want '}'
    1 | x = {"a": 1 "b": 2}
      |             ^
f.star:2:6: this ( is never closed
    2 | y = f(1 if
      |      ^
`},
		{"string", "x = \"abc\ny = 1\n", `
f.star:1:5: this string is not closed on its line
    1 | x = "abc
      |     ^
`},
		{"long string", "x = 1\ny = \"\"\"abc\n\nz = 3\n", `
f.star:2:5: this string is never closed
    2 | y = """abc
      |     ^
`},
		{"tab", "def main():\n\treturn [\n\t\t1,\n\t]\n", `
f.star:2:1: tab in the indentation: want spaces
    2 | 	return [
      | ^
   starctl fmt writes them
`},
		{"indentation", "def main():\n    x = 1\n      y = 2\n    return x\n", `
f.star:3:7: this line is indented deeper than the block it belongs to
    3 |       y = 2
      |       ^
`},
		{"unindent", "def main():\n    x = 1\n  y = 2\n", `
f.star:3:3: this line is indented like no block around it
    3 |   y = 2
      |   ^
`},
		{"not UTF-8", "# é\nx = \"caf\xe9\"\n", `
f.star:2:9: byte 0xe9 is not UTF-8
    2 | x = "caf\xe9"
      |         ^^^^
   save the file as UTF-8
`},
		{"NUL", "x = 1\x00\n", `
f.star:1:6: NUL byte: this is not a text file
    1 | x = 1\x00
      |      ^^^^
   save the file as UTF-8
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, list := Parse(dialect(), "f.star", []byte(tt.text))
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), printed(t, list, Texts{"f.star": tt.text})); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, text := range []string{"", "\n", "# only\n\t# a comment\n", "x = [\n\t1,\n]\n", "x = \"\"\"\n\ttext\n\"\"\"\n", "if True:\n    x = 1\nelse:\n    y = 2\n"} {
		if _, list := Parse(dialect(), "f.star", []byte(text)); len(list) > 0 {
			t.Errorf("%q: %v", text, list)
		}
	}
}

func TestLocate(t *testing.T) {
	const text = `d = k8s.apps.v1.Deployment(
    metadata = {"name": "x", 'labels': dict(app = 1)},
    spec = (k8s.Spec(image_pull_policy = "X", containers = [{"name": "a"}, {"prots": 1}] + [
        {"image": 3},
    ])),
    **extra
)
d.spec.replicas = {"a": [1, 2]}
d.metadata.labels["x"] = {"y": 1}
upstream("a", "b:1", port = x)
l.append({"key": 1})
wide(
    a = [{"n": i} for i in range(3)], b = {"x": 1} if c else {"y": 2}, e = {"p": 1} | {"q": 2})
deployment("api", ports = {}, containers = [{"ports": []}], host_network = True)
`
	src := Texts{"f.star": text}
	tests := []struct {
		line, col int
		names     string
		want      string // line:col:end of the name, and of the value
	}{
		{1, 27, "", "1:5:27 1:5:27"},
		{1, 27, "metadata", "2:5:13 2:16:54"},
		{1, 27, "metadata labels", "2:30:38 2:40:53"},
		{1, 27, "metadata labels app", "2:45:48 2:51:52"},
		{1, 27, "spec imagePullPolicy", "3:22:39 3:42:45"},
		{1, 27, "spec containers [1] prots", "3:77:84 3:86:87"},
		{1, 27, "spec containers [2] image", "4:10:17 4:19:20"},
		{1, 27, "spec containers [9] image", "3:47:57 3:60:0"},
		{1, 27, "unknown deep", "6:5:12 6:5:12"},
		{8, 7, "replicas a [1]", "8:29:30 8:29:30"},
		{8, 7, "replicas", "8:8:16 8:19:32"},
		{9, 18, "x y", "9:27:30 9:32:33"},
		{10, 9, "[1]", "10:15:20 10:15:20"},
		{10, 9, "name", "10:10:13 10:10:13"},
		{10, 9, "port number", "10:22:26 10:29:30"},
		{10, 9, "prot", "10:1:9 10:1:9"},
		{11, 9, "[4] key", "11:11:16 11:18:19"},
		{12, 5, "a [2] n", "13:11:14 13:16:17"},
		{12, 5, "b y", "13:63:66 13:68:69"},
		{12, 5, "e p", "13:77:80 13:82:83"},
		{14, 11, "spec template spec hostNetwork", "14:61:73 14:76:80"},
		{14, 11, "spec template spec containers [0] ports [1]", "14:19:24 14:27:29"},
		{14, 11, "spec template spec containers [1] ports", "14:46:53 14:55:57"},
		{14, 11, "spec template spec nodeName", "14:1:11 14:1:11"},
		{99, 1, "x", "99:1:0 99:1:0"},
	}
	for _, tt := range tests {
		p := Place{Frames: []Frame{{"main", Pos{File: "f.star", Line: tt.line, Col: tt.col}}}, Names: strings.Fields(tt.names)}
		show := func(p Pos) string { return fmt.Sprintf("%d:%d:%d", p.Line, p.Col, p.End) }
		if got := show(p.Locate(src)) + " " + show(p.LocateValue(src)); got != tt.want {
			t.Errorf("%d:%d %s: got %s, want %s", tt.line, tt.col, tt.names, got, tt.want)
		}
	}
	if got := (Place{}).Locate(src); got.IsValid() {
		t.Errorf("no frames: got %v", got)
	}
}

func TestWrite(t *testing.T) {
	src := Texts{"d.star": "\tx = \"日本\" + \"e\u0301\" + bad\n\u202ey = \x1b[31m\n"}
	list := List{
		{Pos: Pos{File: "d.star", Line: 1, Col: 20, End: 23}, Message: "wide and combined"},
		{Pos: Pos{File: "d.star", Line: 2, Col: 6, End: 7}, Message: "control \x1b[31m \u202e"},
		{Severity: Warning, Pos: Pos{File: "d.star", Line: 9, Col: 1}, Object: "Service x", Path: "spec.ports", Message: "assumed", Check: "upstream-port", Suggest: "grpc"},
		{Message: "no place"},
		{Pos: Pos{File: "starctl.star"}, Message: "a file", Related: []Related{{Pos{File: "d.star", Line: 1, Col: 2}, "first declared here"}}},
	}
	want := "d.star:1:20: wide and combined\n" +
		"    1 | \tx = \"日本\" + \"e\u0301\" + bad\n" +
		"      | \t                   ^^^\n" +
		"d.star:2:6: control \\x1b[31m \\u202e\n" +
		"    2 | \\u202ey = \\x1b[31m\n" +
		"      |           ^^^^\n" +
		"d.star:9:1: warning: Service x: spec.ports: assumed [upstream-port]\n" +
		"   did you mean \"grpc\"?\n" +
		"no place\n" +
		"starctl.star: a file\n" +
		"   d.star:1:2: first declared here\n"
	if diff := cmp.Diff(want, printed(t, list, src)); diff != "" {
		t.Error(diff)
	}

	var b bytes.Buffer
	style := Style{Place: "<p>", Warning: "<w>", Caret: "<c>", Dim: "<d>", Reset: "</>", File: func(f string) string { return "../" + f }}
	warning := List{{Severity: Warning, Pos: Pos{File: "a", Line: 1, Col: 1, End: 2}, Message: "m", Check: "c"}}
	if err := Write(&b, warning, Texts{"a": "x"}, style); err != nil {
		t.Fatal(err)
	}
	colored := "<p>../a:1:1:</> <w>warning:</> m [c]\n<d>    1 |</> x\n<d>      |</> <w>^</>\n"
	if diff := cmp.Diff(colored, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestSort(t *testing.T) {
	at := func(file string, line, col int) Pos { return Pos{File: file, Line: line, Col: col} }
	l := List{
		{Pos: at("b", 1, 1), Message: "1"},
		{Pos: at("a", 2, 1), Message: "2"},
		{Pos: at("a", 1, 9), Message: "3", Calls: []Frame{{"main", at("a", 1, 9)}}},
		{Pos: at("a", 1, 9), Message: "3"},
		{Pos: at("a", 1, 9), Message: "3", Object: "Service x"},
		{Pos: at("a", 1, 2), Message: "4"},
	}
	l.Sort()
	var got []string
	for _, d := range l {
		got = append(got, d.Error())
	}
	want := []string{"a:1:2: 4", "a:1:9: 3", "a:1:9: Service x: 3", "a:2:1: 2", "b:1:1: 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	d := Diagnostic{
		Severity: Warning, Pos: Pos{"a.star", 1, 2, 5}, Object: "Service x", Path: "spec", Message: "m", Suggest: "s", Help: []string{"h"},
		Check: "c", Calls: []Frame{{"main", Pos{"a.star", 1, 2, 0}}}, Related: []Related{{Pos{"b.star", 3, 4, 0}, "here"}},
	}
	got, err := json.Marshal(List{d, {Message: "only"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"warning","file":"a.star","line":1,"column":2,"endColumn":5,"object":"Service x","path":"spec","message":"m",` +
		`"suggest":"s","help":["h"],"check":"c","calls":[{"function":"main","file":"a.star","line":1,"column":2}],` +
		`"related":[{"file":"b.star","line":3,"column":4,"text":"here"}]},{"severity":"error","message":"only"}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// FuzzWrite holds that whatever is written below a source line begins where the text that is meant begins.
func FuzzWrite(f *testing.F) {
	f.Add("x = 1", 1, 5)
	f.Add("\t日\x00\xff", 3, 4)
	f.Fuzz(func(t *testing.T, line string, col, end int) {
		var b bytes.Buffer
		d := Diagnostic{Pos: Pos{File: "f", Line: 1, Col: col, End: end}, Message: line, Suggest: line}
		if err := Write(&b, List{d}, Texts{"f": line}, Style{}); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && harmful(r) }); i >= 0 {
			t.Errorf("harmful at %d: %q", i, b.String())
		}
	})
}

// FuzzParse holds that every mistake in a text has a place, and that what Parse accepts the parser does.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"x = [1\n", "def f(:\n  x\n", "\"\"\"", "\tx", "a\\", "if x:\n y\nelse:\n z\n", "x = \"\\\n\"", "{(["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, list := Parse(dialect(), "f.star", []byte(text))
		if tree == nil && len(list) == 0 {
			t.Fatal("neither a tree nor mistakes")
		}
		for _, d := range list {
			if !d.Pos.IsValid() || d.Pos.File != "f.star" || d.Pos.Col < 1 {
				t.Errorf("%v has no place", d)
			}
		}
	})
}

func TestAdvice(t *testing.T) {
	tests := []struct{ text, message, help string }{
		{"import os", "got import, want primary expression", `names of another file are made known by load("//lib/file.star", "name")`},
		{"x = f\"a\"", "got string literal, want newline", `there is no f"...": write "%s" % value, or "{}".format(value)`},
		{"x = \"a\" \"b\"", "got string literal, want newline", "join strings with +"},
		{"x = 1 is None", "got is, want newline", "write == or !="},
		{"raise \"x\"", "got raise, want primary expression", `errors cannot be caught; fail("message") stops evaluation`},
		{"x = a && b", "got '&', want primary expression", "write and"},
		{"x = a ? b : c", "unexpected input character '?'", "write x if condition else y"},
		{"x = !a", "unexpected input character '!'", "write not"},
		{"x = “a”", "unexpected input character '“'", `strings are in plain quotes: "`},
		{"def f(x: int): pass", "got ':', want ')'", "parameters have no types"},
		{"x := 3", "got ':', want newline", "write = to give a variable its value"},
		{"x = {1, 2}", "got ',', want ':'", "a dict has keys, {key: value}; a set is written set([1, 2])"},
		{"var x = 3", "got identifier, want newline", "a variable needs no var: name = value"},
		{"x++", "got newline, want primary expression", "write += 1 or -= 1"},
		{"print \"x\"", "got string literal, want newline", `print is a function: print("...")`},
		{"x = a < b < c", "< does not associate with < (use parens)", "write a < b and b < c"},
		{"x = a.", "want a name", ""},
	}
	for _, tt := range tests {
		_, list := Parse(dialect(), "f.star", []byte(tt.text+"\n"))
		if len(list) != 1 || list[0].Pos.Line != 1 {
			t.Errorf("%s: %v", tt.text, list)
			continue
		}
		if got := strings.Join(list[0].Help, "\n"); list[0].Message != tt.message || got != tt.help {
			t.Errorf("%s: got %q, %q", tt.text, list[0].Message, got)
		}
	}
	got := run(t, Texts{"deploy.star": "x = 1 // one\n"})
	if !strings.HasSuffix(got, "   a comment begins with #; // divides\n") {
		t.Errorf("got %s", got)
	}
}
