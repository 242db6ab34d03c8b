package plan

import (
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

const liveDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n","uid":"u","labels":{"x":"1","other":"2"},
"managedFields":[
 {"manager":"starctl:s","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:x":{}}},"f:spec":{"f:template":{"f:spec":{"f:nodeSelector":{},"f:containers":{
  "k:{\"name\":\"app\"}":{".":{},"f:image":{},"f:name":{},"f:args":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},"f:resources":{"f:limits":{"f:cpu":{}}}},
  "k:{\"name\":\"b\"}":{".":{},"f:image":{},"f:name":{}}}}}}}},
 {"manager":"starctl:s","operation":"Update","subresource":"status","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:status":{}}},
 {"manager":"hpa","operation":"Update","subresource":"scale","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},
"spec":{"replicas":3,"template":{"spec":{"nodeSelector":{"k":"v"},"containers":[
 {"name":"app","image":"i","args":["1","2"],"ports":[{"containerPort":80,"protocol":"TCP"}],"resources":{"limits":{"cpu":"1"}},"terminationMessagePath":"/dev"},
 {"name":"injected","image":"z"},{"name":"b","image":"i"}]}}},"status":{"replicas":3}}`

const desiredDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n","labels":{"x":"1"}},
"spec":{"template":{"spec":{"nodeSelector":{"k":"v"},"containers":[
 {"name":"app","image":"i","args":["1","2"],"ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1000m"}}},{"name":"b","image":"i"}]}}}}`

func TestUnproven(t *testing.T) {
	for _, c := range []struct{ name, where, old, new, want string }{
		{"nothing changes", "", "", "", ""},
		{"a value", "desired", `"image":"i","args"`, `"image":"j","args"`, `spec.template.spec.containers[0].image: not equal`},
		{"a value that somebody changed", "live", `"image":"i","args"`, `"image":"j","args"`, `spec.template.spec.containers[0].image: not equal`},
		{"a field more", "desired", `"spec":{"template"`, `"spec":{"replicas":3,"template"`, `spec.replicas: not owned`},
		{"a field less", "desired", `,"resources":{"limits":{"cpu":"1000m"}}`, ``, `spec.template.spec.containers[0]: more is owned than declared`},
		{"an item less", "desired", `,{"name":"b","image":"i"}`, ``, `spec.template.spec.containers: more is owned than declared`},
		{"a label less", "desired", `"x":"1"`, ``, `metadata.labels: more is owned than declared`},
		{"an item of another", "desired", `{"name":"b"`, `{"name":"injected"`, `spec.template.spec.containers[1]: not owned`},
		{"another order", "live", `{"name":"injected","image":"z"},{"name":"b","image":"i"}`, `{"name":"injected","image":"z"}`, `spec.template.spec.containers[1]: not there`},
		{"order in a list that is atomic", "desired", `["1","2"]`, `["2","1"]`, `spec.template.spec.containers[0].args[0]: not equal`},
		{"an atomic mapping", "live", `{"k":"v"}`, `{"k":"v","l":"w"}`, `spec.template.spec.nodeSelector: has l as well`},
		{"another notation", "desired", `"1000m"`, `"1Ki"`, `spec.template.spec.containers[0].resources.limits["cpu"]: not equal`},
		{"an int for a string", "desired", `"x":"1"`, `"x":1`, `metadata.labels["x"]: not equal`},
		{"another version", "desired", `"apps/v1"`, `"apps/v1beta1"`, `it was read as apps/v1`},
		{"owned in another version", "live", `"Apply","apiVersion":"apps/v1"`, `"Apply","apiVersion":"apps/v1beta1"`, `it was applied in another version`},
		{"another owner", "live", `"starctl:s","operation":"Apply"`, `"starctl:t","operation":"Apply"`, `starctl:s has not applied it`},
		{"an update by us", "live", `"operation":"Apply"`, `"operation":"Update"`, `starctl:s has not applied it`},
		{"being deleted", "live", `"uid":"u"`, `"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"`, `it is being deleted`},
		{"another namespace", "desired", `"namespace":"n"`, `"namespace":"m"`, `metadata.namespace: not equal`},
		{"another kind", "live", `"kind":"Deployment"`, `"kind":"DaemonSet"`, `it is a DaemonSet`},
		{"an item of a list without its kind", "live", `"apiVersion":"apps/v1","kind":"Deployment",`, ``, ``},
		{"its being there not owned", "live", `{".":{},"f:image":{},"f:name":{}}`, `{"f:image":{},"f:name":{}}`, `spec.template.spec.containers[1]: its being there is not owned`},
		{"null", "desired", `"image":"i","args"`, `"image":null,"args"`, `spec.template.spec.containers[0].image: null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			desired, live := desiredDeployment, liveDeployment
			text := &desired
			if c.where == "live" {
				text = &live
			}
			if !strings.Contains(*text, c.old) {
				t.Fatalf("%s does not hold %s", c.where, c.old)
			}
			*text = strings.Replace(*text, c.old, c.new, 1)
			if got := Unproven(parse(t, []byte(desired)), parse(t, []byte(live)), "starctl:s"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestUnprovenOrder(t *testing.T) {
	live := parse(t, []byte(strings.Replace(liveDeployment, `"containers":[
 `, `"containers":[{"name":"b","image":"i"},`, 1)))
	if got := Unproven(parse(t, []byte(desiredDeployment)), live, "starctl:s"); got != "spec.template.spec.containers[1]: twice in the list" {
		t.Errorf("got %q", got)
	}
}

// A custom resource has no schema here: a list that is owned as one may have been applied empty, and filled by somebody else.
func TestUnprovenCustom(t *testing.T) {
	desired := parse(t, []byte(`{"apiVersion":"a.b/v1","kind":"C","metadata":{"name":"x"},"spec":{"list":[{"a":1}],"map":{"b":{"c":2.5}},"empty":[]}}`))
	entry := `{"manager":"m","operation":"Apply","apiVersion":"a.b/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:list":{},"f:map":{"f:b":{"f:c":{}}},"f:empty":{}}}}`
	text := func(more string) string {
		return `{"metadata":{"name":"x","managedFields":[` + entry + more + `]},"spec":{"list":[{"a":1}],"map":{"b":{"c":2.5}},"empty":[]}}`
	}
	bare := with(desired, "metadata", obj("name", str("x"), "labels", obj("l", str("1"))))
	if got := Unproven(bare, parse(t, []byte(text(""))), "m"); got != "metadata: not owned" {
		t.Errorf("got %q", got)
	}
	withMeta := strings.Replace(text(""), `"fieldsV1":{`, `"fieldsV1":{"f:metadata":{"f:labels":{"f:l":{}}},`, 1)
	withMeta = strings.Replace(withMeta, `{"name":"x",`, `{"name":"x","labels":{"l":"1"},`, 1)
	if got := Unproven(bare, parse(t, []byte(withMeta)), "m"); got != "" {
		t.Errorf("got %q", got)
	}
	other := strings.Replace(withMeta, "]},\"spec\"", `,{"manager":"o","operation":"Update","fieldsV1":{"f:spec":{"f:list":{"k:{\"a\":1}":{}}}}}]},"spec"`, 1)
	if got := Unproven(bare, parse(t, []byte(other)), "m"); got != "spec.list: it may merge by its parts" {
		t.Errorf("got %q", got)
	}
}

func TestSameQuantity(t *testing.T) {
	for _, c := range []struct {
		declared, live string
		want           bool
	}{
		{"1000m", "1", true},
		{"0.5", "500m", true},
		{".5", "500m", true},
		{"1024Mi", "1Gi", true},
		{"1.5Gi", "1536Mi", true},
		{"0.5Gi", "512Mi", true},
		{"0.5Ki", "512", true},
		{"1000M", "1G", true},
		{"1000k", "1M", true},
		{"5e7", "50e6", true},
		{"1e-1", "100e-3", true},
		{"0.1e3", "100", true},
		{"-1000m", "-1", true},
		{"0Gi", "0", true},
		{"1000u", "1m", true},
		{"1Gi", "1073741824", false}, // another notation, which the server keeps
		{"1G", "1Gi", false},
		{"1e3", "1k", false},
		{"0.0001m", "1n", false},  // 100p, which is rounded up
		{"1500m", "1.500", false}, // as the server wrote it when it was declared so
		{"1.500", "1500m", false}, // the server keeps it
		{"1E3", "1e3", false},     // the same
		{"007", "7", false},       // the same
		{"+1", "1", false},        // the same
		{"2e20", "200e18", false}, // too large
		{"", "0", false},
		{"x", "x", false},
		{"1.", "1", false},
		{"1.2.3", "1", false},
		{"1K", "1k", false},
		{"1 ", "1", false},
		{"1e", "1", false},
	} {
		if got := sameQuantity(c.declared, c.live); got != c.want {
			t.Errorf("%s, %s: got %v", c.declared, c.live, got)
		}
	}
}

// TestWritten: what is said to be written is what Kubernetes' own code writes, also where a default has rounded it.
func TestWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	suffixes := []string{"", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "e-3", "e1", "e7", "E2", "e0", "e-9", "K", "i", "e", "e+3"}
	digits := func(most int) string {
		s := ""
		for range r.IntN(most + 1) {
			s += string("0000012345678"[r.IntN(13)])
		}
		return s
	}
	known := 0
	for range 200_000 {
		s := digits(6)
		if r.IntN(3) == 0 {
			s += "." + digits(4)
		}
		if r.IntN(8) == 0 {
			s = string("-+"[r.IntN(2)]) + s
		}
		s += suffixes[r.IntN(len(suffixes))]
		text, ok := written(s)
		if !ok {
			continue
		}
		known++
		q, err := resource.ParseQuantity(s)
		if err != nil {
			t.Fatalf("%s is said to be written %s, and is no quantity: %v", s, text, err)
		}
		if q.String() != text {
			t.Fatalf("%s is said to be written %s, and is %s", s, text, q.String())
		}
		if rounded := q.DeepCopy(); rounded.RoundUp(resource.Milli) && rounded.String() != text {
			t.Fatalf("%s is said to be written %s, and is %s after it was rounded", s, text, rounded.String())
		}
	}
	if known < 50_000 {
		t.Errorf("only %d are known", known)
	}
}

func TestSameOwner(t *testing.T) {
	live := parse(t, []byte(liveDeployment))
	less := parse(t, []byte(strings.Replace(liveDeployment, `"f:args":{},`, "", 1)))
	if !SameOwner(live, live, "starctl:s") || SameOwner(live, less, "starctl:s") || !SameOwner(live, less, "nobody") {
		t.Error("ownership is not compared")
	}
}

func BenchmarkProven(b *testing.B) {
	live, desired := parse(b, []byte(liveDeployment)), parse(b, []byte(desiredDeployment))
	b.ReportAllocs()
	for b.Loop() {
		if !Proven(desired, live, "starctl:s") {
			b.Fatal("not proven")
		}
	}
}

// BenchmarkDecodeAndProve is what an unchanged object costs, from the text of the server.
func BenchmarkDecodeAndProve(b *testing.B) {
	text, desired := []byte(liveDeployment), parse(b, []byte(desiredDeployment))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !Proven(desired, parse(b, text), "starctl:s") {
			b.Fatal("not proven")
		}
	}
}
