package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type tlsOptions struct{ config.TLS }

func (o *tlsOptions) keywords() []string {
	return []string{"ca", "cert", "key", "sans", "server_name", "system_ca"}
}

func (o *tlsOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "ca":
		return text(&o.CA, v)
	case "system_ca":
		return flag(&o.SystemCA, v)
	case "cert":
		return text(&o.Cert, v)
	case "key":
		return text(&o.Key, v)
	case "server_name":
		return text(&o.ServerName, v)
	case "sans":
		return texts(&o.SANs, v)
	}
	return errUnknown
}

// tls(*, ca = None, system_ca = False, cert = None, key = None, server_name = None, sans = []) -> tls
//
// How a sidecar speaks TLS to an upstream. The files are those of a Secret that is mounted into the sidecar, by the
// workload's volumes and container = {"volumeMounts": [...]} of configure_sidecar; when they change, Envoy reads them again.
//
// Args:
//
//	ca: the file with the authorities to trust. Without ca or system_ca anyone could answer, so one is required.
//	system_ca: trust the public authorities that the image brings.
//	cert: the file with our own certificate, for mutual TLS.
//	key: the file with its key.
//	server_name: that is sent, by default the upstream's authority.
//	sans: DNS names of which the certificate must bear one, by default server_name.
func tls(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "", &tlsOptions{})
}

// tlsOf reads a tls keyword.
func tlsOf(r *reader, dst **config.TLS, v starlark.Value) error {
	o, err := optionOf(r, "tls", "tls", v, &tlsOptions{})
	if err == nil {
		*dst = &o.TLS
	}
	return err
}
