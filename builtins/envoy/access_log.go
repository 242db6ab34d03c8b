package envoy

import (
	"go.starlark.net/starlark"

	"github.com/starctl/starctl/builtins/typed"
	config "github.com/starctl/starctl/envoy"
	"github.com/starctl/starctl/kube"
)

type accessLogOptions struct{ config.AccessLog }

func (o *accessLogOptions) keywords() []string { return []string{"fields", "which"} }

func (o *accessLogOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "which":
		return word(&o.Which, v, config.LogFailures, config.LogAll, config.LogNone)
	case "fields":
		entries, err := pairs(v, `a dict such as {"tenant": "%REQ(X-TENANT)%"}`)
		if err != nil {
			return err
		}
		o.Fields = make(map[string]string, len(entries))
		for _, e := range entries {
			s, ok := e.value.(starlark.String)
			if !ok {
				return typed.Within(kube.Path{kube.Key(e.key)}, wrong(e.value, "string"))
			}
			o.Fields[e.key] = string(s)
		}
		return nil
	}
	return errUnknown
}

// access_log(which, *, fields = {}) -> access_log
//
// Which requests a sidecar writes to stdout as JSON: the access_log of envoy.config_map, which also takes which alone.
//
// Args:
//
//	which: "failures", by gRPC status too, "all" or "none".
//	fields: a dict of more fields, in Envoy's format: {"tenant": "%REQ(X-TENANT)%"}.
func accessLog(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "which", &accessLogOptions{})
}
