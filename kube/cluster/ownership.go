package cluster

import (
	"fmt"
	"strings"

	"github.com/starctl/starctl/kube"
	"github.com/starctl/starctl/kube/plan"
)

// claim says whose a live object is.
type claim uint8

const (
	ours     claim = iota
	nobodys        // no set's: made by hand, by kubectl, by Helm or a controller
	anothers       // another set's
	remade         // of the same name as one of ours, and not that: it was deleted and made again
)

// whose says whose an object is, and who that is if it is another set's. An Entry with the object's uid is proof. One without
// a uid, of a run that ended between a write and its answer, is proof with what only our own write leaves behind: label,
// annotation, and an entry of our manager in managedFields, which a copy loses.
func whose(live kube.Node, e *Entry, owner plan.Owner) (claim, string) {
	meta := live.Get("metadata")
	mark := meta.Get("annotations", plan.OwnerAnnotation).Str()
	switch {
	case copied(mark, owner):
		return nobodys, ""
	case mark != "" && !sameOwner(mark, owner):
		return anothers, setOf(mark)
	case e != nil && e.UID != "" && e.UID == meta.Get("uid").Str():
		return ours, ""
	case marked(live, owner) && applied(live, owner.Manager()) && (e == nil || e.UID == ""):
		return ours, ""
	case e != nil && e.UID != "":
		return remade, ""
	}
	return nobodys, ""
}

// marked reports whether an object has the label and the annotation of the owner.
func marked(live kube.Node, owner plan.Owner) bool {
	meta := live.Get("metadata")
	return meta.Get("labels", plan.SetLabel).Str() == owner.Set && sameOwner(meta.Get("annotations", plan.OwnerAnnotation).Str(), owner)
}

// sameOwner reports whether an annotation is the owner's. Who may not read the cluster's uid takes any.
func sameOwner(mark string, owner plan.Owner) bool {
	cluster, rest, ok := strings.Cut(mark, "/")
	return ok && rest == owner.Namespace+"/"+owner.Set && (cluster == owner.Cluster || cluster == "" || owner.Cluster == "")
}

// copied reports whether an annotation is of this set in another cluster, as in a copy or a backup of that. Nobody manages the
// copy from there.
func copied(mark string, owner plan.Owner) bool {
	_, rest, ok := strings.Cut(mark, "/")
	return ok && rest == owner.Namespace+"/"+owner.Set && !sameOwner(mark, owner)
}

// setOf names the set of an annotation for people.
func setOf(mark string) string {
	parts := strings.SplitN(mark, "/", 3)
	if len(parts) != 3 {
		return mark
	}
	return fmt.Sprintf("%s, whose inventory is in namespace %s", parts[2], parts[1])
}

// applied reports whether a manager has applied the object, rather than updated it.
func applied(live kube.Node, manager string) bool {
	for _, m := range live.Get("metadata", "managedFields").Items() {
		if m.Get("manager").Str() == manager && m.Get("operation").Str() == "Apply" && m.Get("subresource").Str() == "" {
			return true
		}
	}
	return false
}

// newborn reports whether an object is the account that the cluster makes in every namespace, as nobody has written it yet: a set
// that declares it takes it from nobody.
func newborn(live kube.Node) bool {
	return live.Get("kind").Str() == "ServiceAccount" && live.Get("apiVersion").Str() == "v1" && live.Get("metadata", "name").Str() == "default" &&
		live.Get("metadata", "managedFields").Len() == 0
}

// dying reports whether an object is being deleted.
func dying(live kube.Node) bool { return live.Get("metadata", "deletionTimestamp").Exists() }

func uidOf(n kube.Node) string { return n.Get("metadata", "uid").Str() }

func versionOf(n kube.Node) string { return n.Get("metadata", "resourceVersion").Str() }
