package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A rule is what the API server's validation wants of a field and no document says. Its key is the field's full name, in
// every version of the group: core.Container.image.
type rule struct {
	required bool
	min, max int32    // of a number, if max is not 0
	percent  bool     // an int-or-string whose string is a percentage
	values   []string // of a string
	format   string   // of a string, or of the strings in a list or map: as in package schema
}

const anyMax = math.MaxInt32

var (
	required = rule{required: true}
	port     = rule{min: 1, max: 65535} // IsValidPortNum in apimachinery's util/validation
	orPort   = rule{max: 65535}         // the same, where 0 means not set
	atLeast0 = rule{max: anyMax}        // ValidateNonnegativeField
	atLeast1 = rule{min: 1, max: anyMax}
	fileMode = rule{max: 0o777}                 // fileModeErrorMsg in pkg/apis/core/validation
	ids      = rule{max: math.MaxInt32}         // IsValidUserID, IsValidGroupID
	weight   = rule{min: 1, max: 100}           // validateWeightedPodAffinityTerms, ValidatePreferredSchedulingTerms
	percent  = rule{percent: true, max: anyMax} // ValidatePositiveIntOrPercent in pkg/apis/apps/validation
	text     = rule{required: true, format: "Text"}
)

// handWritten is by source: the validation.go of each group below pkg/apis in k8s.io/kubernetes v1.36.3. It holds what that
// code refuses on creation whatever the rest of the object says; what depends on other fields is package check's.
var handWritten = map[string]rule{
	// pkg/apis/admissionregistration/validation: validateRuleWithOperations, validateRule; webhook.ValidateWebhookService
	"admissionregistration.RuleWithOperations.operations":    required,
	"admissionregistration.RuleWithOperations.apiGroups":     required,
	"admissionregistration.RuleWithOperations.apiVersions":   required,
	"admissionregistration.RuleWithOperations.resources":     required,
	"admissionregistration.ServiceReference.port":            orPort,
	"admissionregistration.MutatingWebhook.timeoutSeconds":   {min: 1, max: 30},
	"admissionregistration.ValidatingWebhook.timeoutSeconds": {min: 1, max: 30},
	"apiextensions.ServiceReference.port":                    orPort,

	// pkg/apis/apps/validation
	"apps.ReplicaSetSpec.template":                         required, // ValidatePodTemplateSpecForReplicaSet: template == nil
	"apps.DeploymentSpec.replicas":                         atLeast0,
	"apps.DeploymentSpec.minReadySeconds":                  atLeast0,
	"apps.DeploymentSpec.revisionHistoryLimit":             atLeast0,
	"apps.DeploymentSpec.progressDeadlineSeconds":          atLeast0,
	"apps.StatefulSetSpec.replicas":                        atLeast0,
	"apps.StatefulSetSpec.minReadySeconds":                 atLeast0,
	"apps.StatefulSetOrdinals.start":                       atLeast0,
	"apps.DaemonSetSpec.minReadySeconds":                   atLeast0,
	"apps.DaemonSetSpec.revisionHistoryLimit":              atLeast0,
	"apps.ReplicaSetSpec.replicas":                         atLeast0,
	"apps.ReplicaSetSpec.minReadySeconds":                  atLeast0,
	"apps.RollingUpdateDeployment.maxUnavailable":          percent,
	"apps.RollingUpdateDeployment.maxSurge":                percent,
	"apps.RollingUpdateDaemonSet.maxUnavailable":           percent,
	"apps.RollingUpdateDaemonSet.maxSurge":                 percent,
	"apps.RollingUpdateStatefulSetStrategy.maxUnavailable": percent,
	"apps.RollingUpdateStatefulSetStrategy.partition":      atLeast0,

	// pkg/apis/autoscaling/validation: validateHorizontalPodAutoscalerSpec, validateScalingRules, validateMetricTarget.
	// minReplicas may be 0 with the feature HPAScaleToZero.
	"autoscaling.HorizontalPodAutoscalerSpec.minReplicas":                    atLeast0,
	"autoscaling.HorizontalPodAutoscalerSpec.maxReplicas":                    atLeast1,
	"autoscaling.HPAScalingPolicy.value":                                     atLeast1,
	"autoscaling.HPAScalingPolicy.periodSeconds":                             {min: 1, max: 1800},
	"autoscaling.HPAScalingRules.stabilizationWindowSeconds":                 {max: 3600},
	"autoscaling.MetricTarget.averageUtilization":                            atLeast1,
	"autoscaling.HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage": atLeast1,

	// pkg/apis/batch/validation: validateJobSpec, validateCronJobSpec
	"batch.JobSpec.parallelism":                    atLeast0,
	"batch.JobSpec.completions":                    atLeast0,
	"batch.JobSpec.activeDeadlineSeconds":          atLeast0,
	"batch.JobSpec.backoffLimit":                   atLeast0,
	"batch.JobSpec.ttlSecondsAfterFinished":        atLeast0,
	"batch.JobSpec.backoffLimitPerIndex":           atLeast0,
	"batch.JobSpec.maxFailedIndexes":               atLeast0,
	"batch.CronJobSpec.startingDeadlineSeconds":    atLeast0,
	"batch.CronJobSpec.successfulJobsHistoryLimit": atLeast0,
	"batch.CronJobSpec.failedJobsHistoryLimit":     atLeast0,

	// pkg/apis/core/validation: validateContainerCommon ("image" is checked in Pod templates too), validateContainerPorts
	"core.Container.image":             required,
	"core.EphemeralContainer.image":    required,
	"core.ContainerPort.containerPort": port,
	"core.ContainerPort.hostPort":      orPort,

	// validateHTTPGetAction, validateTCPSocketAction, validateGRPCAction, validateProbe, validateSleepAction
	"core.HTTPGetAction.port":                  port,
	"core.TCPSocketAction.port":                port,
	"core.GRPCAction.port":                     port,
	"core.Probe.initialDelaySeconds":           atLeast0,
	"core.Probe.timeoutSeconds":                atLeast0, // 0 becomes the default, as of the other three
	"core.Probe.periodSeconds":                 atLeast0,
	"core.Probe.successThreshold":              atLeast0,
	"core.Probe.failureThreshold":              atLeast0,
	"core.Probe.terminationGracePeriodSeconds": atLeast1,
	"core.SleepAction.seconds":                 atLeast0,

	// validateConfigMapKeySelector and its like refuse an empty name by its form; the others say that it is required
	"core.ConfigMapKeySelector.name":     {required: true, format: "Subdomain"},
	"core.SecretKeySelector.name":        {required: true, format: "Subdomain"},
	"core.ConfigMapEnvSource.name":       {required: true, format: "Subdomain"},
	"core.SecretEnvSource.name":          {required: true, format: "Subdomain"},
	"core.ConfigMapVolumeSource.name":    text,
	"core.SecretVolumeSource.secretName": text,
	"core.ConfigMapProjection.name":      text,
	"core.SecretProjection.name":         text,

	// validateConfigMapVolumeSource and its like
	"core.ConfigMapVolumeSource.defaultMode":   fileMode,
	"core.SecretVolumeSource.defaultMode":      fileMode,
	"core.DownwardAPIVolumeSource.defaultMode": fileMode,
	"core.ProjectedVolumeSource.defaultMode":   fileMode,
	"core.KeyToPath.mode":                      fileMode,
	"core.DownwardAPIVolumeFile.mode":          fileMode,

	// ValidatePodSpec, validateWeightedPodAffinityTerms, ValidateSecurityContext
	"core.PodSpec.terminationGracePeriodSeconds": atLeast0,
	"core.PodSpec.activeDeadlineSeconds":         atLeast1,
	"core.PreferredSchedulingTerm.weight":        weight,
	"core.WeightedPodAffinityTerm.weight":        weight,
	"core.TopologySpreadConstraint.maxSkew":      atLeast1,
	"core.TopologySpreadConstraint.minDomains":   atLeast1,
	"core.PodSecurityContext.fsGroup":            ids,
	"core.PodSecurityContext.runAsUser":          ids,
	"core.PodSecurityContext.runAsGroup":         ids,
	"core.SecurityContext.runAsUser":             ids,
	"core.SecurityContext.runAsGroup":            ids,

	// ValidateService, validateServicePort, validateClientIPAffinityConfig. A targetPort of 0 becomes the port; the range of
	// nodePort is the cluster's own.
	"core.ServicePort.port":                port,
	"core.ServicePort.targetPort":          orPort,
	"core.ServicePort.nodePort":            orPort,
	"core.ServiceSpec.healthCheckNodePort": orPort,
	"core.ClientIPConfig.timeoutSeconds":   {min: 1, max: 86400},

	// ValidatePersistentVolumeSpec, ValidatePersistentVolumeClaimSpec
	"core.PersistentVolumeSpec.accessModes":      required,
	"core.PersistentVolumeSpec.capacity":         required,
	"core.PersistentVolumeClaimSpec.accessModes": required,
	"core.PersistentVolumeClaimSpec.resources":   required,

	// pkg/apis/networking/validation: ValidateNetworkPolicyPort, validateIngressBackend
	"networking.NetworkPolicyPort.port":     {min: 1, max: 65535, format: "PortName"},
	"networking.NetworkPolicyPort.endPort":  port,
	"networking.ServiceBackendPort.number":  orPort,
	"networking.IngressServiceBackend.port": required,

	// pkg/apis/policy/validation: ValidatePodDisruptionBudgetSpec
	"policy.PodDisruptionBudgetSpec.minAvailable":   percent,
	"policy.PodDisruptionBudgetSpec.maxUnavailable": percent,

	// pkg/apis/rbac/validation: ValidateRoleBinding, ValidateClusterRoleBinding, ValidateRoleBindingSubject
	"rbac.RoleRef.apiGroup": {values: []string{"rbac.authorization.k8s.io"}},
	"rbac.RoleRef.kind":     {values: []string{"ClusterRole", "Role"}},
	"rbac.Subject.kind":     {values: []string{"Group", "ServiceAccount", "User"}},

	// ValidateEnv, validateEnvVarValueFrom, validateObjectFieldSelector, validateContainerResourceFieldSelector
	"core.ConfigMapKeySelector.key":       {format: "DataKey"},
	"core.SecretKeySelector.key":          {format: "DataKey"},
	"core.ObjectFieldSelector.fieldPath":  {format: "FieldPath"},
	"core.ResourceFieldSelector.resource": {format: "ResourceField"},

	// validateVolumeSource, validateKeyToPath, validateLocalDescendingPath, validatePathNoBacksteps, ValidateVolumeMounts
	"core.KeyToPath.key":                                   text,
	"core.KeyToPath.path":                                  {required: true, format: "RelativePath"},
	"core.DownwardAPIVolumeFile.path":                      {required: true, format: "RelativePath"},
	"core.ServiceAccountTokenProjection.path":              {required: true, format: "RelativePath"},
	"core.ServiceAccountTokenProjection.expirationSeconds": {min: 600, max: anyMax},
	"core.VolumeMount.subPath":                             {format: "RelativePath"},
	"core.VolumeMount.subPathExpr":                         {format: "RelativePath"},
	"core.HostPathVolumeSource.path":                       {required: true, format: "InsidePath"},
	"core.NFSVolumeSource.server":                          text,
	"core.NFSVolumeSource.path":                            {required: true, format: "AbsolutePath"},
	"core.CSIVolumeSource.driver":                          {required: true, format: "Subdomain"},
	"core.PersistentVolumeClaimVolumeSource.claimName":     text,
	"core.EphemeralVolumeSource.volumeClaimTemplate":       required,

	// ValidateHostAliases, validatePodDNSConfig, ValidatePodSpec, ValidateTolerations, validateReadinessGates, validateTopologySpreadConstraints
	"core.HostAlias.ip":                            {format: "IP"},
	"core.HostAlias.hostnames":                     {format: "Subdomain"},
	"core.PodDNSConfig.nameservers":                {format: "IP"},
	"core.PodDNSConfig.searches":                   {format: "SearchDomain"},
	"core.PodDNSConfigOption.name":                 text,
	"core.PodSpec.serviceAccountName":              {format: "Subdomain"},
	"core.PodSpec.hostname":                        {format: "Label"},
	"core.PodSpec.subdomain":                       {format: "Label"},
	"core.PodSpec.priorityClassName":               {format: "Subdomain"},
	"core.PodSpec.nodeName":                        {format: "Subdomain"},
	"core.PodSpec.runtimeClassName":                {format: "Subdomain"},
	"core.Toleration.key":                          {format: "Qualified"},
	"core.Toleration.value":                        {format: "LabelValue"},
	"core.PodReadinessGate.conditionType":          {format: "Qualified"},
	"core.PodSchedulingGate.name":                  {format: "Qualified"},
	"core.TopologySpreadConstraint.topologyKey":    text,
	"core.TopologySpreadConstraint.matchLabelKeys": {format: "Qualified"},
	"core.PodAffinityTerm.topologyKey":             {format: "Qualified"},
	"core.PodAffinityTerm.namespaces":              {format: "Label"},
	"core.NodeSelectorRequirement.key":             {format: "Qualified"},
	"core.NodeSelectorRequirement.values":          {format: "LabelValue"},

	// validateHTTPHeaders, validateProcMountType
	"core.HTTPHeader.name":           {format: "HeaderName"},
	"core.SecurityContext.procMount": {values: []string{"Default", "Unmasked"}},

	// ValidateService, validateServicePort, ValidateServiceExternalTrafficPolicy
	"core.ServiceSpec.externalIPs":              {format: "IP"},
	"core.ServiceSpec.loadBalancerSourceRanges": {format: "CIDR"},
	"core.ServiceSpec.loadBalancerClass":        {format: "Qualified"},
	"core.ServiceSpec.trafficDistribution":      {values: []string{"PreferClose", "PreferSameNode", "PreferSameZone"}},
	"core.ServicePort.appProtocol":              {format: "Qualified"},

	// ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeSpec, ValidateLimitRange
	"core.PersistentVolumeClaimSpec.storageClassName": {format: "Subdomain"},
	"core.PersistentVolumeSpec.storageClassName":      {format: "Subdomain"},
	"core.LimitRangeItem.type":                        {format: "Qualified"},

	// ValidateStatefulSetSpec
	"apps.StatefulSetSpec.serviceName": {format: "Label"},

	// ValidateCrossVersionObjectReference, validateMetricIdentifier, validateResourceSource, validateContainerResourceSource
	"autoscaling.CrossVersionObjectReference.kind":        {format: "Segment"},
	"autoscaling.CrossVersionObjectReference.name":        {format: "Segment"},
	"autoscaling.MetricIdentifier.name":                   {format: "Segment"},
	"autoscaling.ResourceMetricSource.name":               text,
	"autoscaling.ContainerResourceMetricSource.name":      {format: "Qualified"},
	"autoscaling.ContainerResourceMetricSource.container": {format: "Label"},

	// validatePodFailurePolicyRuleOnPodConditions
	"batch.PodFailurePolicyOnPodConditionsPattern.type":   {format: "Qualified"},
	"batch.PodFailurePolicyOnPodConditionsPattern.status": {values: []string{"False", "True", "Unknown"}},

	// ValidateIngressSpec, validateIngressTLS, validateIngressBackend, ValidateIPBlock, ValidateIngressClassSpec
	"networking.IngressSpec.ingressClassName": {format: "Subdomain"},
	"networking.IngressTLS.hosts":             {format: "Host"},
	"networking.IngressTLS.secretName":        {format: "Subdomain"},
	"networking.IngressServiceBackend.name":   {format: "Label"},
	"networking.ServiceBackendPort.name":      {format: "PortName"},
	"networking.IPBlock.cidr":                 {format: "CIDR"},
	"networking.IPBlock.except":               {format: "CIDR"},
	"networking.IngressClassSpec.controller":  {required: true, format: "DomainPath"},

	// ValidateRoleBinding
	"rbac.RoleRef.name": {format: "Segment"},

	// pkg/apis/storage/validation: validateProvisioner
	"storage.StorageClass.provisioner": {format: "Qualified"},
}

// rules looks rules up and remembers which were used: one that is not is a mistake.
type rules struct{ used map[string]bool }

func newRules() *rules { return &rules{used: map[string]bool{}} }

// of returns the rule for a field, given the short name of its type: core.v1.Container.
func (r *rules) of(typ, field string) rule {
	p := strings.Split(typ, ".")
	key := p[0] + "." + p[2] + "." + field
	x, ok := handWritten[key]
	if ok {
		r.used[key] = true
	}
	return x
}

func (r *rules) unused() error {
	for _, key := range slices.Sorted(maps.Keys(handWritten)) {
		if !r.used[key] {
			return fmt.Errorf("rule for %s: there is no such field", key)
		}
	}
	return nil
}
