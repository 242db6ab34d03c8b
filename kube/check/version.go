package check

import (
	"strconv"
	"strings"

	"github.com/starctl/starctl/kube"
)

// minor is the 34 of "1.34", "v1.34.2" or "1.34+"; of anything else that of [DefaultKubernetes].
func minor(release string) int {
	_, rest, ok := strings.Cut(strings.TrimPrefix(release, "v"), ".")
	if n, err := strconv.Atoi(leadingDigits(rest)); ok && err == nil {
		return n
	}
	return minor(DefaultKubernetes)
}

// lifetime says since which minor release of Kubernetes an API exists, until which, and what took its place.
type lifetime struct {
	version      string // apiVersion
	kinds        string // separated by spaces; "" is all of the version
	since, until int    // the first release that has it, the first that has it no more; 0 is always
	now          string // the apiVersion to use instead
}

// lifetimes are those that files of today may meet. They come from zz_generated.prerelease-lifecycle.go of k8s.io/api v0.36.3 and
// from https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
var lifetimes = [...]lifetime{
	{"extensions/v1beta1", "Ingress", 0, 22, "networking.k8s.io/v1"},
	{"extensions/v1beta1", "NetworkPolicy", 0, 16, "networking.k8s.io/v1"},
	{"extensions/v1beta1", "PodSecurityPolicy", 0, 16, ""},
	{"extensions/v1beta1", "", 0, 16, "apps/v1"},
	{"apps/v1beta1", "", 0, 16, "apps/v1"},
	{"apps/v1beta2", "", 0, 16, "apps/v1"},
	{"admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration ValidatingWebhookConfiguration", 0, 22, "admissionregistration.k8s.io/v1"},
	{"apiextensions.k8s.io/v1beta1", "", 0, 22, "apiextensions.k8s.io/v1"},
	{"apiregistration.k8s.io/v1beta1", "", 0, 22, "apiregistration.k8s.io/v1"},
	{"certificates.k8s.io/v1beta1", "CertificateSigningRequest", 0, 22, "certificates.k8s.io/v1"},
	{"coordination.k8s.io/v1beta1", "Lease", 0, 22, "coordination.k8s.io/v1"},
	{"networking.k8s.io/v1beta1", "Ingress IngressClass", 0, 22, "networking.k8s.io/v1"},
	{"rbac.authorization.k8s.io/v1beta1", "", 0, 22, "rbac.authorization.k8s.io/v1"},
	{"rbac.authorization.k8s.io/v1alpha1", "", 0, 23, "rbac.authorization.k8s.io/v1"},
	{"scheduling.k8s.io/v1beta1", "PriorityClass", 0, 22, "scheduling.k8s.io/v1"},
	{"storage.k8s.io/v1beta1", "CSIDriver CSINode StorageClass VolumeAttachment", 0, 22, "storage.k8s.io/v1"},
	{"storage.k8s.io/v1beta1", "CSIStorageCapacity", 0, 27, "storage.k8s.io/v1"},
	{"batch/v1beta1", "CronJob", 0, 25, "batch/v1"},
	{"discovery.k8s.io/v1beta1", "", 0, 25, "discovery.k8s.io/v1"},
	{"events.k8s.io/v1beta1", "", 0, 25, "events.k8s.io/v1"},
	{"autoscaling/v2beta1", "", 0, 25, "autoscaling/v2"},
	{"autoscaling/v2beta2", "", 0, 26, "autoscaling/v2"},
	{"policy/v1beta1", "PodDisruptionBudget", 0, 25, "policy/v1"},
	{"policy/v1beta1", "PodSecurityPolicy", 0, 25, ""},
	{"node.k8s.io/v1beta1", "RuntimeClass", 0, 25, "node.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta1", "", 0, 26, "flowcontrol.apiserver.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta2", "", 0, 29, "flowcontrol.apiserver.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1beta3", "", 0, 32, "flowcontrol.apiserver.k8s.io/v1"},
	{"flowcontrol.apiserver.k8s.io/v1", "", 29, 0, "flowcontrol.apiserver.k8s.io/v1beta3"},
	{"admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", 28, 34, "admissionregistration.k8s.io/v1"},
	{"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding", 30, 0, "admissionregistration.k8s.io/v1beta1"},
	{"admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding", 36, 0, "admissionregistration.k8s.io/v1beta1"},
	{"networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", 31, 37, "networking.k8s.io/v1"},
	{"networking.k8s.io/v1", "IPAddress ServiceCIDR", 33, 0, "networking.k8s.io/v1beta1"},
	{"resource.k8s.io/v1", "", 34, 0, "resource.k8s.io/v1beta2"},
	{"resource.k8s.io/v1beta2", "", 33, 0, "resource.k8s.io/v1beta1"},
	{"storage.k8s.io/v1", "VolumeAttributesClass", 34, 0, "storage.k8s.io/v1beta1"},
	{"storage.k8s.io/v1beta1", "VolumeAttributesClass", 31, 0, "storage.k8s.io/v1"},
}

// lifetimeOf is the row of an API, or nil.
func lifetimeOf(apiVersion, kind string) *lifetime {
	for i := range lifetimes {
		l := &lifetimes[i]
		if l.version != apiVersion {
			continue
		}
		if l.kinds == "" {
			return l
		}
		for k := range strings.FieldsSeq(l.kinds) {
			if k == kind {
				return l
			}
		}
	}
	return nil
}

func apiVersion(r *run, o *object) {
	l := o.kind.life
	if l == nil {
		return
	}
	path := kube.Fields("apiVersion")
	switch {
	case l.until > 0 && r.minor >= l.until:
		f := r.report(o, path, "Kubernetes 1.%d has no %s %s any more: it went with 1.%d", r.minor, o.APIVersion(), o.ID.Kind, l.until)
		if l.now != "" {
			f.help("use %s", l.now)
		}
	case l.since > r.minor:
		r.report(o, path, "%s %s came with Kubernetes 1.%d, the target has 1.%d", o.APIVersion(), o.ID.Kind, l.since, r.minor).
			help("use %s, or set the target's kubernetes", l.now)
	}
}

// Releases from which on fields are there by default (k8s.io/kubernetes/pkg/features/kube_features.go, v1.36).
const (
	sidecarSince = 29 // SidecarContainers
	sleepSince   = 30 // PodLifecycleSleepAction
)

func newField(r *run, p *pod, c *container) {
	if c.sidecar() && r.minor < sidecarSince {
		r.report(p.object, p.in(c, kube.Field("restartPolicy")), "sidecars came with Kubernetes 1.%d, the target has 1.%d: the Pod would wait for this container to end", sidecarSince, r.minor)
	}
	if r.minor >= sleepSince {
		return
	}
	for hook, n := range c.lifecycle.All() {
		if n.Get("sleep").Exists() {
			r.report(p.object, p.in(c, kube.Field("lifecycle"), kube.Field(hook), kube.Field("sleep")), "sleep came with Kubernetes 1.%d, the target has 1.%d", sleepSince, r.minor)
		}
	}
}
