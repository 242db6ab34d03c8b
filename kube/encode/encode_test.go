package encode

import (
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
)

func pod() kube.Node {
	return kube.OfRecord(kube.Pairs{
		{Key: "apiVersion", Value: kube.OfString("v1")},
		{Key: "kind", Value: kube.OfString("Pod")},
		{Key: "metadata", Value: kube.OfRecord(kube.Pairs{
			{Key: "labels", Value: kube.OfMap(kube.Pairs{{Key: "on", Value: kube.OfString("no")}, {Key: "a/b", Value: kube.OfString("x")}})},
			{Key: "annotations", Value: kube.OfMap(kube.Pairs{})},
			{Key: "gone"},
		})},
		{Key: "spec", Value: kube.OfRecord(kube.Pairs{
			{Key: "containers", Value: kube.OfList(kube.Elems{
				kube.OfRecord(kube.Pairs{
					{Key: "gone"},
					{Key: "name", Value: kube.OfString("app")},
					{Key: "command", Value: kube.OfList(kube.Elems{kube.OfString("-c"), {}, kube.OfString("a: b\n  c\n"), kube.OfString(" d\ne\n")})},
					{Key: "ports", Value: kube.OfList(kube.Elems{kube.OfRecord(kube.Pairs{{Key: "containerPort", Value: kube.OfInt(8080)}}), kube.OfRecord(kube.Pairs{{Key: "gone"}})})},
					{Key: "nested", Value: kube.OfList(kube.Elems{kube.OfList(kube.Elems{kube.OfInt(1), kube.OfList(kube.Elems{})}), kube.OfList(kube.Elems{})})},
				}),
			})},
			{Key: "volumes", Value: kube.OfList(kube.Elems{})},
			{Key: "hostNetwork", Value: kube.OfBool(false)},
			{Key: "nothing", Value: kube.OfNull()},
			{Key: "ratio", Value: kube.OfFloat(1)},
			{Key: "big", Value: kube.OfBig("123456789012345678901")},
			{Key: "status", Value: kube.OfRecord(kube.Pairs{{Key: "gone"}})},
		})},
	})
}

const podYAML = `apiVersion: v1
kind: Pod
metadata:
  labels:
    "on": "no"
    a/b: x
  annotations: {}
spec:
  containers:
  - name: app
    command:
    - -c
    - |
      a: b
        c
    - |2
       d
      e
    ports:
    - containerPort: 8080
    - {}
    nested:
    - - 1
      - []
    - []
  volumes: []
  hostNetwork: false
  nothing: null
  ratio: 1.0
  big: 123456789012345678901
  status: {}
`

const podJSON = `{
  "apiVersion": "v1",
  "kind": "Pod",
  "metadata": {
    "labels": {
      "on": "no",
      "a/b": "x"
    },
    "annotations": {}
  },
  "spec": {
    "containers": [
      {
        "name": "app",
        "command": [
          "-c",
          "a: b\n  c\n",
          " d\ne\n"
        ],
        "ports": [
          {
            "containerPort": 8080
          },
          {}
        ],
        "nested": [
          [
            1,
            []
          ],
          []
        ]
      }
    ],
    "volumes": [],
    "hostNetwork": false,
    "nothing": null,
    "ratio": 1.0,
    "big": 123456789012345678901,
    "status": {}
  }
}`

const podKYAML = `---
{
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    labels: {
      "on": "no",
      a/b: "x",
    },
    annotations: {},
  },
  spec: {
    containers: [{
      name: "app",
      command: [
        "-c",
        "\
           a: b\n\
          \  c\n\
          ",
        "\
          \ d\n\
           e\n\
          ",
      ],
      ports: [{
        containerPort: 8080,
      }, {}],
      nested: [[
        1,
        [],
      ], []],
    }],
    volumes: [],
    hostNetwork: false,
    nothing: null,
    ratio: 1.0,
    big: 123456789012345678901,
    status: {},
  },
}
`

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAppend(t *testing.T) {
	equal(t, string(AppendYAML(nil, pod())), podYAML)
	equal(t, string(AppendJSON(nil, pod(), 2)), podJSON)
	equal(t, string(AppendKYAML(nil, pod())), podKYAML)
}

func TestWrite(t *testing.T) {
	one := kube.NewObject(kube.OfRecord(kube.Pairs{{Key: "kind", Value: kube.OfString("A")}}), nil)
	for _, c := range []struct {
		format  Format
		objects []*kube.Object
		want    string
	}{
		{YAML, nil, ""},
		{YAML, []*kube.Object{one}, "kind: A\n"},
		{YAML, []*kube.Object{one, one}, "kind: A\n---\nkind: A\n"},
		{KYAML, []*kube.Object{one, one}, "---\n{\n  kind: \"A\",\n}\n---\n{\n  kind: \"A\",\n}\n"},
		{JSON, nil, "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": []\n}\n"},
		{JSON, []*kube.Object{one, one}, `{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {
      "kind": "A"
    },
    {
      "kind": "A"
    }
  ]
}
`},
	} {
		var b strings.Builder
		if err := Write(&b, c.format, c.objects); err != nil {
			t.Fatal(err)
		}
		equal(t, b.String(), c.want)
	}
}

// The walk allocates nothing once the buffer is large enough.
func TestAllocations(t *testing.T) {
	n := pod()
	buf := make([]byte, 0, 4096)
	for name, write := range map[string]func(){
		"YAML":  func() { AppendYAML(buf, n) },
		"KYAML": func() { AppendKYAML(buf, n) },
		"JSON":  func() { AppendJSON(buf, n, 2) },
	} {
		if got := testing.AllocsPerRun(10, write); got > 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	n := pod()
	for _, f := range []struct {
		name  string
		write func([]byte, kube.Node) []byte
	}{
		{"YAML", AppendYAML},
		{"KYAML", AppendKYAML},
		{"JSON", func(b []byte, n kube.Node) []byte { return AppendJSON(b, n, 2) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for range b.N {
				buf = f.write(buf[:0], n)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}
