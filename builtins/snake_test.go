package builtins

import "testing"

func TestSnake(t *testing.T) {
	for field, want := range map[string]string{
		"image":                        "image",
		"imagePullPolicy":              "image_pull_policy",
		"hostIPC":                      "host_ipc",
		"hostPID":                      "host_pid",
		"setHostnameAsFQDN":            "set_hostname_as_fqdn",
		"externalIPs":                  "external_ips",
		"clusterIP":                    "cluster_ip",
		"clusterIPs":                   "cluster_ips",
		"nonResourceURLs":              "non_resource_urls",
		"loadBalancerIP":               "load_balancer_ip",
		"ttlSecondsAfterFinished":      "ttl_seconds_after_finished",
		"podIPs":                       "pod_ips",
		"hostIPCNamespace":             "host_ipc_namespace",
		"image_pull_policy":            "image_pull_policy",
		"DNSPolicy":                    "dns_policy",
		"automountServiceAccountToken": "automount_service_account_token",
	} {
		if got := snake(field); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}

// TestKeywords holds what wins where two sections have a field of one name.
func TestKeywords(t *testing.T) {
	for _, c := range []struct {
		form           *workloadForm
		keyword, field string
		section        func(*workloadForm) int
	}{
		{deploymentForm(), "security_context", "securityContext", func(f *workloadForm) int { return f.container }},
		{deploymentForm(), "pod_security_context", "securityContext", func(f *workloadForm) int { return f.podSpec }},
		{deploymentForm(), "resources", "resources", func(f *workloadForm) int { return f.container }},
		{deploymentForm(), "pod_resources", "resources", func(f *workloadForm) int { return f.podSpec }},
		{deploymentForm(), "restart_policy", "restartPolicy", func(f *workloadForm) int { return f.podSpec }},
		{deploymentForm(), "container_restart_policy", "restartPolicy", func(f *workloadForm) int { return f.container }},
		{deploymentForm(), "active_deadline_seconds", "activeDeadlineSeconds", func(f *workloadForm) int { return f.podSpec }},
		{jobForm(), "active_deadline_seconds", "activeDeadlineSeconds", func(f *workloadForm) int { return f.controller }},
		{jobForm(), "pod_active_deadline_seconds", "activeDeadlineSeconds", func(f *workloadForm) int { return f.podSpec }},
		{cronJobForm(), "suspend", "suspend", func(*workloadForm) int { return theSpec }},
		{cronJobForm(), "job_suspend", "suspend", func(f *workloadForm) int { return f.controller }},
		{cronJobForm(), "backoff_limit", "backoffLimit", func(f *workloadForm) int { return f.controller }},
		{statefulSetForm(), "volume_claim_templates", "volumeClaimTemplates", func(*workloadForm) int { return theSpec }},
	} {
		k, ok := c.form.keywords[c.keyword]
		if want := c.section(c.form); !ok || int(k.section) != want || k.field != c.field {
			t.Errorf("%s(%s): got field %q of section %d, want %s of %d", c.form.name, c.keyword, k.field, k.section, c.field, want)
		}
	}
}

// TestEveryField holds that no field of a container, a Pod or a spec is out of reach.
func TestEveryField(t *testing.T) {
	shaped := map[string]bool{ // under another name, or made from other keywords
		"Container.name": true, "Container.ports": true, "Container.env": true, "Container.volumeMounts": true,
		"Container.livenessProbe": true, "Container.readinessProbe": true, "Container.startupProbe": true,
		"PodSpec.containers": true, "PodSpec.volumes": true, "PodSpec.serviceAccount": true,
		"PodSpec.ephemeralContainers": true, // refused in templates
	}
	for _, f := range []*workloadForm{deploymentForm(), statefulSetForm(), daemonSetForm(), jobForm(), cronJobForm()} {
		reached := map[string]bool{}
		for _, k := range f.keywords {
			reached[f.sections[k.section].typ.Short()+"."+k.field] = true
		}
		for _, sec := range []int{theSpec, f.controller, f.podSpec, f.container} {
			o := f.sections[sec].typ
			for i := range o.Fields {
				name := o.Fields[i].Name()
				if name == "selector" || name == "template" || name == "jobTemplate" {
					continue
				}
				if full := o.Short() + "." + name; !reached[full] && !shaped[full] {
					t.Errorf("%s cannot set %s", f.name, full)
				}
			}
		}
	}
}
