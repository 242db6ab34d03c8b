package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Object is an object of Kubernetes, as JSON has it.
type Object map[string]any

// At returns what is at a path of fields; nil if there is nothing.
func (o Object) At(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// Text is a string at a path of fields, "" if there is none.
func (o Object) Text(path ...string) string {
	s, _ := o.At(path...).(string)
	return s
}

// Name, Namespace, UID and Version are those of its metadata.
func (o Object) Name() string      { return o.Text("metadata", "name") }
func (o Object) Namespace() string { return o.Text("metadata", "namespace") }
func (o Object) UID() string       { return o.Text("metadata", "uid") }
func (o Object) Version() string   { return o.Text("metadata", "resourceVersion") }

// API speaks to an API server about whole objects, as plainly as possible. What goes wrong fails the test.
type API struct {
	config kubeconfig
	client *http.Client
}

// NewAPI speaks as the user of a kubeconfig.
func NewAPI(path string) (*API, error) {
	k, err := readKubeconfig(path)
	if err != nil {
		return nil, err
	}
	cfg, err := k.tls()
	if err != nil {
		return nil, err
	}
	return &API{config: k, client: &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32}}}, nil
}

// Server is the address of the API server.
func (a *API) Server() string { return a.config.Server }

// Do sends a request and returns the code and the body of the answer.
func (a *API) Do(method, path, contentType string, body []byte) (int, []byte, error) {
	r, err := http.NewRequest(method, a.config.Server+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Accept", "application/json")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

func (a *API) must(t testing.TB, method, path, contentType string, body any) Object {
	t.Helper()
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body)
	}
	code, answer, err := a.Do(method, path, contentType, b)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if code == http.StatusNotFound {
		return nil
	}
	if code >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	var o Object
	if err := json.Unmarshal(answer, &o); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return o
}

// Get returns an object, nil if it is not there. Kind is one of the table in resource, or GROUP/VERSION/PLURAL.
func (a *API) Get(t testing.TB, kind, namespace, name string) Object {
	t.Helper()
	return a.must(t, http.MethodGet, pathOf(kind, namespace, name), "", nil)
}

// List returns all objects of a kind in a namespace that have a label, or any.
func (a *API) List(t testing.TB, kind, namespace, selector string) []Object {
	t.Helper()
	path := pathOf(kind, namespace, "")
	if selector != "" {
		path += "?labelSelector=" + url.QueryEscape(selector)
	}
	var list []Object
	items, _ := a.must(t, http.MethodGet, path, "", nil)["items"].([]any)
	for _, i := range items {
		list = append(list, Object(i.(map[string]any)))
	}
	return list
}

// Create makes an object, whose metadata say where.
func (a *API) Create(t testing.TB, o Object) Object {
	t.Helper()
	made := a.must(t, http.MethodPost, pathOf(kindOf(o), o.Namespace(), ""), "application/json", o)
	if made == nil {
		t.Fatalf("there is no namespace %q, or no such kind: %s", o.Namespace(), kindOf(o))
	}
	return made
}

// Apply applies an object as a field manager does that takes what it wants.
func (a *API) Apply(t testing.TB, manager string, o Object) Object {
	t.Helper()
	path := pathOf(kindOf(o), o.Namespace(), o.Name()) + "?force=true&fieldManager=" + url.QueryEscape(manager)
	return a.must(t, http.MethodPatch, path, "application/apply-patch+yaml", o)
}

// Merge changes an object by a merge patch; of a subresource, if name is NAME/SUBRESOURCE.
func (a *API) Merge(t testing.TB, kind, namespace, name string, patch map[string]any) Object {
	t.Helper()
	return a.must(t, http.MethodPatch, pathOf(kind, namespace, name)+"?fieldManager=somebody", "application/merge-patch+json", patch)
}

// Delete deletes an object; it is well if it is not there.
func (a *API) Delete(t testing.TB, kind, namespace, name string) {
	t.Helper()
	a.must(t, http.MethodDelete, pathOf(kind, namespace, name), "application/json", map[string]any{"propagationPolicy": "Background"})
}

// Path is where an object is, on the server.
func Path(o Object) string { return pathOf(kindOf(o), o.Namespace(), o.Name()) }

func kindOf(o Object) string {
	kind := o.Text("kind")
	if _, known := resources()[kind]; known {
		return kind
	}
	return o.Text("apiVersion") + "/" + strings.ToLower(kind) + "s"
}

func pathOf(kind, namespace, name string) string {
	r, known := resources()[kind]
	if !known {
		r = kind
	}
	i := strings.LastIndexByte(r, '/')
	if i < 0 {
		panic(fmt.Sprintf("clustertest does not know the kind %q: write GROUP/VERSION/PLURAL", kind))
	}
	version, plural := r[:i], r[i+1:]
	path := "/apis/" + version
	if version == "v1" {
		path = "/api/v1"
	}
	if namespace != "" {
		path += "/namespaces/" + namespace
	}
	path += "/" + plural
	if name != "" {
		path += "/" + name
	}
	return path
}

func resources() map[string]string {
	const rbac = "rbac.authorization.k8s.io/v1/"
	const admission = "admissionregistration.k8s.io/v1/"
	return map[string]string{
		"Namespace": "v1/namespaces", "ConfigMap": "v1/configmaps", "Secret": "v1/secrets", "Service": "v1/services", "Pod": "v1/pods",
		"ServiceAccount": "v1/serviceaccounts", "Event": "v1/events", "PersistentVolumeClaim": "v1/persistentvolumeclaims",
		"PersistentVolume": "v1/persistentvolumes", "Node": "v1/nodes",
		"Deployment": "apps/v1/deployments", "ReplicaSet": "apps/v1/replicasets", "StatefulSet": "apps/v1/statefulsets", "DaemonSet": "apps/v1/daemonsets",
		"Job": "batch/v1/jobs", "CronJob": "batch/v1/cronjobs", "PodDisruptionBudget": "policy/v1/poddisruptionbudgets",
		"NetworkPolicy": "networking.k8s.io/v1/networkpolicies", "Ingress": "networking.k8s.io/v1/ingresses",
		"HorizontalPodAutoscaler": "autoscaling/v2/horizontalpodautoscalers",
		"Role":                    rbac + "roles", "RoleBinding": rbac + "rolebindings", "ClusterRole": rbac + "clusterroles", "ClusterRoleBinding": rbac + "clusterrolebindings",
		"CustomResourceDefinition":         "apiextensions.k8s.io/v1/customresourcedefinitions",
		"ValidatingWebhookConfiguration":   admission + "validatingwebhookconfigurations",
		"ValidatingAdmissionPolicy":        admission + "validatingadmissionpolicies",
		"ValidatingAdmissionPolicyBinding": admission + "validatingadmissionpolicybindings",
	}
}
