package link_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/starctl/starctl/builtins"
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/encode"
	"github.com/starctl/starctl/link"
)

// calls declare a meshed set of two applications, one a statement. Those that make a value come first; the others may stand
// in any order, and so may what main returns.
var (
	makers = []string{
		`web = deployment("web", image = "shop/web:v1", ports = {"http": 8000})`,
		`pay = deployment("pay", image = "shop/pay:v1", ports = {"grpc": 8080}, termination_grace_period_seconds = 60)`,
		`upstream = envoy.upstream("ledger", service = "pay", protocol = "grpc")`,
	}
	calls = []string{
		`envoy.configure_sidecar(web, env = {"PAY": "{pay}", "LEDGER": "{ledger.host}"})`,
		`web.spec.template.spec.containers[0].env.append({"name": "LATE", "value": "1"})`,
		`web_config = envoy.config_map("web", "pay", upstream, "cache:6379")`,
		`pay_service = envoy.headless_service(pay)`,
		`pay.spec.template.spec.containers[0].ports.append({"name": "metrics", "containerPort": 9100})`,
		`envoy.configure_sidecar(pay, config = "pay-mesh", mode = "container", flags = {"--web": "{}"})`,
		`pay_config = envoy.config_map("pay", "web:8000", name = "pay-mesh")`,
		`pay.metadata.annotations["a"] = "b"`,
	}
	returned = []string{"web", "pay", "web_config", "pay_service", "pay_config"}
)

// The order of declarations, and of what main returns, changes nothing but the order of the objects.
func TestOrderNeverMatters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := ""
	for range 60 {
		c, o := slices.Clone(calls), slices.Clone(returned)
		if want != "" {
			r.Shuffle(len(c), func(i, j int) { c[i], c[j] = c[j], c[i] })
			r.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
		}
		src := "def main(ctx):\n    " + strings.Join(slices.Concat(makers, c), "\n    ") + "\n    return [" + strings.Join(o, ", ") + "]\n"
		set, list, _ := render(t, fstest.MapFS{"deploy.star": {Data: []byte(src)}}, "shop")
		if set == nil || len(list) > 0 {
			t.Fatalf("%v\n%s", list, src)
		}
		got := sorted(set.Objects)
		if want == "" {
			want = got
			for _, s := range []string{"127.0.0.1:10001", "name: metrics", "port_value: 8080", "--web=127.0.0.1:10001", "seconds: 8", "seconds: 30"} {
				if !strings.Contains(want, s) {
					t.Fatalf("%q is not in\n%s", s, want)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order gives something else (-first +this):\n%s\n%s", diff, src)
		}
	}
}

func sorted(objects []*kube.Object) string {
	var list []string
	for _, o := range objects {
		list = append(list, string(encode.AppendYAML(nil, o.Node)))
	}
	slices.Sort(list)
	return strings.Join(list, "---\n")
}

// Linking the same objects again, or for another target in between, gives the same: nothing that was given is changed.
func TestLinkChangesNothing(t *testing.T) {
	objects := evaluate(t, builtins.Predeclared(), meshed, 3)
	given := make([]string, len(objects))
	for i, o := range objects {
		given[i] = o.String()
	}
	in := func(namespace string) string {
		linked, list := link.Link(objects, link.Options{Namespace: namespace})
		if len(list) > 0 {
			t.Fatal(list)
		}
		return sorted(linked)
	}
	first := in("shop")
	if in("other") == first {
		t.Error("the namespace makes no difference")
	}
	if diff := cmp.Diff(first, in("shop")); diff != "" {
		t.Error(diff)
	}
	for i, o := range objects {
		if o.String() != given[i] {
			t.Errorf("changed to %s, was %s", o, given[i])
		}
	}
}

// Frozen objects are linked by many at a time: those of a file that all others load.
func TestLinkInParallel(t *testing.T) {
	objects := evaluate(t, builtins.Predeclared(), meshed, 3)
	for _, o := range objects {
		o.Freeze()
	}
	want, _ := link.Link(objects, link.Options{Namespace: "shop"})
	done := make(chan string)
	for range 8 {
		go func() {
			linked, _ := link.Link(objects, link.Options{Namespace: "shop"})
			done <- sorted(linked)
		}()
	}
	for range 8 {
		if got := <-done; got != sorted(want) {
			t.Error("linked at the same time as others, the objects differ")
		}
	}
}

// mux is the program that started all this, as it stands in the README, and what it leaves out.
const mux = `
envoy = package("./path/to/envoy/pkg")        # or the predeclared envoy, which is the same thing

envoy_is_enabled = %s

def k8s_deployment():
    d = deployment("my-application")
    d.spec.template.spec.containers[0].image = "example.com/my-application:v1"
    if envoy_is_enabled:
        envoy.configure_sidecar(d)
    return d

def envoy_config():
    if envoy_is_enabled:
        return envoy.config_map("my-application", "my-upstream")

def main(ctx):
    return [k8s_deployment(), envoy_config()]
`

// The toggle off leaves no trace: the same bytes as a program that never heard of Envoy.
func TestToggle(t *testing.T) {
	files := func(deploy string) fstest.MapFS {
		return fstest.MapFS{
			"deploy.star":                     {Data: []byte(deploy)},
			"path/to/envoy/pkg/sidecar.star":  {Data: []byte("configure_sidecar = envoy.configure_sidecar\n")},
			"path/to/envoy/pkg/upstream.star": {Data: []byte("config_map = envoy.config_map\n")},
			"starctl.star":                    {Data: []byte(`project(name = "mux")` + "\ndefaults(upstream_port = 50051)\n")},
		}
	}
	text := func(src string) string {
		set, list, _ := render(t, files(src), "shop")
		if set == nil || len(list) > 0 {
			t.Fatal(list)
		}
		return sorted(set.Objects)
	}
	without := text(`
def main(ctx):
    return deployment("my-application", image = "example.com/my-application:v1")
`)
	if diff := cmp.Diff(without, text(fmt.Sprintf(mux, "False"))); diff != "" {
		t.Errorf("a trace is left:\n%s", diff)
	}
	on := text(fmt.Sprintf(mux, "True"))
	for _, s := range []string{"kind: ConfigMap", "name: MY_UPSTREAM_SERVICE_ADDRESS", "my-upstream.shop.svc.cluster.local", "restartPolicy: Always"} {
		if !strings.Contains(on, s) {
			t.Errorf("%q is missing", s)
		}
	}
}
