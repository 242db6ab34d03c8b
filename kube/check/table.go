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
		doc: "A name that Kubernetes refuses, or that is too long for what is named after the object: a DNS subdomain for most kinds, a DNS label for a Service, StatefulSet or Namespace, at most 52 characters for a CronJob.",
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
		name: "status", severity: Warning, object: statusSet,
		doc: "The status of an object is written by the cluster; what a file sets there is ignored.",
	},
	{
		name: "label-syntax", severity: Error, object: labelSyntax, pod: podLabelSyntax,
		doc: "Keys or values of labels, selectors or node selectors that Kubernetes refuses: at most 63 letters, digits, \"-\", \"_\" and \".\", the key after a DNS name and \"/\" if wanted.",
	},
	{
		name: "annotation-syntax", severity: Error, object: annotationSyntax, pod: podAnnotationSyntax,
		doc: "Keys of annotations that Kubernetes refuses, values that are no strings, or more than 256 KiB of them.",
	},
	{
		name: "selector", severity: Error, pod: ownSelector,
		doc: "The selector of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job does not match the labels of its own Pod template. The API server refuses it.",
	},
}
