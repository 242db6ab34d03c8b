package schema

import (
	"strings"

	"github.com/starctl/starctl/kube/syntax"
)

// Format is how a String must be written, or the string of an IntOrString.
type Format uint8

const (
	Unformatted   Format = iota // in any way
	Text                        // not empty
	Label                       // a DNS label
	Subdomain                   // DNS labels with points between them
	Qualified                   // the key of a label
	LabelValue                  // the value of a label
	DataKey                     // the key of a ConfigMap or Secret
	PortName                    // the name of a port
	Segment                     // a name without slashes
	Host                        // a DNS name, or "*." and one
	SearchDomain                // a domain that a resolver adds
	IP                          // an address
	CIDR                        // a block of addresses
	RelativePath                // below a volume
	InsidePath                  // nowhere upwards
	AbsolutePath                // from a root
	HeaderName                  // of HTTP
	DomainPath                  // the name of a controller
	FieldPath                   // a field of a Pod that its containers may read
	ResourceField               // what a container asks for or may use, which its containers may read
)

var formats = [...]func(string) string{
	Text:  func(string) string { return "" },
	Label: syntax.Label, Qualified: syntax.Qualified, LabelValue: syntax.LabelValue, DataKey: syntax.DataKey,
	Subdomain: func(s string) string { return syntax.Subdomain(s, syntax.MaxSubdomain) },
	PortName:  syntax.PortName, Segment: syntax.Segment, Host: syntax.Host, SearchDomain: syntax.SearchDomain, IP: syntax.IP, CIDR: syntax.CIDR,
	RelativePath: syntax.RelativePath, InsidePath: syntax.InsidePath, AbsolutePath: syntax.AbsolutePath,
	HeaderName: syntax.HeaderName, DomainPath: syntax.DomainPath, FieldPath: wantFieldPath, ResourceField: wantResourceField,
}

// Misspelt says what the type wants of a text that its Format refuses, and "" of a good one. An empty text is the same as none
// unless the type says that there must be one.
func (t *Type) Misspelt(s string) string {
	switch {
	case t.Format == Unformatted:
		return ""
	case s != "":
		return formats[t.Format](s)
	case !t.Filled || t.Format == LabelValue:
		return ""
	}
	if want := formats[t.Format](s); want != "" {
		return want
	}
	return "a text that is not empty"
}

// Near returns what a text that the Format refuses was probably meant to be, or "".
func (f Format) Near(s string) string {
	switch f {
	case Label, Subdomain, Host, PortName, SearchDomain:
		return syntax.Near(s, formats[f])
	case RelativePath:
		if near := strings.TrimLeft(s, "/"); near != "" && near != s && formats[f](near) == "" {
			return near
		}
	}
	return ""
}

// Names lists the texts that the Format allows, where they can be listed.
func (f Format) Names() []string {
	switch f {
	case FieldPath:
		return fieldPaths
	case ResourceField:
		return resourceFields
	}
	return nil
}

// What containers may read of their Pods: pkg/fieldpath and pkg/apis/core/validation in k8s.io/kubernetes.
var (
	fieldPaths = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations",
		"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	resourceFields = []string{
		"limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
	}
)

func wantFieldPath(s string) string {
	for _, p := range fieldPaths {
		if s == p {
			return ""
		}
	}
	if path, key, ok := strings.Cut(s, "['"); ok && (path == "metadata.labels" || path == "metadata.annotations") {
		if key, ok := strings.CutSuffix(key, "']"); ok && syntax.Qualified(strings.ToLower(key)) == "" {
			return ""
		}
	}
	return "a field such as metadata.name, metadata.labels['KEY'], spec.nodeName or status.podIP"
}

func wantResourceField(s string) string {
	for _, p := range resourceFields {
		if s == p {
			return ""
		}
	}
	if strings.HasPrefix(s, "limits.hugepages-") || strings.HasPrefix(s, "requests.hugepages-") {
		return ""
	}
	return `"limits." or "requests." and one of cpu, memory and ephemeral-storage`
}
