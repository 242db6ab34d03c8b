package schema

import (
	"slices"
	"strings"
	"testing"
)

// all yields every type of Kubernetes.
func all(yield func(*Object) bool) {
	for i := range objects {
		if o := &objects[i]; strings.Count(o.Name, ".") == 2 && !yield(o) {
			return
		}
	}
}

func TestEveryFieldIsFound(t *testing.T) {
	types, fields := 0, 0
	for o := range all {
		types++
		if Lookup(o.Name) != o {
			t.Errorf("Lookup(%s) finds another", o.Name)
		}
		required := 0
		for i := range o.Fields {
			f := &o.Fields[i]
			fields++
			if o.Field(f.Name()) != i {
				t.Errorf("%s.%s is not found", o.Name, f.Name())
			}
			if f.Required {
				required++
			}
			if f.Type.Kind == Obj && Lookup(f.Type.Object().Name) != f.Type.Object() {
				t.Errorf("%s.%s leads to %s, which Lookup does not know", o.Name, f.Name(), f.Type.Object().Name)
			}
		}
		if o.Kind != "" && (o.Field("apiVersion") != 0 || o.Field("kind") != 1) {
			t.Errorf("%s does not begin with apiVersion and kind", o.Name)
		}
		if required != int(o.Required) {
			t.Errorf("%s: Required is %d, %d fields are", o.Name, o.Required, required)
		}
		if o.Field("") >= 0 || o.Field("noSuchField") >= 0 {
			t.Errorf("%s has fields it has not", o.Name)
		}
	}
	if types < 700 || fields < 3000 {
		t.Errorf("%d types with %d fields", types, fields)
	}
}

// TestKeys: the keys of a list are scalar fields of its elements.
func TestKeys(t *testing.T) {
	lists := 0
	for o := range all {
		for i := range o.Fields {
			f := &o.Fields[i]
			if f.Type.Keys == "" {
				continue
			}
			lists++
			for key := range strings.SplitSeq(f.Type.Keys, ",") {
				elem := f.Type.Elem.Object()
				if n := elem.Field(key); n < 0 || elem.Fields[n].Type.Composite() {
					t.Errorf("%s.%s: key %s", o.Name, f.Name(), key)
				}
			}
		}
	}
	if lists < 60 {
		t.Errorf("%d lists with keys", lists)
	}
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		apiVersion, kind, name, resource string
		namespaced                       bool
	}{
		{"v1", "Pod", "core.v1.Pod", "pods", true},
		{"v1", "Namespace", "core.v1.Namespace", "namespaces", false},
		{"v1", "Endpoints", "core.v1.Endpoints", "endpoints", true},
		{"apps/v1", "Deployment", "apps.v1.Deployment", "deployments", true},
		{"networking.k8s.io/v1", "Ingress", "networking.v1.Ingress", "ingresses", true},
		{"rbac.authorization.k8s.io/v1", "ClusterRole", "rbac.v1.ClusterRole", "clusterroles", false},
		{"rbac.authorization.k8s.io/v1", "Role", "rbac.v1.Role", "roles", true},
		{"policy/v1", "PodDisruptionBudget", "policy.v1.PodDisruptionBudget", "poddisruptionbudgets", true},
		{"autoscaling/v2", "HorizontalPodAutoscaler", "autoscaling.v2.HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
		{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "apiextensions.v1.CustomResourceDefinition", "customresourcedefinitions", false},
		{"apiregistration.k8s.io/v1", "APIService", "apiregistration.v1.APIService", "apiservices", false},
		{"storage.k8s.io/v1", "StorageClass", "storage.v1.StorageClass", "storageclasses", false},
		{"internal.apiserver.k8s.io/v1alpha1", "StorageVersion", "apiserverinternal.v1alpha1.StorageVersion", "storageversions", false},
	} {
		o := ForKind(c.apiVersion, c.kind)
		if o == nil || o.Name != c.name || o.Resource != c.resource || o.Namespaced != c.namespaced {
			t.Errorf("%s %s: got %+v", c.apiVersion, c.kind, o)
		}
	}
	for _, c := range [][2]string{{"apps/v1", "Pod"}, {"apps.example.com/v1", "Deployment"}, {"v2", "Pod"}, {"", ""}, {"policy/v1beta1", "PodDisruptionBudget"}, {"meta/v1", "ObjectMeta"}} {
		if o := ForKind(c[0], c[1]); o != nil {
			t.Errorf("%v is taken for %s", c, o.Name)
		}
	}
	stored := 0
	for o := range all {
		if o.Resource != "" {
			stored++
			if ForKind(o.APIVersion, o.Kind) != o {
				t.Errorf("%s %s is not %s", o.APIVersion, o.Kind, o.Name)
			}
		}
	}
	if stored < 80 {
		t.Errorf("%d kinds are stored", stored)
	}
}

func TestHomes(t *testing.T) {
	if got := Homes("HorizontalPodAutoscaler"); !slices.Equal(got, []string{"autoscaling.v2", "autoscaling.v1"}) {
		t.Errorf("got %v", got)
	}
	if got := Homes("ClusterTrustBundle"); !slices.Equal(got, []string{"certificates.v1beta1", "certificates.v1alpha1"}) {
		t.Errorf("got %v", got)
	}
	if got := Homes("Nothing"); got != nil {
		t.Errorf("got %v", got)
	}
}

// TestOrder: fields stand in the order of the Go structs, apiVersion, kind and metadata first.
func TestOrder(t *testing.T) {
	for _, c := range []struct{ typ, want string }{
		{"apps.v1.Deployment", "apiVersion kind metadata spec status"},
		{"core.v1.Secret", "apiVersion kind metadata immutable data stringData type"},
		{"core.v1.Volume", "name hostPath emptyDir"},
		{"core.v1.Container", "name image command args workingDir ports envFrom env resources"},
		{"core.v1.EnvVar", "name value valueFrom"},
		{"meta.v1.ObjectMeta", "name generateName namespace"},
		{"rbac.v1.RoleRef", "apiGroup kind name"},
		{"autoscaling.v2.CrossVersionObjectReference", "kind name apiVersion"},
	} {
		var got []string
		for _, f := range Lookup(c.typ).Fields {
			got = append(got, f.Name())
		}
		if s := strings.Join(got, " "); !strings.HasPrefix(s+" ", c.want+" ") {
			t.Errorf("%s: got %s", c.typ, s)
		}
	}
}

// TestOpenSets: types whose constants are not all there is must take other values.
func TestOpenSets(t *testing.T) {
	for _, f := range []string{
		"core.v1.Secret.type", "core.v1.EmptyDirVolumeSource.medium", "core.v1.LimitRangeItem.type", "core.v1.NamespaceSpec.finalizers",
		"core.v1.ContainerResizePolicy.resourceName", "core.v1.PodCondition.type", "core.v1.PodReadinessGate.conditionType",
		"networking.v1.IngressClassSpec.controller", "coordination.v1.LeaseSpec.strategy", "certificates.v1.CertificateSigningRequestSpec.signerName",
	} {
		typ := typeOf(t, f)
		if typ.Kind == List {
			typ = typ.Elem
		}
		if typ.Kind != String {
			t.Errorf("%s has only the values %q", f, typ.Values)
		}
	}
	for f, want := range map[string]string{
		"core.v1.Container.restartPolicy":                     "Always Never OnFailure ",
		"core.v1.ServicePort.protocol":                        "SCTP TCP UDP ",
		"core.v1.Toleration.effect":                           "NoExecute NoSchedule PreferNoSchedule ",
		"meta.v1.LabelSelectorRequirement.operator":           "DoesNotExist Exists In NotIn",
		"autoscaling.v2.MetricSpec.type":                      "ContainerResource External Object Pods Resource",
		"rbac.v1.Subject.kind":                                "Group ServiceAccount User",
		"core.v1.PersistentVolumeClaimSpec.accessModes":       "ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod",
		"networking.v1.HTTPIngressPath.pathType":              "Exact ImplementationSpecific Prefix",
		"apiextensions.v1.CustomResourceDefinitionSpec.scope": "Cluster Namespaced",
	} {
		typ := typeOf(t, f)
		if typ.Kind == List {
			typ = typ.Elem
		}
		if got := strings.Join(typ.Values, " "); got != want {
			t.Errorf("%s has the values %q", f, got)
		}
	}
}

// TestRules: what the hand-written table adds is there.
func TestRules(t *testing.T) {
	for f, want := range map[string]bool{
		"core.v1.Container.image": true, "core.v1.Container.name": true, "core.v1.EphemeralContainer.image": true,
		"core.v1.SecretKeySelector.name": true, "core.v1.PersistentVolumeClaimSpec.accessModes": true,
		"apps.v1.DeploymentSpec.selector": true, "apps.v1.DeploymentSpec.replicas": false, "batch.v1.CronJobSpec.schedule": true,
		"networking.v1.HTTPIngressPath.pathType": true, "networking.v1.NetworkPolicySpec.podSelector": false,
		"rbac.v1.RoleRef.apiGroup": false, "apps.v1.StatefulSetSpec.serviceName": false, "core.v1.ServicePort.port": true,
	} {
		if got := fieldOf(t, f).Required; got != want {
			t.Errorf("%s: required is %v", f, got)
		}
	}
	for f, want := range map[string]string{
		"core.v1.ContainerPort.containerPort":                    "a number from 1 to 65535",
		"core.v1.ContainerPort.hostPort":                         "a number from 0 to 65535",
		"core.v1.HTTPGetAction.port":                             "a number from 1 to 65535",
		"core.v1.ServicePort.targetPort":                         "a number from 0 to 65535",
		"apps.v1.DeploymentSpec.replicas":                        "a number of at least 0",
		"core.v1.PodSpec.priority":                               "a number of at most 32 bits",
		"core.v1.Toleration.tolerationSeconds":                   "a number of at most 64 bits",
		"policy.v1.PodDisruptionBudgetSpec.minAvailable":         "a number of at least 0",
		"autoscaling.v1.HorizontalPodAutoscalerSpec.maxReplicas": "a number of at least 1",
	} {
		if got := typeOf(t, f).Range(); got != want {
			t.Errorf("%s: want %s", f, got)
		}
	}
}

func TestDoc(t *testing.T) {
	for _, c := range []struct{ typ, field, want string }{
		{"core.v1.Container", "image", "Container image name."},
		{"core.v1.Container", "", "A single application container"},
		{"admissionregistration.v1.ApplyConfiguration", "", "ApplyConfiguration"}, // the first line
		{"storagemigration.v1beta1.StorageVersionMigrationStatus", "resourceVersion", "ResourceVersion"},
		{"core.v1.Container", "prots", ""},
		{"core.v1.Contain", "", ""},
		{"", "", ""},
	} {
		if got := Doc(c.typ, c.field); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s %s: got %.80q", c.typ, c.field, got)
		}
	}
}

func typeOf(t *testing.T, path string) *Type { return fieldOf(t, path).Type }

func fieldOf(t *testing.T, path string) *Field {
	dot := strings.LastIndexByte(path, '.')
	o := Lookup(path[:dot])
	if o == nil || o.Field(path[dot+1:]) < 0 {
		t.Fatalf("no %s", path)
	}
	return &o.Fields[o.Field(path[dot+1:])]
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		object, field string
		want          Merge
	}{
		{"core.v1.PodSpec", "containers", ByItem},
		{"core.v1.PodSpec", "tolerations", Atomic},
		{"core.v1.PodSpec", "nodeSelector", Atomic},
		{"core.v1.PodSpec", "securityContext", ByItem},
		{"core.v1.Container", "args", Atomic},
		{"core.v1.ResourceRequirements", "limits", ByItem},
		{"core.v1.PersistentVolumeSpec", "claimRef", ByItem}, // although the type says otherwise
		{"core.v1.Event", "involvedObject", Atomic},
		{"apps.v1.DeploymentSpec", "selector", Atomic},
		{"rbac.v1.RoleBinding", "roleRef", Atomic},
		{"rbac.v1.RoleBinding", "subjects", Atomic}, // nothing is said of it
		{"meta.v1.ObjectMeta", "finalizers", BySet},
		{"meta.v1.ObjectMeta", "labels", ByItem},
	} {
		o := Lookup(c.object)
		if got := o.Fields[o.Field(c.field)].Type.Merge; got != c.want {
			t.Errorf("%s.%s: got %d, want %d", c.object, c.field, got, c.want)
		}
	}
}
