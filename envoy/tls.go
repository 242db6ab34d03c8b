package envoy

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"github.com/starctl/starctl/kube"
)

// ConfigDir is where the sidecar's ConfigMap is mounted.
const ConfigDir = "/etc/envoy"

// systemCA is the bundle of public authorities in Envoy's image (Debian's ca-certificates).
const systemCA = "/etc/ssl/certs/ca-certificates.crt"

// File is a file that the bootstrap refers to and that lies beside it.
type File struct {
	Name string
	Node kube.Node
}

// Files returns what must lie beside the bootstrap: one file for each set of certificates. Envoy reads
// certificates again when they change only if it was told of them by a secret of its own, from a file that names theirs and
// the directory to watch.
func Files(c Config) []File {
	var out []File
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		out = append(out, secretFiles(u.Name, u.TLS)...)
		for j := range u.Failover {
			out = append(out, secretFiles(u.failoverSecret(j), u.Failover[j].TLS)...)
		}
	}
	if c.XDS != nil {
		out = append(out, secretFiles(xdsClusterName, c.XDS.TLS)...)
	}
	return out
}

func secretFiles(owner string, t *TLS) []File {
	if t == nil {
		return nil
	}
	out := []File{{trustFile(owner), secretFile(owner+"-trust", field("validation_context", t.validationContext()))}}
	if t.Cert != "" {
		out = append(out, File{certFile(owner), secretFile(owner+"-cert", field("tls_certificate", msg(
			field("certificate_chain", msg(text("filename", t.Cert))),
			field("private_key", msg(text("filename", t.Key))),
			field("watched_directory", msg(text("path", path.Dir(t.Cert)))),
		)))})
	}
	return out
}

func trustFile(owner string) string { return "tls-" + owner + "-trust.yaml" }

func certFile(owner string) string { return "tls-" + owner + "-cert.yaml" }

func secretFile(name string, secret kube.Pair) kube.Node {
	return msg(field("resources", list(anyOf("envoy.extensions.transport_sockets.tls.v3.Secret", text("name", name), secret))))
}

func (t *TLS) validationContext() kube.Node {
	ca := cmp.Or(t.CA, systemCA)
	return msg(
		field("trusted_ca", msg(text("filename", ca))),
		field("watched_directory", msg(text("path", path.Dir(ca)))),
	)
}

// transportSocket says how the bytes travel to the upstream's own endpoints; Absent is in plain text.
func (g *generator) transportSocket(u *Upstream) kube.Node {
	if u.TLS == nil {
		return kube.Node{}
	}
	return g.tlsSocket(u.Name, u.TLS, u.protocol(), g.authority(u))
}

// transportSocketMatches says it for each endpoint to fail over to that has TLS, or that has none where the cluster has.
func (g *generator) transportSocketMatches(u *Upstream) kube.Node {
	var matches kube.Elems
	for i := range u.Failover {
		name := u.failoverSocket(i)
		if name == "" {
			continue
		}
		socket := plainSocket
		if t := u.Failover[i].TLS; t != nil {
			host, _, _ := splitHostPort(u.Failover[i].Address) // validated
			socket = g.tlsSocket(u.failoverSecret(i), t, u.protocol(), cmp.Or(u.Failover[i].Authority, host))
		}
		matches = append(matches, msg(
			text("name", name),
			field("match", msg(text("failover", name))),
			field("transport_socket", socket),
		))
	}
	if len(matches) == 0 {
		return kube.Node{}
	}
	return kube.OfList(matches)
}

var plainSocket = typed("envoy.transport_sockets.raw_buffer", "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer")

// failoverSocket names the transport socket match of the i-th endpoint to fail over to, "" if it has the cluster's own.
func (u *Upstream) failoverSocket(i int) string {
	if u.Failover[i].TLS == nil && u.TLS == nil {
		return ""
	}
	return "failover-" + strconv.Itoa(i+1)
}

func (u *Upstream) failoverSecret(i int) string { return u.Name + "-failover-" + strconv.Itoa(i+1) }

// tlsSocket trusts whom the secret says, if the certificate bears one of the wanted names.
func (g *generator) tlsSocket(owner string, t *TLS, protocol, authority string) kube.Node {
	name := t.ServerName
	if name == "" {
		name, _, _ = strings.Cut(strings.TrimSuffix(authority, "."), ":")
	}
	sans := t.SANs
	if len(sans) == 0 {
		sans = []string{name}
	}
	common := kube.Pairs{
		field("tls_params", tlsParams),
		field("combined_validation_context", msg(
			field("default_validation_context", msg(field("match_typed_subject_alt_names", sanMatchers(sans)))),
			field("validation_context_sds_secret_config", g.sdsSecret(owner+"-trust", trustFile(owner))),
		)),
	}
	if t.Cert != "" {
		common = append(common, field("tls_certificate_sds_secret_configs", list(g.sdsSecret(owner+"-cert", certFile(owner)))))
	}
	switch protocol {
	case GRPC, HTTP2:
		common = append(common, field("alpn_protocols", texts("h2")))
	case HTTP:
		common = append(common, field("alpn_protocols", texts("http/1.1")))
	}
	return typed("envoy.transport_sockets.tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
		text("sni", name),
		field("common_tls_context", kube.OfMap(common)),
	)
}

// Envoy's own lower limit for what it connects to, written out; its upper one for clients is 1.2.
var tlsParams = msg(text("tls_minimum_protocol_version", "TLSv1_2"), text("tls_maximum_protocol_version", "TLSv1_3"))

func sanMatchers(names []string) kube.Node {
	out := make(kube.Elems, len(names))
	for i, n := range names {
		out[i] = msg(text("san_type", "DNS"), field("matcher", msg(text("exact", n))))
	}
	return kube.OfList(out)
}

func (g *generator) sdsSecret(name, file string) kube.Node {
	dir := cmp.Or(g.Dir, ConfigDir)
	return msg(
		text("name", name),
		field("sds_config", msg(
			text("resource_api_version", "V3"),
			field("path_config_source", msg(
				text("path", path.Join(dir, file)),
				field("watched_directory", msg(text("path", dir))),
			)),
		)),
	)
}
