package plan

import (
	"crypto/sha256"
	"encoding/base64"
)

// What apply puts on each object of a set, so that the set finds it again and others see whose it is. The inventory's ApplySet
// is known to other tools.
const (
	SetLabel        = "starctl.dev/set"
	PartOfLabel     = "applyset.kubernetes.io/part-of"
	OwnerAnnotation = "starctl.dev/owner"
)

// Owner is the set that objects belong to: its name, and where its inventory is. Two sets of one name are not the same.
type Owner struct {
	Set       string
	Namespace string // of the inventory
	Cluster   string // uid of the namespace kube-system; "" where it may not be read
}

// Manager is the field manager by which the set writes.
func (o Owner) Manager() string { return "starctl:" + o.Set }

// Inventory is the name of the set's inventory, a ConfigMap.
func (o Owner) Inventory() string { return "starctl-" + o.Set }

// ApplySet is the id of the inventory as an ApplySet, by KEP 3659: a hash of NAME.NAMESPACE.KIND.GROUP.
func (o Owner) ApplySet() string {
	sum := sha256.Sum256([]byte(o.Inventory() + "." + o.Namespace + ".ConfigMap."))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

// Annotation is the value of OwnerAnnotation.
func (o Owner) Annotation() string { return o.Cluster + "/" + o.Namespace + "/" + o.Set }
