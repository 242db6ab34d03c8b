package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
)

func TestCompareSecrets(t *testing.T) {
	secret := func(name, value string) kube.Node {
		return parse(t, []byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"`+name+`"},"data":{"a":"`+value+`","b":"aA=="}}`))
	}
	c := NewComparer()
	changes := c.Compare(secret("x", "aA=="), secret("x", "aQ=="))
	if len(changes) != 1 || changes[0].Path.String() != `data["a"]` {
		t.Fatalf("got %+v", changes)
	}
	old, new := changes[0].Old.Str(), changes[0].New.Str()
	if old == new || !strings.HasPrefix(old, "(secret, digest ") || len(old) != len("(secret, digest 12345678)") {
		t.Errorf("got %q and %q", old, new)
	}
	if other := NewComparer().Compare(secret("x", "aA=="), secret("x", "aQ=="))[0].Old.Str(); other == old {
		t.Error("another run makes the same digest")
	}
	if elsewhere := c.Compare(secret("y", "aA=="), secret("y", "aQ=="))[0].Old.Str(); elsewhere == old {
		t.Error("the same value has the same digest in another Secret")
	}
	// A live one out of a list does not say its kind.
	list := with(with(secret("x", "aA=="), "kind", kube.Node{}), "apiVersion", kube.Node{})
	if got := c.Compare(list, secret("x", "aQ==")); len(got) != 1 || got[0].Old.Str() != old {
		t.Errorf("got %+v", got)
	}
	if got := c.Digested(secret("x", "aA==")).Get("data", "a").Str(); got != old {
		t.Errorf("got %q, want %q", got, old)
	}
	if got := c.Compare(kube.Node{}, secret("x", "aA==")); got != nil {
		t.Errorf("of what is not there: got %+v", got)
	}
}

func TestParseEnvoy(t *testing.T) {
	for text, want := range map[string]bool{
		"static_resources: {}":                             true,
		`{"dynamic_resources": {}}`:                        true,
		"resources:\n- \"@type\": x":                       true,
		"resources: [{a: '@type'}]":                        false,
		"a: static_resources":                              false,
		"- static_resources":                               false,
		"static_resources: [":                              false,
		"static_resources: *a":                             false,
		"a: &a {b: 1}\nstatic_resources: {<<: *a}":         false,
		"a: &a {b: 1}\nstatic_resources: {c: *a}":          true,
		"static_resources: {}\n---\nstatic_resources: {}":  true,
		strings.Repeat("static_resources", 3):              false,
		"static_resources: {a: 0x10, b: 1e3, c: ~, d: no}": true,
	} {
		if got := parseEnvoy(text).Exists(); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 8 {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i)
	}
	if parseEnvoy(bomb + "static_resources: *i").Exists() {
		t.Error("a bomb is unfolded")
	}
}

func TestRolls(t *testing.T) {
	const deployment = `{"kind":"Deployment","spec":{"replicas":6,"template":{"a":1}}}`
	for _, c := range []struct {
		name, live, result string
		want               int
	}{
		{"template", deployment, `{"kind":"Deployment","spec":{"replicas":9,"template":{"a":2}}}`, 6},
		{"replicas", deployment, `{"kind":"Deployment","spec":{"replicas":9,"template":{"a":1}}}`, 0},
		{"paused", deployment, `{"kind":"Deployment","spec":{"paused":true,"template":{"a":2}}}`, 0},
		{"of a list", `{"spec":{"template":{"a":1}}}`, `{"kind":"Deployment","spec":{"template":{"a":2}}}`, 1},
		{"none there", `{"spec":{"replicas":0,"template":{"a":1}}}`, `{"kind":"Deployment","spec":{"template":{"a":2}}}`, 0},
		{"new", ``, deployment, 0},
		{"replaced", deployment, ``, 6},
		{"partition", `{"spec":{"replicas":5,"template":{"a":1}}}`, `{"kind":"StatefulSet","spec":{"template":{"a":2},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":3}}}}`, 2},
		{"on delete", `{"spec":{"replicas":5,"template":{"a":1}}}`, `{"kind":"StatefulSet","spec":{"template":{"a":2},"updateStrategy":{"type":"OnDelete"}}}`, 0},
		{"daemon", `{"spec":{"template":{"a":1}},"status":{"currentNumberScheduled":7}}`, `{"kind":"DaemonSet","spec":{"template":{"a":2}}}`, 7},
		{"job", `{"kind":"Job","spec":{"template":{"a":1}},"status":{"active":2}}`, ``, 2},
		{"replica set", `{"spec":{"replicas":5,"template":{"a":1}}}`, `{"kind":"ReplicaSet","spec":{"template":{"a":2}}}`, 0},
		{"no template", `{"kind":"ConfigMap","data":{"a":"1"}}`, `{"kind":"ConfigMap","data":{"a":"2"}}`, 0},
	} {
		node := func(s string) (n kube.Node) {
			if s != "" {
				n = parse(t, []byte(s))
			}
			return n
		}
		if got := Rolls(node(c.live), node(c.result)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMerged(t *testing.T) {
	live := parse(t, []byte(liveDeployment))
	desired := parse(t, []byte(strings.NewReplacer(`["1","2"]`, `["3"]`, `{"k":"v"}`, `{"new":"1"}`, `{"name":"b","image":"i"}`, `{"name":"c","image":"i"}`).Replace(desiredDeployment)))
	var got []string
	for _, c := range NewComparer().Compare(live, Merged(live, desired)) {
		got = append(got, c.Path.String())
	}
	want := `spec.template.spec.nodeSelector["k"], spec.template.spec.nodeSelector["new"], spec.template.spec.containers["app"].args[0], ` +
		`spec.template.spec.containers["app"].args[1], spec.template.spec.containers["app"].resources.limits["cpu"], spec.template.spec.containers["c"]`
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s", s)
	}
}

// The order is the server's own, see TestMergedOrderOnServer.
func TestMergedOrder(t *testing.T) {
	env := func(names string) string {
		var list []string
		for n := range strings.SplitSeq(names, "") {
			list = append(list, `{"name":"`+n+`"}`)
		}
		return `{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"c","env":[` + strings.Join(list, ",") + `]}]}}`
	}
	for _, c := range mergeOrders {
		got := ""
		merged := Merged(parse(t, []byte(env(c.live))), parse(t, []byte(env(c.desired))))
		for _, container := range merged.Get("spec", "containers").Items() {
			for _, v := range container.Get("env").Items() {
				got += v.Get("name").Str()
			}
		}
		if got != c.want {
			t.Errorf("%s over %s: got %s, want %s", c.desired, c.live, got, c.want)
		}
	}
}

var mergeOrders = []struct{ live, desired, want string }{
	{"abc", "abc", "abc"},
	{"abc", "cba", "cba"},
	{"abxcd", "dca", "bxdca"},
	{"xabc", "ab", "xabc"},
	{"axbyc", "cab", "xycab"},
	{"ab", "nab", "nab"},
	{"ab", "anb", "anb"},
	{"xaybz", "nbma", "xynbzma"},
	{"xy", "ab", "xyab"},
}

func TestClean(t *testing.T) {
	n := Clean(parse(t, []byte(`{"apiVersion":"v1","metadata":{"name":"a","uid":"u","resourceVersion":"1","managedFields":[],"creationTimestamp":"x","generation":2,
		"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},"labels":{"a":"b"}},"spec":{"metadata":{"uid":"kept"}},"status":{"a":1}}`)))
	var got []string
	for _, c := range Diff(kube.OfMap(kube.Pairs{}), n) {
		got = append(got, c.Path.String())
	}
	if s := strings.Join(got, " "); s != "apiVersion metadata spec" {
		t.Errorf("got %s", s)
	}
	if s := strings.Join(keys(n.Get("metadata")), " "); s != "name labels" {
		t.Errorf("metadata: got %s", s)
	}
	if n.Get("spec", "metadata", "uid").Str() != "kept" || n.Get("status").Exists() {
		t.Error("too much or too little is gone")
	}
}

// TestCompareGenerated: what a server makes up differs from one dry run to the next, and from what it makes up when it writes.
func TestCompareGenerated(t *testing.T) {
	const fields = `"managedFields":[{"manager":"m","operation":"Apply","fieldsV1":{"f:spec":{"f:type":{},"f:ports":{"k:{\"port\":81,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:nodePort":{}}}}}}]`
	for _, c := range []struct {
		name, live, result string
		want               []string
	}{
		{
			"the ports and the address of a Service",
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"ExternalName","ports":[{"port":80,"protocol":"TCP"}]}}`,
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a",` + fields + `},"spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"protocol":"TCP","nodePort":31111},{"port":81,"protocol":"TCP","nodePort":32222}]}}`,
			[]string{
				`spec.type: "ExternalName" -> "NodePort"`, `spec.clusterIP: null -> "(allocated by the server)"`, `spec.clusterIPs: null -> ["(allocated by the server)"]`,
				`spec.ports["80/TCP"].nodePort: null -> "(allocated by the server)"`, `spec.ports["81/TCP"]: null -> {"port":81,"protocol":"TCP","nodePort":32222}`,
			},
		},
		{
			"what a Service has already",
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"nodePort":31111}]}}`,
			`{"apiVersion":"v1","kind":"Service","metadata":{"name":"a",` + fields + `},"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","fd00::1"],"ports":[{"port":80,"nodePort":31111}]}}`,
			[]string{`spec.clusterIPs[1]: null -> "(allocated by the server)"`},
		},
		{
			"the labels of a Job's Pods",
			`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"controller-uid":"1"}},"template":{"metadata":{"labels":{"controller-uid":"1","job-name":"a","x":"y"}}}}}`,
			`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"controller-uid":"2"}},"template":{"metadata":{"labels":{"controller-uid":"2","job-name":"a-1","x":"z"}}}}}`,
			[]string{`spec.template.metadata.labels["x"]: "y" -> "z"`},
		},
		{
			"the labels that a file gives to a Job's Pods",
			`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"manualSelector":true,"selector":{"matchLabels":{"job-name":"1"}}}}`,
			`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"manualSelector":true,"selector":{"matchLabels":{"job-name":"2"}}}}`,
			[]string{`spec.selector.matchLabels["job-name"]: "1" -> "2"`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, ch := range NewComparer().Compare(parse(t, []byte(c.live)), parse(t, []byte(c.result))) {
				got = append(got, fmt.Sprintf("%s: %s -> %s", ch.Path, encode.AppendJSON(nil, ch.Old, 0), encode.AppendJSON(nil, ch.New, 0)))
			}
			if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(c.want))) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}
