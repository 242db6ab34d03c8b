package encode

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"unicode"

	goccy "github.com/goccy/go-yaml"
	yamlv2 "go.yaml.in/yaml/v2"
	yamlv3 "go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
	k8skyaml "sigs.k8s.io/yaml/kyaml"

	"github.com/starctl/starctl/kube"
)

// The judges: readers of YAML 1.1, of 1.2 and of mixtures of both. What was written must be the same value to all.
var judges = []struct {
	name string
	read func([]byte, any) error
}{
	{"sigs.k8s.io/yaml", func(b []byte, v any) error { return sigsyaml.UnmarshalStrict(b, v) }},
	{"go.yaml.in/yaml/v2", yamlv2.UnmarshalStrict},
	{"go.yaml.in/yaml/v3", yamlv3.Unmarshal},
	{"goccy/go-yaml", func(b []byte, v any) error { return goccy.Unmarshal(b, v) }},
}

// normal is what all readers agree upon: keys are strings, numbers are numbers.
func normal(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[fmt.Sprintf("%v", k)] = normal(x)
			if _, ok := k.(string); !ok {
				m[fmt.Sprintf("a key of type %T", k)] = k
			}
		}
		return m
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			m[k] = normal(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = normal(x)
		}
		return l
	case int, int64, uint64, float64:
		return json.Number(kubeText(v))
	case json.Number:
		f, _ := v.Float64()
		return json.Number(kubeText(f))
	case nil, string, bool:
		return v
	}
	return fmt.Sprintf("%T %v", v, v)
}

func kubeText(v any) string {
	switch v := v.(type) {
	case int:
		return fmt.Sprintf("%g", float64(v))
	case int64:
		return fmt.Sprintf("%g", float64(v))
	case uint64:
		return fmt.Sprintf("%g", float64(v))
	}
	return fmt.Sprintf("%g", v)
}

// around puts a string in every place that a document has for one.
func around(s string) kube.Node {
	str := kube.OfString(s)
	return kube.OfRecord(kube.Pairs{
		{Key: "value", Value: str},
		{Key: "list", Value: kube.OfList(kube.Elems{str, kube.OfList(kube.Elems{str, str}), kube.OfMap(kube.Pairs{{Key: "a", Value: str}, {Key: "b", Value: str}})})},
		{Key: "deep", Value: kube.OfMap(kube.Pairs{{Key: s, Value: kube.OfMap(kube.Pairs{{Key: s, Value: str}})}})},
		{Key: "more", Value: kube.OfList(kube.Elems{kube.OfMap(kube.Pairs{{Key: s, Value: kube.OfString("x")}, {Key: "last" + s, Value: str}})})},
		{Key: "end", Value: str},
	})
}

// difference describes the first difference between two normal values, or is empty.
func difference(got, want any, path string) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k := range g {
			if _, ok := w[k]; !ok {
				return fmt.Sprintf("%s: got a key %.60q", path, k)
			}
		}
		for k := range w {
			if d := difference(g[k], w[k], fmt.Sprintf("%s.%.60q", path, k)); d != "" {
				return d
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return fmt.Sprintf("%s: got %d items, want %d", path, len(g), len(w))
		}
		for i := range w {
			if d := difference(g[i], w[i], fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
	default:
		if got != want {
			return fmt.Sprintf("%s: got %T %.200q, want %T %.200q", path, got, got, want, want)
		}
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%s: got %#v, want %#v", path, got, want)
	}
	return ""
}

// wide reports whether a key is so long that JSON holding it is not YAML.
func wide(n kube.Node) bool {
	for k, v := range n.All() {
		if len(k) > 160 || wide(v) {
			return true
		}
	}
	return false
}

func judge(tb testing.TB, n kube.Node) {
	tb.Helper()
	want := normal(ToMap(n))
	for _, w := range []struct {
		format string
		text   []byte
	}{
		{"YAML", AppendYAML(nil, n)},
		{"KYAML", AppendKYAML(nil, n)},
		{"JSON on a line", AppendJSON(nil, n, 0)},
		{"JSON", AppendJSON(nil, n, 2)},
	} {
		if strings.HasPrefix(w.format, "JSON") {
			var got any
			if err := json.Unmarshal(w.text, &got); err != nil {
				tb.Errorf("encoding/json: %v\n%s", err, w.text)
			} else if d := difference(normal(got), want, ""); d != "" {
				tb.Errorf("encoding/json reads %s %s\n%s", w.format, d, w.text)
			}
		}
		if strings.HasPrefix(w.format, "JSON") && wide(n) {
			continue
		}
		for _, j := range judges {
			var got any
			if err := j.read(w.text, &got); err != nil {
				tb.Errorf("%s reads %s: %v\n%s", j.name, w.format, err, w.text)
			} else if d := difference(normal(got), want, ""); d != "" {
				tb.Errorf("%s reads %s %s\n%s", j.name, w.format, d, w.text)
			}
		}
	}
}

// nasty are strings that some reader of YAML takes for something else, or that break a document; and their neighbours.
var nasty = []string{
	"", "y", "Y", "yes", "Yes", "yEs", "no", "No", "NO", "n", "N", "on", "On", "off", "OFF", "true", "True", "tRUE", "false", "null", "Null", "nULL", "~", "~a", "none", "None",
	"=", "==", "=a", "<<", "<", "<<a", "a<<", ".inf", ".Inf", "-.inf", "+.INF", "+inf", "-infinity", "inf", "nan", ".nan", ".NaN", "NaN", "-nan",
	"0", "-0", "1", "+1", "012", "0o7", "0O7", "0b1", "0B1", "0x1F", "0xfg", "-0x1", "1e3", "1E3", "1e+3", "1.e3", "1e", "e3", "E+3", "e", "e3a", "E_3", "1_000", "_1", "1,000", "8080,9090", ".5", "5.", ".", "..", "...", "... a", "...a",
	"+", "-", "--", "---", "--- a", "---a", "- a", "-a", "--a", "-1", "-1a", "-c", "--flag=x", "12:30", "12:30:45", "1:2.5", "190:20:30", "8080:80", "::1", ":a", "a::b", "2001:db8::1", "1.2.3", "1.31.0", "10.0.0.1", "10.0.0.0/8",
	"2001-01-01", "2001-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43", "2001-12-14T21:59:43Z", "2001-01-01-release", "20010101", "5d", "10m", "100m", "256Mi", "1h30m", "3f2a1b9c", "12345678", "1e234567",
	" a", "a ", " ", "  ", "\t", "a\tb", "\ta", "a\t", "a:", "a: b", "a:b", "a :b", "a #b", "a#b", "#a", "a: ", ":", ": ", "a:\tb", "a\t#b",
	"*a", "&a", "!t", "!!int 1", "%d", "@a", "`a", "{a", "{}", "[a", "[]", "]", "}", ",", ",a", "a,b", "a, b", "a{b}", "a[0]", "|", "|a", ">", ">a", "'", "'a'", "\"", "\"a\"", "a'b", "a\"b", "?", "? a", "?a", "a?b", "\\", "\\n", "a\\", "$(A)", "$a", "(a)", ";a", "^a$", "a|b", "/ready", "a=b",
	"a\nb", "a\nb\n", "a\nb\n\n", "a\n\n\n", "\n", "\n\n", "\na", "\n\na\n", " a\nb", "  a\n b\n", "\ta\nb", "a\n\tb\n", "a\n \nb", "a\n  ", "a\n  \n", "a\nb\t", "a\nb ", "a \nb ", "a\t\nb\t\n", "a\n\t\nb", "a\n\n b\n", " \na", " \n a\n", "\n a", "\n \n", "a\n---\nb", "a\n...\n", "---\na", "# a\nb", "a\n# b\n", "a: b\nc: d\n", "- a\n- b\n", "%YAML\na", "a\r\nb\r\n", "a\rb", "\r", "a\n\r",
	"\x00", "\x01", "a\x07b", "\x1b[0m", "a\x7f", "\u0080", "a\u0085b", "a\nb\u0085", "\u00a0", "a\u00a0", "\u00a0a\nb", "a\nb\u00a0\n", "a\u2028b", "a\nb\u2029", "\ufeff", "\ufeffa", "a\ufeff", "\ufeffa\nb", "\ufffe", "\uffff", "a\nb\uffff", "\u202eabc", "a\u202e\nb", "\u200b", "a\u200db", "\u00ad", "\u3000a", "\u2003",
	"é", "aé", "日本語", "日本\n語", "😀", "a😀b", "😀\n😀\n", "\U000e0041", "\U0010ffff", "\ufffd", "é: a", "é #a", "é:", "ÿ\nÿ ",
	"key: |\n  text\n", "  leading\n\n\ttab\n    deep\n", strings.Repeat("a", 2000), strings.Repeat("a b ", 500) + "c", strings.Repeat("long line ", 300) + "\nb", strings.Repeat("\n", 50) + "a",
}

func TestStrings(t *testing.T) {
	for _, s := range nasty {
		judge(t, around(s))
		judge(t, kube.OfString(s))
		judge(t, kube.OfList(kube.Elems{kube.OfString(s)}))
	}
}

var pieces = strings.Split("a|b|0|1|9|_|-|--|---|.|...|:|: |,|?|? |#| #| |  |\t|\n|\n\n|\n |\n\t| \n|\r|'|\"|\\|{|}|[|]|&|*|!|%|@|`|~|=|<<|e|E|e3|+|x|0x|0o|inf|nan|T|Z|y|no|null|true|é|\u00a0|\u0085|\u2028|\ufeff|😀|\x00|\x1b|$|/", "|")

// jumble makes a string of pieces that mean something to YAML.
func jumble(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func TestJumbles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		judge(t, around(jumble(r)))
		if t.Failed() {
			return
		}
	}
}

func FuzzString(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { judge(t, around(strings.ToValidUTF8(s, "\ufffd"))) })
}

// What is not UTF-8 is refused by Check; if it gets here all the same, the text is whole.
func TestInvalid(t *testing.T) {
	for _, s := range []string{"\xff", "a\xc3", "a\n\xed\xa0\x80", "\xe2\x80"} {
		n := around(s)
		for _, b := range [][]byte{AppendYAML(nil, n), AppendKYAML(nil, n), AppendJSON(nil, n, 2)} {
			for _, j := range judges {
				var got any
				if err := j.read(b, &got); err != nil {
					t.Errorf("%s: %v\n%s", j.name, err, b)
				}
			}
		}
		if p, err := Check(n); err == nil || p.String() != "value" {
			t.Errorf("%q: %v %v", s, p, err)
		}
	}
}

// Kubernetes' own encoder writes the same KYAML.
func TestKYAML(t *testing.T) {
	for _, s := range append(nasty, "a\nb", " a\n  b\nc\n") {
		if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			continue // Kubernetes' encoder has other escapes, and loses those that start a line
		}
		n := kube.OfMap(kube.Pairs{{Key: "a", Value: kube.OfString(s)}, {Key: "b", Value: around(s).Get("list")}})
		var b strings.Builder
		var e k8skyaml.Encoder
		if err := e.FromYAML(strings.NewReader(string(AppendJSON(nil, n, 0))), &b); err != nil {
			t.Errorf("%q: %v", s, err)
		} else if got := string(AppendKYAML(nil, n)); got != b.String() {
			t.Errorf("%q: got\n%s\nwant\n%s", s, got, &b)
		}
	}
}

const inPython = `
import json, sys
import yaml
loader = getattr(yaml, sys.argv[1])
out = []
for text in json.load(sys.stdin):
    try:
        out.append({"value": yaml.load(text, loader)})
    except Exception as e:
        out.append({"error": str(e)})
json.dump(out, sys.stdout, default=lambda v: "%s %s" % (type(v), v))
`

const inNode = `
const yaml = require(process.argv[1]), load = process.argv[2]
const out = []
for (const text of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  try { out.push({value: load == "1.1" ? yaml.parse(text, {version: "1.1"}) : (yaml.parse || yaml.load)(text)}) }
  catch (e) { out.push({error: String(e)}) }
}
process.stdout.write(JSON.stringify(out))
`

const inRuby = `
require "json"; require "yaml"; require "date"
STDIN.set_encoding("UTF-8")
puts JSON.parse(STDIN.read).map { |text|
  begin
    {"value" => YAML.load(text, permitted_classes: [Date, Time, Symbol])}
  rescue => e
    {"error" => e.to_s}
  end
}.to_json
`

// Readers in other languages, where they are installed.
var foreign = []struct {
	name  string
	probe []string
	run   []string
}{
	{"PyYAML", []string{"python3", "-c", "import yaml"}, []string{"python3", "-c", inPython, "SafeLoader"}},
	{"libyaml", []string{"python3", "-c", "import yaml; yaml.CSafeLoader"}, []string{"python3", "-c", inPython, "CSafeLoader"}},
	{"yaml of npm", []string{"node", "-e", "require('yaml')"}, []string{"node", "-e", inNode, "yaml", "1.2"}},
	{"yaml of npm, as 1.1", []string{"node", "-e", "require('yaml')"}, []string{"node", "-e", inNode, "yaml", "1.1"}},
	{"js-yaml", []string{"node", "-e", "require('js-yaml')"}, []string{"node", "-e", inNode, "js-yaml", ""}},
	{"Psych", []string{"ruby", "-e", "require 'yaml'; require 'json'"}, []string{"ruby", "-e", inRuby}},
}

func TestForeignReaders(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var texts []string
	var wants []any
	add := func(s string) {
		if s == "<<" {
			return // as a key, older Psych merges it even where it is quoted
		}
		n := around(s)
		texts = append(texts, string(AppendYAML(nil, n)), string(AppendKYAML(nil, n)))
		wants = append(wants, normal(ToMap(n)), normal(ToMap(n)))
	}
	for _, s := range nasty {
		add(s)
	}
	for range 200 {
		add(jumble(r))
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range foreign {
		t.Run(f.name, func(t *testing.T) {
			if err := exec.Command(f.probe[0], f.probe[1:]...).Run(); err != nil {
				t.Skipf("%s is not there: %v", f.name, err)
			}
			c := exec.Command(f.run[0], f.run[1:]...)
			c.Stdin, c.Stderr = strings.NewReader(string(input)), os.Stderr
			out, err := c.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got []struct {
				Value any
				Error string
			}
			if err := json.Unmarshal(out, &got); err != nil || len(got) != len(texts) {
				t.Fatalf("%d of %d answers: %v", len(got), len(texts), err)
			}
			for i := range got {
				if got[i].Error != "" {
					t.Errorf("%s\n%s", got[i].Error, texts[i])
				} else if d := difference(normal(got[i].Value), wants[i], ""); d != "" {
					t.Errorf("%s\n%s", d, texts[i])
				}
			}
		})
	}
}
