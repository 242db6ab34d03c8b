package golden

import (
	"testing"

	"github.com/starctl/starctl/envoy/validate"
	"github.com/starctl/starctl/kube"
)

// judge reads every configuration of a sidecar into Envoy's messages, with all their constraints. What Kubernetes says of the
// objects is asked by internal/goldentest, of these cases too.
func judge(t *testing.T, objects []*kube.Object) {
	t.Helper()
	for _, o := range objects {
		text := o.Get("data", "envoy.yaml").Str()
		if o.ID.Kind != "ConfigMap" || text == "" {
			continue
		}
		for _, f := range validate.Bootstrap([]byte(text), validate.Options{}) {
			t.Errorf("%s: Envoy: %v", o.ID, f)
		}
	}
}
