package cluster

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/decode"
)

// FuzzSight looks at whatever a server may send in place of an object, a Pod or an event: nothing of it breaks the wait, and what
// is told about it is safe for a terminal.
func FuzzSight(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"uid":"u","generation":2},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[{}]}}},"status":{"observedGeneration":2,"conditions":[{"type":"Progressing","status":"True"}]}}`,
		`{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}},"status":{"replicas":1}}`,
		`{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":1}}`,
		`{"apiVersion":"example.com/v1","kind":"T","status":{"conditions":[{"type":"Ready","status":"False","reason":"R","message":"M"}]}}`,
		`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","status":{"conditions":[{"type":"Established"}]}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","startupProbe":{"exec":{"command":["x"]}}}]},"status":{"phase":"Running","containerStatuses":[{"name":"a","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1}}}]}}`,
		`{"involvedObject":{"uid":"u","fieldPath":"spec.containers{a}"},"reason":"Unhealthy","message":"Startup probe failed: \u001b[31m","count":3}`,
		`{"kind":"Job","apiVersion":"batch/v1","status":{"conditions":"none"}}`, `[]`, `null`, "{\"spec\":{\"containers\":[{\"name\":\"\x7f\"}]}}", `{"status":[{}],"metadata":{"labels":3}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := decode.JSON([]byte(text))
		if err != nil {
			return
		}
		s, err := sight([]byte(text))
		if err != nil {
			t.Fatalf("decoded, and not read: %v", err)
		}
		_, e := readNotice(n)
		p := readPod(n)
		x := examination{pod: p, notices: []notice{e}, grace: DefaultGrace(), patient: func() bool { return false }}
		pods := newCrowd()
		pods.put(p)
		problem := problemOf(kube.Identify(n), &s.health, x.examine(), &pods)
		if s.health.work != nil {
			d := diagnosis{crowd: &pods, work: s.health.work, grace: DefaultGrace(), now: time.Now(), patient: x.patient}
			d.trouble()
		}
		for _, line := range problem.Lines {
			if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) }) {
				t.Errorf("a line with control characters: %q", line)
			}
		}
	})
}
