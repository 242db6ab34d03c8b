package envoytest

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	pb "google.golang.org/grpc/interop/grpc_testing"
)

var measure = flag.Bool("measure", false, "run the measurements")

// withUpstreams makes b have n upstreams like its first one.
func withUpstreams(b Bootstrap, n int) {
	res := b.At("static_resources").(map[string]any)
	clusters, listeners := b.Clusters(), res["listeners"].([]any)
	cl, ls := []any{clusters["envoy_admin"], clusters["envoy_tracing"]}, []any{listeners[len(listeners)-1]}
	for i := range n {
		cl = append(cl, renamed(clusters["svc0"], i))
		l := renamed(listeners[0], i).(map[string]any)
		l["address"] = socketAddress("127.0.0.1", 10001+i)
		ls = append(ls, l)
	}
	res["clusters"], res["listeners"] = cl, ls
}

func renamed(v any, i int) any {
	data, _ := json.Marshal(v)
	var out any
	json.Unmarshal([]byte(strings.ReplaceAll(string(data), "svc0", fmt.Sprint("up", i))), &out)
	return out
}

func TestMeasureSilentDNS(t *testing.T) {
	if !*measure {
		t.Skip("needs -measure")
	}
	w := newWorld(t, config())
	withUpstreams(w.boot, 300)
	for i := range 300 {
		w.dns.Set(fmt.Sprintf("up%d.ns.svc.cluster.local", i), Answer{Drop: true})
	}
	t.Logf("300 upstreams, no answer from DNS: ready %v", w.start())
}

// What 300 streams that the application does not read hold.
func TestMeasureUnread(t *testing.T) {
	if !*measure {
		t.Skip("needs -measure")
	}
	w := newWorld(t, config())
	w.publish(svc0, w.pods(3)...)
	w.start()
	client := pb.NewTestServiceClient(w.dial(10001))
	for range 300 {
		if _, err := client.StreamingOutputCall(t.Context(), &pb.StreamingOutputCallRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(6 * time.Second)
	own, _ := w.envoy.Memory()
	t.Logf("300 unread streams: %d MiB", own)
}

// How much the inclusion list saves, and that each of its patterns matches
// something (a code class exists only once it was seen).
func TestMeasureStats(t *testing.T) {
	if !*measure {
		t.Skip("needs -measure")
	}
	patterns := func(b Bootstrap) []any {
		return b.At("stats_config.stats_matcher.inclusion_list.patterns").([]any)
	}
	w := newWorld(t, config())
	list := patterns(w.boot)
	w.publish(svc0, w.pods(3)...)
	w.publish("svc1.ns.svc.cluster.local", w.pod(11))
	w.publish("svc2.ns.svc.cluster.local", w.pod(12))
	w.start()
	visit := func(w *world) string {
		for i := range 3 {
			Load{Calls: 50}.Run(t.Context(), w.dial(10001+i))
		}
		_, body, _ := w.envoy.Get(9902, "/stats/prometheus")
		return body
	}
	body := visit(w)
	t.Logf("with the list: %d series, %d KiB", series(body), len(body)>>10)

	delete(w.boot["stats_config"].(map[string]any), "stats_matcher")
	w.envoy.Stop()
	w.start()
	body = visit(w)
	t.Logf("without: %d series, %d KiB", series(body), len(body)>>10)
	_, all, _ := w.envoy.Get(9901, "/stats")
	var names []string
	for line := range strings.Lines(all) {
		name, _, _ := strings.Cut(line, ": ")
		names = append(names, name)
	}
	match := map[string]func(string, string) bool{"prefix": strings.HasPrefix, "suffix": strings.HasSuffix, "contains": strings.Contains}
	for _, p := range list {
		n := 0
		for k, v := range p.(map[string]any) {
			for _, name := range names {
				if match[k](name, v.(string)) {
					n++
				}
			}
		}
		t.Logf("%4d %v", n, p)
	}
}

func series(body string) (n int) {
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}
