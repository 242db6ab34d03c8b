package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	enumFunc  = regexp.MustCompile(`^func schema_k8sio_(\w+)\(`)
	enumField = regexp.MustCompile(`^\t{5}"(\w+)": \{`)
	enumLine  = regexp.MustCompile(`^\t{7,10}Enum: +\[\]interface\{\}\{(.*)\}`)
	quoted    = regexp.MustCompile(`"([^"]*)"`)
)

// readEnums reads the enumerations, which the published documents leave out, from the code that serves them. The result
// is by type and field: api_core_v1_Container.imagePullPolicy.
func readEnums(file string) (map[string][]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	enums := map[string][]string{}
	var typ, field string
	for line := range strings.Lines(string(b)) {
		if m := enumFunc.FindStringSubmatch(line); m != nil {
			typ = m[1]
		} else if m := enumField.FindStringSubmatch(line); m != nil {
			field = m[1]
		} else if m := enumLine.FindStringSubmatch(line); m != nil {
			for _, v := range quoted.FindAllStringSubmatch(m[1], -1) {
				enums[typ+"."+field] = append(enums[typ+"."+field], v[1])
			}
		}
	}
	return enums, nil
}

// closed are the string types that are not marked as enumerations and yet take nothing but their constants: the API
// server's validation (pkg/apis/GROUP/validation in k8s.io/kubernetes) refuses everything else. All other string types with
// constants stay open: ResourceName, FinalizerName, SecretType, StorageMedium, LimitType, the condition types and such
// take other values too, and what only a status holds nobody declares.
var closed = []string{
	"k8s.io/api/admissionregistration/v1.ParameterNotFoundActionType",
	"k8s.io/api/apps/v1.PersistentVolumeClaimRetentionPolicyType",
	"k8s.io/api/autoscaling/v2.HPAScalingPolicyType",
	"k8s.io/api/autoscaling/v2.MetricSourceType",
	"k8s.io/api/autoscaling/v2.MetricTargetType",
	"k8s.io/api/autoscaling/v2.ScalingPolicySelect",
	"k8s.io/api/core/v1.ContainerRestartPolicy",
	"k8s.io/api/core/v1.ContainerRestartRuleAction",
	"k8s.io/api/core/v1.ContainerRestartRuleOnExitCodesOperator",
	"k8s.io/api/core/v1.OSName",
	"k8s.io/api/core/v1.PodSELinuxChangePolicy",
	"k8s.io/api/core/v1.RecursiveReadOnlyMode",
	"k8s.io/api/core/v1.ResourceResizeRestartPolicy",
	"k8s.io/api/flowcontrol/v1.FlowDistinguisherMethodType",
	"k8s.io/api/flowcontrol/v1.LimitResponseType",
	"k8s.io/api/flowcontrol/v1.PriorityLevelEnablement",
	"k8s.io/api/flowcontrol/v1.SubjectKind",
	"k8s.io/api/storage/v1.FSGroupPolicy",
	"k8s.io/api/storage/v1.VolumeLifecycleMode",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.ConversionStrategyType",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.ResourceScope",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldSelectorOperator",
	"k8s.io/apimachinery/pkg/apis/meta/v1.LabelSelectorOperator",
}

// constants returns the values of a closed string type, or nil.
func (s *structs) constants(typ string) []string {
	if !slices.Contains(closed, typ) {
		return nil
	}
	dot := strings.LastIndexByte(typ, '.')
	p, err := s.load(typ[:dot])
	if err != nil {
		return nil
	}
	return slices.Sorted(slices.Values(p.consts[typ[dot+1:]]))
}
