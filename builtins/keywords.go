package builtins

import "slices"

// forms lists every short form and helper that has keywords.
func forms() []*form {
	list := []*form{
		serviceForm(), configMapForm(), secretForm(), serviceAccountForm(), ingressForm(), horizontalPodAutoscalerForm(),
		podDisruptionBudgetForm(), networkPolicyForm(), namespaceForm(), roleForm(), roleBindingForm(), clusterRoleForm(),
		clusterRoleBindingForm(), persistentVolumeClaimForm(), secretKeyForm(), configKeyForm(), fieldForm(), resourceFieldForm(),
		resourcesForm(), portForm(), httpGetForm(), grpcForm(), tcpForm(), execForm(), configVolumeForm(), secretVolumeForm(),
		emptyDirForm(), claimForm(), claimTemplateForm(), hostPathForm(), ruleForm(), subjectForm(),
	}
	for _, w := range []*workloadForm{deploymentForm(), statefulSetForm(), daemonSetForm(), jobForm(), cronJobForm()} {
		list = append(list, w.form)
	}
	return list
}

func formOf(name string) *form {
	if i := slices.IndexFunc(forms(), func(f *form) bool { return f.name == name }); i >= 0 {
		return forms()[i]
	}
	return nil
}

// Keywords lists the keywords of a short form, sorted; nil if there is no such form.
func Keywords(name string) []string {
	if f := formOf(name); f != nil {
		return slices.Clone(f.names)
	}
	return nil
}

// KeywordField returns what a keyword of a short form sets, where that is a field of the API as it stands: the field's type,
// such as "apps.v1.DeploymentSpec", and its name.
func KeywordField(name, keyword string) (typ, field string, ok bool) {
	f := formOf(name)
	if f == nil {
		return "", "", false
	}
	k, ok := f.keywords[keyword]
	if !ok || k.field == "" {
		return "", "", false
	}
	return f.sections[k.section].typ.Name, k.field, true
}
