package check

// table is every check, in the order in which what they find of an object is shown: who it is, how it is written, what it
// runs, what it refers to.
var table = [...]check{
	{
		name: "duplicate-object", severity: Error, set: duplicateObject,
		doc: "Two objects have one identity: group, kind, namespace and name, whatever the version. A cluster holds one of them, and which one depends on the order.",
	},
	{
		name: "object-name", severity: Error, object: objectName,
		doc: "A name that is missing, that Kubernetes refuses, or that is too long for what is named after the object (a warning): a DNS subdomain for most kinds, a DNS label for a Service, StatefulSet or Namespace, at most 52 characters for a CronJob.",
	},
	{
		name: "generate-name", severity: Error, object: generateName,
		doc: "metadata.generateName makes another object at each apply. What is declared must be found again by its name.",
	},
	{
		name: "namespace-name", severity: Error, object: namespaceName,
		doc: "metadata.namespace is not a DNS label, so that no namespace can have that name.",
	},
	{
		name: "cluster-scope", severity: Warning, object: clusterScope,
		doc: "metadata.namespace is set on a kind that lives in no namespace, such as a ClusterRole. The API server drops it: two files that mean two objects write one.",
	},
	{
		name: "api-version", severity: Error, object: apiVersion,
		doc: "The target's Kubernetes no longer has this version of the API, or does not have it yet. What a target runs is its kubernetes in starctl.star.",
	},
	{
		name: "status", severity: Warning, object: statusSet,
		doc: "The status of an object is written by the cluster; what a file sets there is ignored.",
	},
	{
		name: "object-size", severity: Error, object: objectSize,
		doc: "The values of a ConfigMap or Secret have more than 1 MiB, or an object is larger than what the API server (3 MiB) or, for custom resources, etcd (1.5 MiB) takes. A warning comes at three quarters of 1 MiB.",
	},
	{
		name: "duplicate-item", severity: Error, set: duplicateItem,
		doc: "Two items of a list have the key by which the API tells them apart: two containers, environment variables, volumes or ports of one name, two mounts of one path. Server-side apply refuses it; elsewhere the later one silently wins.",
	},
	{
		name: "label-syntax", severity: Error, object: labelSyntax, pod: podLabelSyntax,
		doc: "Keys or values of labels, selectors or node selectors that Kubernetes refuses: at most 63 letters, digits, \"-\", \"_\" and \".\", the key after a DNS name and \"/\" if wanted. Also a level of Pod security that there is not.",
	},
	{
		name: "annotation-syntax", severity: Error, object: annotationSyntax, pod: podAnnotationSyntax,
		doc: "Keys of annotations that Kubernetes refuses, values that are no strings, or more than 256 KiB of them.",
	},
	{
		name: "selector", severity: Error, pod: ownSelector,
		doc: "The selector of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job does not match the labels of its own Pod template. The API server refuses it.",
	},
	{
		name: "containers", severity: Error, pod: containers, container: passingContainer,
		doc: "A Pod without containers, a container without a name or with one that is no DNS label or taken by an init container, an init container with probes or hooks that is no sidecar.",
	},
	{
		name: "restart-policy", severity: Error, pod: restartPolicy,
		doc: "The Pods of a Deployment, StatefulSet or DaemonSet restart always, those of a Job never or on failure. The API server refuses all else, also a Job that says nothing.",
	},
	{
		name: "rollout", severity: Error, object: rollout,
		doc: "How the Pods of a Deployment or DaemonSet are replaced, where the API server refuses it: Recreate with a rollingUpdate, neither a Pod missing nor one too many, a deadline that is over before a Pod counts as ready.",
	},
	{
		name: "job", severity: Error, object: jobRules,
		doc: "Fields of a Job that do not go together: limits by index without completionMode Indexed, a podFailurePolicy with restartPolicy OnFailure.",
	},
	{
		name: "scheduling", severity: Error, pod: scheduling,
		doc: "Tolerations and requirements of nodes that the API server refuses: no key without operator Exists, a time with another effect than NoExecute, values that an operator does not take.",
	},
	{
		name: "pod-dns", severity: Error, pod: podDNS,
		doc: "A dnsPolicy None without nameservers in dnsConfig. The API server refuses it.",
	},
	{
		name: "image", severity: Error, container: image,
		doc: "A container without an image; or, as a warning, an image reference that no container runtime can read, such as one with an upper case repository.",
	},
	{
		name: "container-port", severity: Error, pod: hostPorts, container: containerPort,
		doc: "Ports of a container that the API server refuses: a number outside 1 to 65535, a name that is no IANA service name of at most 15 characters or that two ports have, a hostPort that differs from the containerPort on the node's network, or that leads to two of them.",
	},
	{
		name: "shared-port", severity: Warning, pod: sharedPort,
		doc: "Two containers of a Pod declare one port, or ports of one name. They share a network: only one can listen, and a Service or probe that asks for the name gets either.",
	},
	{
		name: "env", severity: Error, container: envSyntax,
		doc: "An environment variable whose name Kubernetes refuses, whose value is no string, or that has a value and a source, or no source; an item of envFrom with no source or two.",
	},
	{
		name: "env-reference", severity: Warning, container: envReference,
		doc: "A value, command or argument refers to $(NAME), and no variable NAME is declared, or only later. Kubernetes leaves the text as it is. \"$$(NAME)\" says that this is meant.",
	},
	{
		name: "volume", severity: Error, pod: volumeSource,
		doc: "A volume without a name, with one that is no DNS label, or that says twice what it holds, an emptyDir of a medium that there is not; as a warning, one that does not say it at all.",
	},
	{
		name: "volume-mount", severity: Error, container: volumeMount,
		doc: "A container mounts a volume that its Pod does not have, or mounts it nowhere.",
	},
	{
		name: "claim", severity: Error, object: claimSyntax, pod: podClaims,
		doc: "A PersistentVolumeClaim without access modes, or that asks for no storage; also a template of a StatefulSet and an ephemeral volume.",
	},
	{
		name: "unused-volume", severity: Warning, pod: unusedVolume,
		doc: "A Pod has a volume that no container mounts. The Pod still waits for it at its start.",
	},
	{
		name: "resources", severity: Error, pod: podResources, container: resources,
		doc: "Requests above limits, quantities that cannot be read or are negative, resources that containers do not have, and extended resources whose request is not their limit.",
	},
	{
		name: "probe", severity: Error, container: probe,
		doc: "A probe that the API server refuses: not exactly one way to probe, a port that cannot be, negative times, a successThreshold other than 1 for liveness or startup.",
	},
	{
		name: "probe-port", severity: Warning, container: probePort,
		doc: "A probe asks a port that its container does not declare. By a name that is not there it always fails.",
	},
	{
		name: "lifecycle", severity: Error, container: lifecycle,
		doc: "A hook that the API server refuses: not exactly one thing to do, or a sleep that is longer than terminationGracePeriodSeconds.",
	},
	{
		name: "security-context", severity: Error, container: securityContext,
		doc: "What a container may do, where the API server or the kubelet refuses it: privileged without allowPrivilegeEscalation, root with runAsNonRoot.",
	},
	{
		name: "new-field", severity: Error, container: newField,
		doc: "A field that the target's Kubernetes does not have yet: sidecars (restartPolicy of an init container) came with 1.29, the sleep hook with 1.30.",
	},
	{
		name: "service-port", severity: Error, object: servicePortSyntax,
		doc: "Ports of a Service that the API server refuses: none at all, several without names or with one name, numbers and target ports that cannot be.",
	},
	{
		name: "service-type", severity: Error, object: serviceType,
		doc: "Fields of a Service that do not go with its type: a headless NodePort or LoadBalancer, node ports of a ClusterIP, an ExternalName without a name or with an address.",
	},
	{
		name: "service-selector", severity: Warning, object: serviceSelects,
		doc: "A Service selects no Pod template of the set. Kubernetes accepts it, and nobody answers.",
	},
	{
		name: "target-port", severity: Warning, object: targetPort,
		doc: "A port of a Service leads to a port, by name or number, that none of the Pods it selects declares. Connections are refused.",
	},
	{
		name: "pod-selector", severity: Warning, object: podSelects,
		doc: "A PodDisruptionBudget or NetworkPolicy selects no Pod template of the set, and so protects nothing.",
	},
	{
		name: "network-policy", severity: Error, object: networkRules,
		doc: "Rules of a NetworkPolicy that the API server refuses: a peer that is nobody, or a block of addresses and a selector; exceptions outside of their block; ranges of ports without a number or backwards.",
	},
	{
		name: "ingress", severity: Error, object: ingressSyntax,
		doc: "Rules of an Ingress that the API server refuses: hosts that are no DNS names, paths that do not begin with \"/\", no pathType, backends that are nothing or two things.",
	},
	{
		name: "ingress-backend", severity: Warning, object: ingressBackend,
		doc: "An Ingress leads to a Service, or to a port of it, that the set does not declare.",
	},
	{
		name: "ingress-path", severity: Warning, set: duplicatePath,
		doc: "Two paths of Ingresses of one class have the same host and path. Which of the backends answers is up to the controller.",
	},
	{
		name: "disruption-budget", severity: Error, object: disruption,
		doc: "A PodDisruptionBudget with both minAvailable and maxUnavailable, or with a value that is no count or percentage.",
	},
	{
		name: "blocked-eviction", severity: Warning, object: blockedEviction,
		doc: "A PodDisruptionBudget allows no Pod to be evicted: minAvailable is all there are, or maxUnavailable is 0. Nodes cannot be drained, and cluster upgrades get stuck.",
	},
	{
		name: "scale-range", severity: Error, object: scaleRange,
		doc: "A HorizontalPodAutoscaler whose maxReplicas is missing, below 1 or below minReplicas.",
	},
	{
		name: "scale-metric", severity: Error, object: scaleMetric,
		doc: "A metric of a HorizontalPodAutoscaler that does not say what its type needs, or does not aim at one value above 0.",
	},
	{
		name: "scale-target", severity: Warning, object: scaleTarget,
		doc: "A HorizontalPodAutoscaler scales what the set does not declare, or what another one scales already; as an error, without its API group.",
	},
	{
		name: "scaled-replicas", severity: Warning, object: scaledReplicas,
		doc: "A workload sets replicas while a HorizontalPodAutoscaler scales it: each apply sets back what the autoscaler chose.",
	},
	{
		name: "scale-request", severity: Warning, object: scaleRequest,
		doc: "A HorizontalPodAutoscaler goes by utilization, which is a share of what containers request, and a container of the Pods requests nothing. Then it does not scale at all.",
	},
	{
		name: "cron-schedule", severity: Error, object: cronSchedule,
		doc: "The schedule of a CronJob cannot be read, names a time zone (timeZone does that), or the time zone cannot be one.",
	},
	{
		name: "data-key", severity: Error, object: dataKeys,
		doc: "Keys of a ConfigMap or Secret that Kubernetes refuses, a key in both data and binaryData, values that are no strings.",
	},
	{
		name: "base64", severity: Error, object: base64Data,
		doc: "A value in the data of a Secret, or in the binaryData of a ConfigMap, is not base64.",
	},
	{
		name: "secret-type", severity: Error, object: secretType,
		doc: "A Secret lacks what its type demands, such as tls.crt and tls.key, or what it holds is not JSON where that is read; as a warning, a type by a word that only kubectl knows.",
	},
	{
		name: "role", severity: Error, object: roleRules,
		doc: "Rules of a Role or ClusterRole that the API server refuses: no verbs, groups or resources, URLs in a Role; as a warning, verbs and groups that the API does not have, so that the rule allows nothing.",
	},
	{
		name: "role-binding", severity: Error, object: subjects,
		doc: "A RoleBinding or ClusterRoleBinding that the API server refuses: no role, a Role for the whole cluster, a ServiceAccount without a namespace, subjects of a wrong API group.",
	},
	{
		name: "reference", severity: Warning, object: objectReference, pod: podReference, container: containerReference,
		doc: "A ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount, PriorityClass, Role or Service is referred to, and the set does not declare it: the Pod would not start. What is declared elsewhere is named with vet.external; what is optional is not asked for. A key that a declared ConfigMap or Secret does not have is an error.",
	},
}
