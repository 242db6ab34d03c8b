package builtins

import (
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starctl/starctl/builtins/typed"
)

// value evaluates an expression below some statements.
func value(tb testing.TB, src string) (starlark.Value, error) {
	tb.Helper()
	thread := &starlark.Thread{Name: "test"}
	typed.NewRun(thread)
	before, expr := "", src
	if i := strings.LastIndex(src, "\n"); i >= 0 {
		before, expr = src[:i+1], src[i+1:]
	}
	options := &syntax.FileOptions{Set: true, TopLevelControl: true}
	env, err := starlark.ExecFileOptions(options, thread, "t.star", before+"result = "+expr+"\n", Predeclared())
	if err != nil {
		return nil, err
	}
	return env["result"], nil
}

// Each expression and its value, as repr shows it.
func TestText(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`json.encode({"b": [1, 2.0, None, True, "é\"\n"], "a": (1,)})`, `"{\"a\":[1],\"b\":[1,2.0,null,true,\"é\\\"\\n\"]}"`},
		{`json.encode(struct(b = 1, a = set([1])))`, `"{\"a\":[1],\"b\":1}"`},
		{`json.encode({"x": range(3), "e": {}, "l": []})`, `"{\"e\":{},\"l\":[],\"x\":[0,1,2]}"`},
		{`json.encode(k8s.core.v1.ServicePort(port = 80, name = "http"))`, `"{\"name\":\"http\",\"port\":80}"`},
		{`json.encode(k8s.core.v1.PodSpec().containers)`, `"[]"`},
		{`json.encode(k8s.core.v1.Pod().metadata)`, `"{}"`},
		{`json.encode(1 << 70)`, `"1180591620717411303424"`},
		{`json.encode_indent({"a": [1, {}]}, indent = "  ", prefix = "#")`, `"{\n#  \"a\": [\n#    1,\n#    {}\n#  ]\n#}"`},
		{`json.indent('{"b":1,"a":[ ]}', indent = " ")`, `"{\n \"b\": 1,\n \"a\": []\n}"`},
		{`json.decode('{"b": [1, -2.5e3, null, true, "\\u00e9\\n"], "a": {}} ')`, `{"b": [1, -2500.0, None, True, "é\n"], "a": {}}`},
		{`json.decode("123456789012345678901234567890")`, `123456789012345678901234567890`},
		{`json.decode("nope", 7)`, `7`},
		{`json.decode("nope", default = None)`, `None`},
		{`yaml.encode({"b": "no", "a": [1, "x\ny\n", {}]})`, `"b: \"no\"\na:\n- 1\n- |\n  x\n  y\n- {}\n"`},
		{`yaml.encode(struct(a = 1.0))`, `"a: 1.0\n"`},
		{`yaml.encode("a")`, `"a\n"`},
		{`yaml.encode(k8s.core.v1.Service(metadata = {"name": "a"}))`, `"apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n"`},
		{`yaml.decode("a: [1, 2]\nb: on\n")`, `{"a": [1, 2], "b": True}`},
		{`yaml.decode("")`, `None`},
		{`yaml.decode_all("a\n---\nb\n")`, `["a", "b"]`},
		{`base64.encode("é")`, `"w6k="`},
		{`base64.encode(b"\xff")`, `"/w=="`},
		{`base64.decode("w6\nk=")`, `"é"`},
		{`base64.decode("/w==", binary = True)`, `b"\xff"`},
		{`hash.sha256("")`, `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`},
		{`hash.sha512(b"")[:16]`, `"cf83e1357eefb8bd"`},
		{`hash.sha1("abc")`, `"a9993e364706816aba3e25717850c26c9cd0d89d"`},
		{`hash.md5(data = "abc")`, `"900150983cd24fb0d6963f7d28e17f72"`},
		{`math.ceil(1.2) + math.floor(-1.5)`, `0`},
		{`math.pow(2, 10)`, `1024.0`},
		{`math.pow(2, -2.0)`, `0.25`},
		{`math.sqrt(2)`, `1.4142135623730951`},
		{`re.match(r"a+", "aab").end`, `2`},
		{`re.match(r"b", "aab")`, `None`},
		{`re.fullmatch(r"a|ab", "ab")[0]`, `"ab"`},
		{`re.fullmatch(r"a", "ab")`, `None`},
		{`re.search(r"(?P<n>\d+)(x)?", "ab12")["n"]`, `"12"`},
		{`re.search(r"(\d+)(x)?", "ab12").groups`, `("12", None)`},
		{`re.search(r"\d", "ab12").start`, `2`},
		{`[m[1] for m in re.find_all(r"(\w)=", "a=1,b=2")]`, `["a", "b"]`},
		{`re.find_all(r"x", "a")`, `[]`},
		{`re.sub(r"(?P<k>\w)=(\d)", r"\2=\g<k>\g<1>\\\0", "a=1,b=2")`, `"1=aa\\a=1,2=bb\\b=2"`},
		{`re.sub("a", "b", "aaa", count = 2)`, `"bba"`},
		{`re.sub(r"\d+", lambda m: str(int(m[0]) + 1), "a1b22")`, `"a2b23"`},
		{`re.split(r"[,;] ?", "a, b;c")`, `["a", "b", "c"]`},
		{`re.split(",", "a,b,c", count = 1)`, `["a", "b,c"]`},
		{`re.escape("a.b*")`, `"a\\.b\\*"`},
		{`struct(a = 1) == struct(a = 1)`, `True`},
	} {
		v, err := value(t, c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
		} else if v.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.expr, v, c.want)
		}
	}
}

func TestTextErrors(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`json.encode({1: 2})`, `json.encode: key 1: got int, want string`},
		{`json.encode({"a": [{"b": len}]})`, `json.encode: ["a"][0]["b"]: got function, want a value that text can hold`},
		{`json.encode(struct(a = float("nan")))`, `json.encode: .a: got NaN, want a finite number`},
		{`json.encode({"é"[:1]: 1})`, `json.encode: got text that is not UTF-8: "\xc3"`},
		{`json.encode("é"[1:])`, `json.encode: got text that is not UTF-8: "\xa9"`},
		{`json.encode()`, `json.encode: got 0 arguments, want 1`},
		{"x = []\nx.append(x)\njson.encode(x)", `the value is nested more than 500 deep, or contains itself`},
		{"def f():\n    x = ['a' * 1000]\n    for _ in range(20):\n        x = [x, x]\n    return x\nyaml.encode(f())", `the text of this value is larger than 64 MiB`},
		{"def f():\n    x = {}\n    for _ in range(400):\n        x = {'a': x, 'b': 'x\\n' * 200}\n    return x\nyaml.encode([f()] * 3000)", `the text of this value is larger than 64 MiB`},
		{`json.decode("")`, `json.decode: line 1, column 1: got the end of the text, want a value`},
		{`json.decode('{"a": 1,\n "b" 2}')`, `json.decode: line 2, column 6: got '2', want ':' after key "b"`},
		{`json.decode('{"a": 1, "a": 2}')`, `json.decode: line 1, column 10: key "a" is given twice`},
		{`json.decode('{"é": x}')`, `json.decode: line 1, column 7: got 'x', want a value`},
		{`json.decode("{'a': 1}")`, `json.decode: line 1, column 2: got '\'', want a key in double quotes`},
		{`json.decode("[1,]")`, `json.decode: line 1, column 4: got ']', want a value`},
		{`json.decode("[1 2]")`, `json.decode: line 1, column 4: got '2', want ',' or ']'`},
		{`json.decode("01")`, `json.decode: line 1, column 1: got 01, want a number`},
		{`json.decode("1e999")`, `json.decode: line 1, column 1: 1e999 is too large for a float`},
		{`json.decode("9" * 5000)`, `json.decode: line 1, column 1: got an integer of 5000 digits, want at most 4300`},
		{`json.decode('"a')`, `json.decode: line 1, column 1: the string does not end`},
		{`json.decode('"a\nb"')`, `json.decode: line 1, column 3: got the control character '\n', want an escape`},
		{`json.decode('"\\x"')`, `json.decode: line 1, column 1: got an escape that JSON does not have`},
		{`json.decode("1 2")`, `json.decode: line 1, column 3: got '2' after the value`},
		{`json.decode("[" * 1000)`, `json.decode: line 1, column 501: nested more than 500 deep`},
		{`json.indent("[" * 400 + "]" * 400, indent = " " * 1000000)`, `json.indent: the text would be larger than 64 MiB`},
		{`json.indent("{")`, `json.indent: line 1, column 2: got the end of the text, want a key in double quotes`},
		{`yaml.decode("a\n---\nb\n")`, `yaml.decode: the text holds 2 documents, want one: yaml.decode_all reads them all`},
		{`yaml.decode("a: 1\na: 2\n")`, `yaml.decode: line 2: key "a" is given twice, first on line 1`},
		{`base64.decode("?")`, `base64.decode: illegal base64 data at input byte 0`},
		{`base64.decode("/w==")`, `base64.decode: the data is not UTF-8: write binary = True for bytes`},
		{`base64.encode(1)`, `base64.encode: for parameter data: got int, want string or bytes`},
		{`hash.sha256(None)`, `hash.sha256: for parameter data: got None, want string or bytes`},
		{`math.pow(2, 0.5)`, `math.pow: for parameter n: got 0.5, want a whole number between -1023 and 1023`},
		{`math.sin(1)`, `module has no .sin field or method`},
		{`re.search("(", "a")`, "re.search: pattern \"(\": missing closing ): `(`"},
		{`re.search("a)(b", "a")`, "re.search: pattern \"a)(b\": unexpected ): `a)(b`"},
		{`re.match("(a)", "a")[2]`, `no group 2: pattern "(a)" has 1`},
		{`re.match("(a)", "a")["x"]`, `no group "x" in pattern "(a)"`},
		{`re.sub("a", r"\x", "a")`, `re.sub: got \x in the replacement, want \1, \g<name> or \\`},
		{`re.sub("a", r"\1", "a")`, `re.sub: no group 1: pattern "a" has 0`},
		{`re.sub("a", 1, "a")`, `re.sub: for parameter replacement: got int, want string or function`},
		{`re.sub("a", len, "a")`, `re.sub: len: value of type match has no len`},
		{`re.sub("", "x" * 10000, "a" * 100000)`, `re.sub: the text would be larger than 64 MiB`},
		{`re.find_all("", "a" * 1100000)`, `re.find_all: the text holds more than 1000000 matches`},
		{`re.search("a" * 10001, "")`, `re.search: got a pattern of 10001 bytes, want at most 10000`},
		{`fail("a", 1, [2], sep = "-")`, `a-1-[2]`},
		{`fail()`, `fail was called without a message`},
		{`struct(1)`, `struct: unexpected positional arguments`},
	} {
		v, err := value(t, c.expr)
		if err == nil {
			t.Errorf("%s: got %.100v, want error %s", c.expr, v, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.expr, err, c.want)
		}
	}
}

func TestWarn(t *testing.T) {
	thread := &starlark.Thread{Name: "test"}
	run := typed.NewRun(thread)
	var printed []string
	thread.Print = func(_ *starlark.Thread, msg string) { printed = append(printed, msg) }
	src := "def f():\n    warn('look', 1)\n    print('a', 2, sep = '')\nf()\n"
	if _, err := starlark.ExecFileOptions(&syntax.FileOptions{}, thread, "t.star", src, Predeclared()); err != nil {
		t.Fatal(err)
	}
	w := run.Warnings()
	if len(w) != 1 || w[0].Text != "look 1" || w[0].Place.Frames[0].Pos.String() != "t.star:2:9" {
		t.Errorf("got warnings %+v", w)
	}
	if len(printed) != 1 || printed[0] != "a2" {
		t.Errorf("printed %q", printed)
	}
}

// The cache of patterns stays bounded, and works for many threads at once.
func TestPatterns(t *testing.T) {
	src := "def f(i):\n    return [re.sub(str(j) + '+', 'x', '%d' % i) for j in range(300)]\n[f(i) for i in range(3)][0][0]"
	done := make(chan error)
	for range 4 {
		go func() {
			_, err := value(t, src)
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A configuration of Envoy's size, written as YAML text.
func BenchmarkYAMLEncode(b *testing.B) {
	cluster := `{
    "name": "amber-otter-auth",
    "type": "STRICT_DNS",
    "connect_timeout": "1s",
    "dns_lookup_family": "V4_ONLY",
    "lb_policy": "LEAST_REQUEST",
    "circuit_breakers": {"thresholds": [{"priority": "DEFAULT", "max_connections": 100, "max_retries": 3}]},
    "health_checks": [{"timeout": "1s", "interval": "5s", "healthy_threshold": 2, "http_health_check": {"host": "amber-otter-auth", "path": "/healthz"}}],
    "load_assignment": {"cluster_name": "amber-otter-auth", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address":
        {"address": "amber-otter-auth.payments.svc.cluster.local", "port_value": 9000}}}}]}]},
}`
	v, err := value(b, `{"static_resources": {"clusters": [`+strings.Repeat(strings.ReplaceAll(cluster, "\n", " ")+",", 6)+`]}}`)
	if err != nil {
		b.Fatal(err)
	}
	encode := Predeclared()["yaml"].(starlark.HasAttrs)
	fn, err := encode.Attr("encode")
	if err != nil {
		b.Fatal(err)
	}
	thread := new(starlark.Thread)
	args := starlark.Tuple{v}
	b.ReportAllocs()
	for range b.N {
		s, err := starlark.Call(thread, fn, args, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(s.(starlark.String))))
	}
}
