package builtins

import (
	"slices"
	"testing"

	"github.com/starctl/starctl/kube/schema"
)

func TestForms(t *testing.T) {
	for _, f := range forms() {
		if !slices.Contains(Names(), f.name) {
			t.Errorf("%s is a form and no predeclared name", f.name)
		}
		if _, ok := Doc(f.name); !ok {
			t.Errorf("%s has no documentation", f.name)
		}
	}
}

func TestKeywordField(t *testing.T) {
	for _, c := range []struct{ form, keyword, typ, field string }{
		{"deployment", "replicas", "apps.v1.DeploymentSpec", "replicas"},
		{"deployment", "image_pull_policy", "core.v1.Container", "imagePullPolicy"},
		{"cron_job", "time_zone", "batch.v1.CronJobSpec", "timeZone"},
		{"deployment", "nonsense", "", ""},
		{"nonsense", "replicas", "", ""},
	} {
		typ, field, ok := KeywordField(c.form, c.keyword)
		if typ != c.typ || field != c.field || ok != (typ != "") {
			t.Errorf("%s(%s = ...): got %s.%s, %v", c.form, c.keyword, typ, field, ok)
		}
		if ok && schema.Doc(typ, field) == "" {
			t.Errorf("%s.%s has no documentation", typ, field)
		}
	}
	if !slices.Contains(Keywords("service"), "ports") {
		t.Error("service has no keyword ports")
	}
}
