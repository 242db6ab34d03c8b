package plan

import "github.com/starctl/starctl/kube"

// What a masked value reads. Data of a Secret must be base64, so that what is masked is still a Secret.
const (
	maskedText = "masked"
	maskedData = "bWFza2Vk"
)

// Mask returns the object with every value of a Secret replaced, so that only its keys can be seen. Any other object
// comes back as it is.
func Mask(n kube.Node) kube.Node {
	if n.Get("kind").Str() != "Secret" || n.Get("apiVersion").Str() != "v1" {
		return n
	}
	return kube.OfRecord(maskedSecret{n.Collection()})
}

// maskedSecret views a Secret without its values.
type maskedSecret struct{ kube.Collection }

func (m maskedSecret) At(i int) (string, kube.Node) {
	k, v := m.Collection.At(i)
	switch {
	case !v.IsMapping():
	case k == "data":
		v = kube.OfMap(maskedMap{v.Collection(), maskedData})
	case k == "stringData":
		v = kube.OfMap(maskedMap{v.Collection(), maskedText})
	}
	return k, v
}

type maskedMap struct {
	kube.Collection
	text string
}

func (m maskedMap) At(i int) (string, kube.Node) {
	k, v := m.Collection.At(i)
	if !v.Exists() {
		return k, v
	}
	return k, kube.OfString(m.text)
}
