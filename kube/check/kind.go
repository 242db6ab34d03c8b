package check

import (
	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/schema"
)

// kindID is a kind that some check treats on its own.
type kindID uint8

const (
	otherKind kindID = iota
	pods
	replicationController
	deployment
	replicaSet
	statefulSet
	daemonSet
	job
	cronJob
	podTemplate
	service
	configMap
	secret
	serviceAccount
	claim
	namespace
	ingress
	networkPolicy
	disruptionBudget
	autoscaler
	role
	roleBinding
	clusterRole
	clusterRoleBinding
	priorityClass
)

// kindRow says of a kind where its Pod template is and which rule its names obey.
type kindRow struct {
	group, kind string
	id          kindID
	pod         []string // path of the Pod template; nil if there is none
	name        nameRule
}

var (
	inPod      = []string{}
	inTemplate = []string{"spec", "template"}
	inJob      = []string{"spec", "jobTemplate", "spec", "template"}
)

// kindRows are the kinds that checks know.
var kindRows = [...]kindRow{
	{"", "Pod", pods, inPod, subdomain},
	{"", "ReplicationController", replicationController, inTemplate, subdomain},
	{"apps", "Deployment", deployment, inTemplate, subdomain},
	{"apps", "ReplicaSet", replicaSet, inTemplate, subdomain},
	{"apps", "StatefulSet", statefulSet, inTemplate, label},
	{"apps", "DaemonSet", daemonSet, inTemplate, subdomain},
	{"batch", "Job", job, inTemplate, subdomain},
	{"batch", "CronJob", cronJob, inJob, cronJobName},
	{"", "PodTemplate", podTemplate, []string{"template"}, subdomain},
	{"", "Service", service, nil, serviceName},
	{"", "ConfigMap", configMap, nil, subdomain},
	{"", "Secret", secret, nil, subdomain},
	{"", "ServiceAccount", serviceAccount, nil, subdomain},
	{"", "PersistentVolumeClaim", claim, nil, subdomain},
	{"", "PersistentVolume", otherKind, nil, subdomain},
	{"", "Namespace", namespace, nil, label},
	{"", "ResourceQuota", otherKind, nil, subdomain},
	{"", "LimitRange", otherKind, nil, subdomain},
	{"networking.k8s.io", "Ingress", ingress, nil, subdomain},
	{"networking.k8s.io", "IngressClass", otherKind, nil, subdomain},
	{"networking.k8s.io", "NetworkPolicy", networkPolicy, nil, subdomain},
	{"policy", "PodDisruptionBudget", disruptionBudget, nil, pathSegment},
	{"autoscaling", "HorizontalPodAutoscaler", autoscaler, nil, subdomain},
	{"rbac.authorization.k8s.io", "Role", role, nil, pathSegment},
	{"rbac.authorization.k8s.io", "RoleBinding", roleBinding, nil, pathSegment},
	{"rbac.authorization.k8s.io", "ClusterRole", clusterRole, nil, pathSegment},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", clusterRoleBinding, nil, pathSegment},
	{"scheduling.k8s.io", "PriorityClass", priorityClass, nil, subdomain},
	{"storage.k8s.io", "StorageClass", otherKind, nil, subdomain},
	{"coordination.k8s.io", "Lease", otherKind, nil, subdomain},
	{"node.k8s.io", "RuntimeClass", otherKind, nil, subdomain},
}

// kind is what a run knows of an apiVersion and kind.
type kind struct {
	kindRow
	version string
	number  int // the same for all versions
	life    *lifetime
	object  *schema.Object // nil for a custom resource, or a version that Kubernetes no longer has
}

func kindOf(id kube.ID) *kind {
	version := id.APIVersion()
	k := &kind{
		kindRow: kindRow{group: id.Group, kind: id.Kind}, version: id.Version,
		object: schema.ForKind(version, id.Kind), life: lifetimeOf(version, id.Kind),
	}
	for i := range kindRows {
		if row := &kindRows[i]; row.group == id.Group && row.kind == id.Kind {
			k.kindRow = *row
		}
	}
	return k
}

// clusterScoped reports whether objects of the kind surely live in no namespace.
func (k *kind) clusterScoped() bool { return k.object != nil && !k.object.Namespaced }
