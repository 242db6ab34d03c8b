//go:build unix

package check

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starctl/starctl/kube"
)

// services is n services of five objects each, with nothing to find.
func services(t testing.TB, n int) *kube.Set {
	set := &kube.Set{Name: "bench", Namespace: "shop"}
	for i := range n {
		text := strings.ReplaceAll(oneService, "NAME", fmt.Sprintf("svc-%04d", i))
		set.Objects = append(set.Objects, load(t, text).Objects...)
	}
	return set
}

const oneService = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop, labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: shop}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: NAME}}
  template:
    metadata:
      labels: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: shop, version: v1}
      annotations: {prometheus.io/scrape: "true", prometheus.io/port: "9090", config-hash: abcdef}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: NAME
        image: registry.example.com/shop/NAME:v1.2.3
        args: ["--port=8080", "--metrics=:9090"]
        env:
        - {name: A_ADDR, value: "127.0.0.1:20000"}
        - {name: B_ADDR, value: "127.0.0.1:20001"}
        - {name: C_ADDR, value: "127.0.0.1:20002"}
        - {name: LOG_LEVEL, value: info}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        ports: [{name: grpc, containerPort: 8080}, {name: metrics, containerPort: 9090}]
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
        readinessProbe: {grpc: {port: 8080}, periodSeconds: 5}
        livenessProbe: {grpc: {port: 8080}, initialDelaySeconds: 10}
        lifecycle: {preStop: {sleep: {seconds: 10}}}
      - name: envoy
        image: envoyproxy/envoy:v1.34.1
        command: [envoy, -c, /etc/envoy/envoy.yaml]
        ports: [{name: envoy-admin, containerPort: 9901}]
        resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /ready, port: 9901}, periodSeconds: 3}
        securityContext: {runAsNonRoot: true, runAsUser: 101, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: config, mountPath: /etc/envoy, readOnly: true}]
      volumes:
      - {name: config, configMap: {name: NAME-envoy}}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop, labels: {app.kubernetes.io/name: NAME}}
spec:
  clusterIP: None
  selector: {app.kubernetes.io/name: NAME, app.kubernetes.io/part-of: shop}
  ports: [{name: grpc, port: 8080, targetPort: grpc}, {name: metrics, port: 9090}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME-envoy, namespace: shop, labels: {app.kubernetes.io/name: NAME}}
data: {envoy.yaml: "static_resources: {}\n"}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: NAME, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app.kubernetes.io/name: NAME}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: NAME, namespace: shop}
spec:
  minReplicas: 2
  maxReplicas: 10
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
`

// BenchmarkAll checks 5000 objects, one service at a time counted.
func BenchmarkAll(b *testing.B) {
	const n = 1000
	set := services(b, n)
	if found := All(set, Options{}); len(found) > 0 {
		b.Fatal(print(found[:min(len(found), 5)]))
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		All(set, Options{})
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N)/float64(n), "cpu-µs/service")
}

// cpu is what the process has used so far: other programs do not count.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
