package cluster

import (
	"context"
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/starctl/starctl/kube/decode"
)

// kubectlManagers are those by which kubectl apply has written without server-side apply. What they own and nobody declares
// any more would stay for ever if it did not become the set's.
var kubectlManagers = []string{"kubectl-client-side-apply"}

// upgrade makes fields that kubectl apply has set the set's own, by client-go's way of going over to server-side apply.
func (w *writer) upgrade(ctx context.Context) error {
	id := w.step.ID
	res, err := w.d.Client.Resource(ctx, id)
	if err != nil {
		return err
	}
	b, err := w.d.Client.Get(ctx, res, id.Namespace, id.Name)
	if err != nil {
		return err
	}
	var live unstructured.Unstructured
	if err := json.Unmarshal(b, &live.Object); err != nil {
		return err
	}
	if string(live.GetUID()) != w.uid || live.GetResourceVersion() != w.version {
		return nil // it has changed: the write that follows finds out
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(&live, sets.New(kubectlManagers...), w.owner.Manager())
	if err != nil || len(patch) == 0 {
		return err
	}
	b, err = w.d.Client.JSONPatch(ctx, res, id.Namespace, id.Name, patch)
	if IsStale(err) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := decode.JSON(b)
	if err == nil {
		w.version = versionOf(n)
	}
	return err
}
