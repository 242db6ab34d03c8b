package check

// Largest objects. The API server takes requests of 3 MiB (k8s.io/apiserver, MaxRequestBodyBytes), etcd of 1.5 MiB (its
// --max-request-bytes): custom resources are stored as JSON, all others more tightly, so that the size of their JSON does not
// tell. The values of a ConfigMap or Secret may have 1 MiB together (k8s.io/kubernetes/pkg/apis/core, MaxSecretSize).
const (
	maxRequest  = 3 << 20
	maxCustom   = 3 << 19
	maxData     = 1 << 20
	largeObject = 3 << 18
)

func objectSize(r *run, o *object) {
	if o.size < largeObject {
		return
	}
	most := maxRequest
	if o.kind.object == nil {
		most = maxCustom
	}
	switch data := dataSize(o); {
	case data > maxData:
		r.report(o, nil, "its values have %d KiB together, a %s may have %d", kib(data), o.ID.Kind, maxData>>10)
	case o.size > most:
		r.report(o, nil, "it has about %d KiB, a cluster takes at most %d", kib(o.size), most>>10)
	default:
		r.report(o, nil, "it has about %d KiB: etcd takes no more than %d, and 1024 of a ConfigMap's or Secret's values", kib(o.size), maxCustom>>10).warn()
	}
}

func kib(n int) int { return (n + 1023) >> 10 }

// dataSize is how many bytes the values of a ConfigMap or Secret have.
func dataSize(o *object) int {
	if o.kind.id != configMap && o.kind.id != secret {
		return 0
	}
	size := 0
	for field, n := range o.All() {
		for _, v := range n.All() {
			switch {
			case field == "stringData", field == "data" && o.kind.id == configMap:
				size += len(v.Str())
			case field == "data", field == "binaryData":
				size += len(v.Str()) / 4 * 3
			}
		}
	}
	return size
}

func duplicateItem(r *run) {
	for _, c := range r.walk.clashes {
		r.report(c.object, c.second, "%q is in %s twice: server-side apply refuses it", c.key, c.list).
			see(c.object, c.first, "first declared here")
	}
}
