package validate

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/starctl/starctl/envoy"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// newFields are fields that Envoy came to know lately, by the proto file's names: an unknown field of a static configuration
// is fatal.
var newFields = map[protoreflect.FullName]int{
	"envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig.max_udp_channel_duration":  36,
	"envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig.reinit_channel_on_timeout": 37,
	"envoy.extensions.clusters.dns.v3.DnsCluster.dns_min_refresh_rate":                                39,
	"envoy.config.cluster.v3.Cluster.stats_matcher":                                                   40,
	"envoy.config.listener.v3.Listener.stats_matcher":                                                 40,
}

// oldFields are deprecated fields that were right before a release: envoy.cluster.dns has taken their place.
var oldFields = map[protoreflect.FullName]int{
	"envoy.config.cluster.v3.Cluster.dns_refresh_rate":         36,
	"envoy.config.cluster.v3.Cluster.dns_jitter":               36,
	"envoy.config.cluster.v3.Cluster.dns_failure_refresh_rate": 36,
	"envoy.config.cluster.v3.Cluster.respect_dns_ttl":          36,
}

// versions looks for fields that the Envoy in question does not know yet, and for those it warns of.
func (v *view) versions(o Options) {
	minor := minorOf(cmp.Or(o.Envoy, envoy.EnvoyVersion))
	for _, m := range v.all {
		m.msg.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			path := join(m.path, string(f.Name()))
			if since := newFields[f.FullName()]; since > minor {
				v.add(Error, "version", path, "came with Envoy 1.%d, and this is for 1.%d", since, minor)
			}
			if until := oldFields[f.FullName()]; deprecated(f) && (until == 0 || minor >= until) {
				v.add(Warning, "deprecated", path, "is deprecated: Envoy warns of it, and will refuse it one day")
			}
			return true
		})
	}
}

func deprecated(f protoreflect.FieldDescriptor) bool {
	o, ok := f.Options().(*descriptorpb.FieldOptions)
	return ok && o.GetDeprecated()
}

// minorOf reads the release out of 1.36, v1.36.2 and the like.
func minorOf(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return math.MaxInt
	}
	return n
}
