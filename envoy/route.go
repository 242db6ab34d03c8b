package envoy

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/starctl/starctl/kube"
)

// route sends everything to the upstream's cluster.
func (g *generator) route(u *Upstream) kube.Node {
	return Merge(g.msg(
		text("name", u.Name),
		field("match", everything),
		field("route", g.msg(
			text("cluster", u.Name),
			g.hostRewrite(u),
			span("timeout", u.timeout()),
			u.streamIdle(),
			field("max_stream_duration", u.streamDuration()),
			field("retry_policy", u.retryPolicy()),
		)),
	), u.override("route"))
}

// streamIdle is the route's own idle timeout, if it has one.
func (u *Upstream) streamIdle() kube.Pair {
	if u.IdleTimeout == 0 {
		return kube.Pair{}
	}
	return span("idle_timeout", u.IdleTimeout)
}

// streamDuration hands on the deadline of a gRPC caller, no more than the timeout. Where it is given, Envoy ignores the
// route's own timeout.
func (u *Upstream) streamDuration() kube.Node {
	switch {
	case u.protocol() != GRPC:
		return kube.Node{}
	case u.Timeout > 0:
		return msg(span("max_stream_duration", u.Timeout), span("grpc_timeout_header_max", u.Timeout))
	}
	return callersDeadline
}

// hostRewrite sets the Host that endpoints see: one for all, or each endpoint's own.
func (g *generator) hostRewrite(u *Upstream) kube.Pair {
	if u.ownAuthorities() {
		return flag("auto_host_rewrite", true)
	}
	return text("host_rewrite_literal", g.authority(u))
}

// timeout of a whole request. For gRPC none: the route's default of 15 s would cut streams, and the caller's deadline rules.
func (u *Upstream) timeout() time.Duration {
	if u.protocol() == GRPC {
		return cmp.Or(u.Timeout, Never)
	}
	return cmp.Or(u.Timeout, defaultTimeout)
}

var (
	everything = msg(text("prefix", "/"))

	// A maximum of 0 takes the deadline of grpc-timeout as it is.
	callersDeadline = msg(text("grpc_timeout_header_max", "0s"))

	// A retry goes to another endpoint than those that were tried; after 3 attempts to find one, to any.
	otherHost = list(typed("envoy.retry_host_predicates.previous_hosts", "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"))

	grpcRetryPolicy = retryPolicy("connect-failure,refused-stream,reset-before-request,unavailable", &Retry{})
	httpRetryPolicy = retryPolicy("connect-failure,refused-stream,reset-before-request", &Retry{})
)

// retryPolicy tries again only what the endpoint cannot have begun: never a 5xx, which a method that is not idempotent may
// have been answered with after its work was done. UNAVAILABLE is what gRPC defines as safe to send again.
func (u *Upstream) retryPolicy() kube.Node {
	if u.Retries.Attempts == None {
		return kube.Node{}
	}
	words, shared := "connect-failure,refused-stream,reset-before-request", httpRetryPolicy
	if u.protocol() == GRPC {
		words, shared = "connect-failure,refused-stream,reset-before-request,unavailable", grpcRetryPolicy
	}
	r := &u.Retries
	if !r.isSet() {
		return shared
	}
	if len(r.On) > 0 {
		words = strings.Join(r.On, ",")
	}
	return retryPolicy(words, r)
}

func retryPolicy(on string, r *Retry) kube.Node {
	first, most := r.backOff()
	p := kube.Pairs{
		text("retry_on", on),
		number("num_retries", cmp.Or(r.Attempts, defaultRetries)),
	}
	if r.PerTryTimeout > 0 {
		p = append(p, span("per_try_timeout", r.PerTryTimeout))
	}
	return kube.OfMap(append(p,
		field("retry_host_predicate", otherHost),
		number("host_selection_retry_max_attempts", 3),
		field("retry_back_off", msg(span("base_interval", first), span("max_interval", most))),
	))
}

// unknownHost answers 404, which gRPC callers get as UNIMPLEMENTED, and names the Hosts that are known.
func (g *generator) unknownHost() kube.Node {
	return g.msg(
		text("name", "unknown"),
		field("domains", anyDomain),
		field("routes", g.list(g.msg(
			text("name", "unknown"),
			field("match", everything),
			field("direct_response", g.msg(
				number("status", 404),
				field("body", g.msg(text("inline_string", g.knownHosts()))),
			)),
		))),
	)
}

// knownHosts is kept well below the 4 KiB that Envoy allows for such an answer.
func (g *generator) knownHosts() string {
	b := []byte("unknown host; this sidecar knows: ")
	n, left := 0, 0
	for i := range g.Upstreams {
		u := &g.Upstreams[i]
		switch {
		case !g.behindShared(u):
		case len(b) > 2048:
			left++
		default:
			if n > 0 {
				b = append(b, ", "...)
			}
			b = append(b, u.Name...)
			n++
		}
	}
	if left > 0 {
		b = append(b, " and "+strconv.Itoa(left)+" more"...)
	}
	return string(append(b, '\n'))
}
