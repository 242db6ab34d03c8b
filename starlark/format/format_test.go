package format

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.starlark.net/syntax"

	"github.com/starctl/starctl/starlark/diag"
)

func TestSource(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"# only\n", "# only\n"},
		{"x='a'\n", "x = \"a\"\n"},
		{"x = 'a\"b'\n", "x = 'a\"b'\n"},
		{`x = '\'é\u00e9\n\x07\\'` + "\n", `x = "'é\u00e9\n\x07\\"` + "\n"},
		{"x = '''é\n'''\n", "x = \"\"\"é\n\"\"\"\n"},
		{"x=0x1F+1e3\n", "x = 0x1F + 1e3\n"},
		{"f(a=1,*[b'\\xff'],**{})\n", "f(a = 1, *[b'\\xff'], **{})\n"},
		{"x = ['é', b'a', rb'\\b',\n  b\"\"\"c\n\"\"\"]\nbytes_ = b''\n", "x = [\n    \"é\",\n    b'a',\n    rb'\\b',\n    b\"\"\"c\n\"\"\",\n]\nbytes_ = b''\n"},
		{"if True:\n  x=1 # why\n", "if True:\n    x = 1  # why\n"},
		{"load('b','z','a')\n\nx=1\nload('a',y='q')\n", "load(\"a\", y = \"q\")\nload(\"b\", \"a\", \"z\")\n\nx = 1\n"},
		{"def f(a,*,b=1):\n  '''doc\n\n  Args:\n    a: é \n  '''\n  return {'a':a,}\n", "def f(a, *, b = 1):\n    \"\"\"doc\n\n    Args:\n      a: é\n    \"\"\"\n    return {\"a\": a}\n"},
		{"d = deployment('a',\n  image='x')\n", "d = deployment(\n    \"a\",\n    image = \"x\",\n)\n"},
		{"x = 1 if a else 2, (3 if b else 4), lambda: 5\n", "x = (1 if a else 2), (3 if b else 4), (lambda: 5)\n"},
		{"return_ = b'a' if a else b'c', 1\n", "return_ = (b'a' if a else b'c'), 1\n"},
		{"x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"},
	} {
		out, err := Source("t.star", []byte(c.in))
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		} else if string(out) != c.want {
			t.Errorf("%q: got\n%q, want\n%q", c.in, out, c.want)
		} else {
			check(t, "t.star", []byte(c.in), out)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"x = (1\n", "t.star:1:5"},
		{"x = 'a\n", "t.star:1:5"},
		{"x = \"\xff\"\n", "t.star:1:6"},
		{"def f():\n\treturn 1\n  x\n", "t.star:2:1"},
	} {
		_, err := Source("t.star", []byte(c.in))
		var list diag.List
		if !errors.As(err, &list) || list[0].Pos.String() != c.want {
			t.Errorf("%q: got %v, want a mistake at %s", c.in, err, c.want)
		}
	}
}

// check reports whether formatting kept the meaning and the comments, and would change nothing more.
func check(t *testing.T, file string, in, out []byte) {
	t.Helper()
	again, err := Source(file, out)
	if err != nil || string(again) != string(out) {
		t.Errorf("%s: formatted twice (%v):\n%s\nonce:\n%s", file, err, again, out)
	}
	opts := &syntax.FileOptions{Set: true, TopLevelControl: true}
	a, err := opts.Parse(file, in, syntax.RetainComments)
	if err != nil {
		t.Fatal(err)
	}
	b, err := opts.Parse(file, out, syntax.RetainComments)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, want := dump(b), dump(a); got != want {
		t.Errorf("%s: means\n%s\nmeant\n%s", file, got, want)
	}
	if got, want := strings.Count(string(out), "#"), strings.Count(string(in), "#"); got != want {
		t.Errorf("%s: %d number signs left of %d", file, got, want)
	}
}

// dump writes what a file means: its tree without positions, loads, parentheses and the space in docstrings.
func dump(f *syntax.File) string {
	var b strings.Builder
	for _, s := range f.Stmts {
		if _, ok := s.(*syntax.LoadStmt); !ok {
			show(&b, reflect.ValueOf(s))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func show(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		if p, ok := v.Interface().(*syntax.ParenExpr); ok {
			show(b, reflect.ValueOf(p.X))
			return
		}
		show(b, v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			show(b, v.Index(i))
			b.WriteByte(',')
		}
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Type == reflect.TypeFor[syntax.Position](), f.Name == "Raw", f.Name == "commentsRef", f.Name == "Function", f.Name == "Binding":
			case f.Name == "Value" && v.Type() == reflect.TypeFor[syntax.Literal]():
				fmt.Fprint(b, strings.Join(strings.Fields(fmt.Sprint(v.Field(i))), " "))
			default:
				show(b, v.Field(i))
				b.WriteByte(' ')
			}
		}
		b.WriteString("}")
	default:
		fmt.Fprint(b, v)
	}
}

// Every Starlark file of this repo keeps its meaning.
func TestFiles(t *testing.T) {
	count := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".star" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out, err := Source(path, text)
		if err != nil {
			if list, ok := errors.AsType[diag.List](err); ok && len(list[0].Help) > 0 && strings.Contains(list[0].Help[0], "formatter") {
				t.Error(err)
			}
			return nil
		}
		count++
		check(t, path, text, out)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 10 {
		t.Errorf("found only %d files", count)
	}
}

func FuzzSource(f *testing.F) {
	for _, s := range []string{"x='a'\n", "def f(a, *b, **c):\n  '''d'''\n  return [a for a in b if c]\n", "x = b'\\xff' + rb''\n", "load('a', 'b')\n#c\nif x: pass\nelse: y //= 2\n", "x = '\\u00e9\\'' \"\"\"\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if out, err := Source("t.star", []byte(s)); err == nil && !strings.Contains(s, "#") {
			check(t, "t.star", []byte(s), out)
		}
	})
}
