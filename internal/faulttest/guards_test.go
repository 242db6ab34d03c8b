package faulttest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/starctl/starctl/internal/clustertest"
)

// TestFault15MassPruneIsRefused: a deploy file that yields nothing, or much less than before, is more often a mistake than a wish.
func TestFault15MassPruneIsRefused(t *testing.T) {
	s := newSite(t)
	count := func(n string) {
		s.file("set_name = \"shop\"\n\ndef main(ctx):\n    return [config_map(\"c%d\" % i) for i in range(" + n + ")]\n")
	}
	refuse := func(n string) {
		t.Helper()
		count(n)
		s.proxy.Forget()
		s.want(s.run("apply"), refused, "--allow-mass-prune")
		s.wantWrites(0)
	}
	count("12")
	s.apply()
	refuse("0")
	refuse("8") // a third of twelve
	count("9")
	s.apply() // a quarter
	count("1")
	s.apply() // of fewer than ten objects it is no mass
	refuse("0")
	s.apply("--allow-mass-prune")
	s.consistent()
}

// TestFault20RejectedReplacementKeepsTheOriginal: an object is deleted to be made again only after the server has taken its
// replacement, under another name and dry.
func TestFault20RejectedReplacementKeepsTheOriginal(t *testing.T) {
	s := newSite(t)
	replaceable := func(image string) {
		s.deploy(`apply.replace(job("migrate", image = "` + image + `"))`)
	}
	replaceable("migrate:1")
	s.apply()
	was := s.Get(t, "Job", s.ns, "migrate").UID()

	s.deny(t, "jobs", "batch", `object.spec.template.spec.containers.all(c, !c.image.endsWith(":bad"))`, "no bad images here")
	replaceable("migrate:bad")
	s.proxy.Forget()
	s.want(s.run("apply"), refused, "no bad images here")
	s.wantWrites(0)
	if now := s.Get(t, "Job", s.ns, "migrate").UID(); now != was {
		t.Errorf("the Job was %s, is %s", was, now)
	}

	replaceable("migrate:2")
	s.apply()
	job := s.Get(t, "Job", s.ns, "migrate")
	if job.UID() == was {
		t.Error("the Job was not replaced")
	}
	s.consistent("Job migrate")

	s.deploy(`job("migrate", image = "migrate:3")`)
	s.proxy.Forget()
	s.want(s.run("apply"), refused, "apply.replace")
	s.wantWrites(0)
}

// deny refuses objects of the test's namespace that do not fulfil an expression, and waits until the server does.
func (s *site) deny(t *testing.T, plural, group, expression, message string) {
	t.Helper()
	name := clustertest.Name()
	const version = "admissionregistration.k8s.io/v1"
	s.Create(t, clustertest.Object{
		"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"failurePolicy": "Fail",
			"matchConstraints": map[string]any{
				"namespaceSelector": inNamespace(s.ns),
				"resourceRules": []any{map[string]any{
					"apiGroups": []string{group}, "apiVersions": []string{"*"}, "operations": []string{"CREATE", "UPDATE"}, "resources": []string{plural},
				}},
			},
			"validations": []any{map[string]any{"expression": expression, "message": message}},
		},
	})
	s.Create(t, clustertest.Object{
		"apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"policyName": name, "validationActions": []string{"Deny"}},
	})
	t.Cleanup(func() {
		s.Delete(t, "ValidatingAdmissionPolicyBinding", "", name)
		s.Delete(t, "ValidatingAdmissionPolicy", "", name)
	})
	bad := `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"probe"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x:bad"}]}}}}`
	clustertest.Eventually(t, 20*time.Second, "the policy", func() bool {
		_, answer, err := s.Do(http.MethodPost, "/apis/batch/v1/namespaces/"+s.ns+"/jobs?dryRun=All", "application/json", []byte(bad))
		return err == nil && strings.Contains(string(answer), message)
	})
}

func inNamespace(ns string) map[string]any {
	return map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": ns}}
}

// webhook makes the API server ask about operations on ConfigMaps of the test's namespace; the answer is a refusal, or none.
func (s *site) webhook(t *testing.T, operation string, refusal func(name string) string) *atomic.Int32 {
	t.Helper()
	var asked atomic.Int32
	url, ca := s.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var review struct {
			Request struct{ UID, Name string }
		}
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &review)
		text := refusal(review.Request.Name)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
			"response": map[string]any{"uid": review.Request.UID, "allowed": text == "", "status": map[string]any{"message": text}},
		})
	}))
	name := clustertest.Name()
	s.Create(t, clustertest.Object{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": map[string]any{"name": name},
		"webhooks": []any{map[string]any{
			"name": name + ".example.com", "admissionReviewVersions": []string{"v1"}, "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 5,
			"namespaceSelector": inNamespace(s.ns),
			"clientConfig":      map[string]any{"url": url, "caBundle": ca},
			"rules":             []any{map[string]any{"apiGroups": []string{""}, "apiVersions": []string{"v1"}, "operations": []string{operation}, "resources": []string{"configmaps"}}},
		}},
	})
	t.Cleanup(func() { s.Delete(t, "ValidatingWebhookConfiguration", "", name) })
	return &asked
}

// TestFault21DeletionDeniedOrHanging: what does not go away is reported and stays in the inventory; the run ends.
func TestFault21DeletionDeniedOrHanging(t *testing.T) {
	t.Parallel()
	t.Run("a webhook denies it", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"), settings("kept", "1"))
		s.apply()
		denied := s.webhook(t, "DELETE", func(name string) string {
			if name == "kept" {
				return "this one stays"
			}
			return ""
		})
		clustertest.Eventually(t, 20*time.Second, "the webhook", func() bool {
			s.proxyDelete("kept")
			return denied.Load() > 0
		})
		s.deploy(settings("a", "1"))
		r := s.run("apply")
		s.want(r, partly, "this one stays", "kept")
		if s.there("ConfigMap", "b") || !s.there("ConfigMap", "kept") {
			t.Error("one denied deletion stops the others, or was done")
		}
		s.consistent("ConfigMap a", "ConfigMap kept")
	})
	t.Run("a finalizer hangs", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("hangs", "1"))
		s.apply()
		s.Merge(t, "ConfigMap", s.ns, "hangs", map[string]any{"metadata": map[string]any{"finalizers": []string{"example.com/never"}}})
		t.Cleanup(func() {
			s.Merge(t, "ConfigMap", s.ns, "hangs", map[string]any{"metadata": map[string]any{"finalizers": nil}})
		})
		s.deploy(settings("a", "1"))
		r := s.run("apply", "--timeout", "3s")
		if r.Took > 30*time.Second {
			t.Errorf("it waited %s for a finalizer, with --timeout 3s", r.Took)
		}
		s.want(r, partly, "example.com/never")
		s.consistent("ConfigMap a", "ConfigMap hangs")
		s.Merge(t, "ConfigMap", s.ns, "hangs", map[string]any{"metadata": map[string]any{"finalizers": nil}})
		s.apply()
		s.consistent("ConfigMap a")
	})
}

// proxyDelete asks, dry, to delete a ConfigMap.
func (s *site) proxyDelete(name string) {
	_, _, _ = s.Do(http.MethodDelete, "/api/v1/namespaces/"+s.ns+"/configmaps/"+name+"?dryRun=All", "application/json", nil)
}

// TestFault22DyingIsRefused: nothing is applied into a namespace that is being deleted, or to an object that is.
func TestFault22DyingIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("object", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.apply()
		never := map[string]any{"metadata": map[string]any{"finalizers": []string{"example.com/never"}}}
		s.Merge(t, "ConfigMap", s.ns, "a", never)
		t.Cleanup(func() {
			s.Merge(t, "ConfigMap", s.ns, "a", map[string]any{"metadata": map[string]any{"finalizers": nil}})
		})
		s.Delete(t, "ConfigMap", s.ns, "a")
		s.deploy(settings("a", "2"), settings("b", "2"))
		s.proxy.Forget()
		s.want(s.run("apply"), refused, "ConfigMap", "a", "being deleted")
		s.wantWrites(0)
	})
	t.Run("namespace", func(t *testing.T) {
		s := newSite(t)
		s.deploy(settings("a", "1"))
		s.apply()
		s.Merge(t, "ConfigMap", s.ns, "a", map[string]any{"metadata": map[string]any{"finalizers": []string{"example.com/never"}}})
		s.Delete(t, "Namespace", "", s.ns)
		t.Cleanup(func() {
			s.Merge(t, "ConfigMap", s.ns, "a", map[string]any{"metadata": map[string]any{"finalizers": nil}})
		})
		s.deploy(settings("a", "1"), settings("b", "1"))
		s.proxy.Forget()
		s.want(s.run("apply"), refused, "being deleted")
		s.wantWrites(0)
	})
}
