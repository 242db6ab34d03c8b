package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/starctl/starctl/kube"
)

// BenchmarkReview is what a wait for 1000 Deployments of three Pods each does five times a second.
func BenchmarkReview(b *testing.B) {
	var objects []Waited
	for i := range 1000 {
		id := kube.ID{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: fmt.Sprint("d", i)}
		objects = append(objects, Waited{ID: id, Resource: Resource{Group: "apps", Version: "v1", Kind: "Deployment", Name: "deployments", Namespaced: true}, UID: id.Name})
	}
	w := newWaiter(nil, objects, WaitOptions{Timeout: time.Hour})
	for _, it := range w.order {
		it.seen = true
		it.health = health{reason: ReasonPending, work: &workload{kind: "Deployment", uid: it.UID, revision: "2", wanted: 3}}
		w.pods.putSet(&replicaSet{uid: "rs-" + it.UID, owner: it.UID, revision: "2"})
		w.pods.whole[it.UID] = true
		for n := range 3 {
			name := fmt.Sprint(it.UID, "-", n)
			w.pods.put(&pod{name: name, uid: name, owner: "rs-" + it.UID, phase: "Running", containers: []container{{name: "app", running: true, started: true, readiness: &probe{}}}})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		w.review(time.Now())
	}
}

// BenchmarkJudge is what is done with each state of a Deployment that a watch brings.
func BenchmarkJudge(b *testing.B) {
	object := []byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","uid":"u","generation":2,"annotations":{"deployment.kubernetes.io/revision":"2"}},
		"spec":{"replicas":3,"selector":{"matchLabels":{"app":"d"}},"progressDeadlineSeconds":600,"template":{"spec":{"containers":[{"name":"app","image":"i","env":[{"name":"A","value":"b"}]}]}}},
		"status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,"readyReplicas":2,"availableReplicas":2,"conditions":[{"type":"Available","status":"False"},{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sight(object); err != nil {
			b.Fatal(err)
		}
	}
}
