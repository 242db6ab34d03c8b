package decode

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

func TestJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:    `{}`,
		` [ ] `: `[]`,
		`{"b":1,"a":[1,-2.5,1e3,true,false,null,"x"],"c":{"d":{}}}`: `{"b":1,"a":[1,-2.5,1000.0,true,false,null,"x"],"c":{"d":{}}}`,
		`"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`:                     `"a\"\\/\b\f\n\r\té😀"`,
		`{"k:{\"name\":\"app\"}":{".":{}}}`:                         `{"k:{\"name\":\"app\"}":{".":{}}}`,
		`"\ud83dx"`:                                                 "\"\uFFFDx\"",
		`"\ud83d\u0041"`:                                            "\"\uFFFDA\"",
		`123456789012345678901234567890`:                            `123456789012345678901234567890`,
		"{\n\t\"a\" : [ 1 , 2 ] ,\r \"b\":0}":                       `{"a":[1,2],"b":0}`,
	} {
		n, err := JSON([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(encode.AppendJSON(nil, n, 0)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	b := []byte(`{"metadata":{"name":"a","labels":{"x\/y":"1"}},"n":9007199254740993,"list":[{"name":"p"}]}`)
	n, err := JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b) // the caller's
	if got := n.Get("metadata", "labels", "x/y").Str(); got != "1" {
		t.Errorf("got %q", got)
	}
	if i, ok := n.Get("n").Int(); !ok || i != 9007199254740993 {
		t.Errorf("got %d, %v", i, ok)
	}
	if n.Get("metadata", "nam").Exists() || n.Get("").Exists() || n.Get("list", "name").Exists() {
		t.Error("found what is not there")
	}
	if n.Kind() != kube.Map || n.Len() != 3 {
		t.Errorf("got %s of %d", n.Kind(), n.Len())
	}
}

func TestMalformed(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "the JSON ends after 0 bytes, want a value",
		"{":                             "the JSON ends after 1 bytes, want a key in quotes",
		"[1":                            `the JSON ends after 2 bytes, want a comma or "]"`,
		"[1,]":                          "the JSON is malformed at byte 3: want a value",
		`{"a"}`:                         "the JSON is malformed at byte 4: want a colon",
		`{a:1}`:                         "the JSON is malformed at byte 1: want a key in quotes",
		`{"a":1 "b":2}`:                 `the JSON is malformed at byte 7: want a comma or "}"`,
		`{"a":1,}`:                      "the JSON is malformed at byte 7: want a key in quotes",
		"01":                            "the JSON is malformed at byte 1: want the end",
		"1.":                            "the JSON ends after 2 bytes, want a digit",
		"1e+":                           "the JSON ends after 3 bytes, want a digit",
		"-":                             "the JSON ends after 1 bytes, want a digit",
		"tru":                           "the JSON is malformed at byte 0: want true",
		"\"a\nb\"":                      "the JSON is malformed at byte 2: want no control character in a string",
		`"\x"`:                          "the JSON is malformed at byte 2: want an escape of JSON",
		`"\u12g4"`:                      "the JSON is malformed at byte 3: want four hexadecimal digits",
		`"\u12`:                         "the JSON ends after 5 bytes, want four hexadecimal digits",
		`"abc`:                          "the JSON ends after 4 bytes, want the end of a string",
		`"a\n`:                          "the JSON ends after 4 bytes, want the end of a string",
		"\"\xff\"":                      "the JSON is not UTF-8",
		"{} {}":                         "the JSON is malformed at byte 3: want the end",
		strings.Repeat("[", maxDepth+1): "the JSON is nested more than 10000 levels deep",
	} {
		if _, err := JSON([]byte(in)); err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", in, err, want)
		}
	}
}

// FuzzJSON: what encoding/json takes is taken, as the same value; what it refuses is refused.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u0041\n",null,true]}`, `[[],{}]`, `"\ud800"`, `-0`, `1e999`, `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := JSON(b)
		var want any
		if !json.Valid(b) {
			if err == nil {
				t.Fatalf("%q is no JSON", b)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		if d.Decode(&want) != nil {
			return
		}
		if err != nil {
			if strings.Contains(err.Error(), "not UTF-8") {
				return
			}
			t.Fatalf("%q: %v", b, err)
		}
		var got any
		d = json.NewDecoder(strings.NewReader(string(encode.AppendJSON(nil, n, 0))))
		d.UseNumber()
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(canonical(got), canonical(want)) {
			t.Fatalf("%q: got %v, want %v", b, got, want)
		}
	})
}

// canonical compares numbers by value.
func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil // infinite
		}
		return f
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = canonical(v[k])
		}
	}
	return v
}

func live() []byte {
	item := `{"name":"app","image":"x:v1","ports":[{"containerPort":8080,"protocol":"TCP"}],"resources":{"limits":{"cpu":"1"}},"terminationMessagePath":"/dev/termination-log"}`
	fields := `"k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}`
	return []byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"b","managedFields":[{"manager":"starctl:a","operation":"Apply","fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:containers":{` +
		fields + `}}}}}},{"manager":"kube-controller-manager","operation":"Update","fieldsV1":{"f:status":{"f:replicas":{},"f:conditions":{".":{}}}}}]},"spec":{"replicas":2,"template":{"spec":{"containers":[` + item + "," + item + "," + item + `]}}}}`)
}

func BenchmarkJSON(b *testing.B) {
	text := live()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := JSON(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSize: however much of a text looks like JSON and is none, little more is kept than it takes.
func TestSize(t *testing.T) {
	list := make([]kube.Node, 500)
	for name, text := range map[string][]byte{
		"an object": live(),
		"strings":   []byte(`{"data":{"a":"` + strings.Repeat(`[{,\",\n`, 1000) + `"}}`),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range list {
			var err error
			if list[i], err = JSON(text); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if each := int(after.HeapAlloc-before.HeapAlloc) / len(list); each > 6*len(text) {
			t.Errorf("%s: %d bytes take %d", name, len(text), each)
		} else {
			t.Logf("%s: %d bytes take %d", name, len(text), each)
		}
		clear(list)
	}
}

func TestAllocations(t *testing.T) {
	text := live()
	n, err := JSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(kube.Node) int
	walk = func(n kube.Node) int {
		count := 1
		if c := n.Collection(); c != nil {
			for i := range c.Len() {
				_, v := c.At(i)
				count += walk(v)
			}
		}
		return count
	}
	if got := testing.AllocsPerRun(100, func() { walk(n) }); got != 0 {
		t.Errorf("walking allocates %v times", got)
	}
}
