package envoy

import (
	"go.starlark.net/starlark"

	config "github.com/starctl/starctl/envoy"
)

type retryOptions struct{ config.Retry }

func (o *retryOptions) keywords() []string {
	return []string{"attempts", "back_off", "budget_min", "budget_percent", "max_back_off", "on", "per_try_timeout"}
}

func (o *retryOptions) set(_ *reader, keyword string, v starlark.Value) error {
	switch keyword {
	case "attempts":
		return count(&o.Attempts, v, 10)
	case "on":
		return texts(&o.On, v)
	case "per_try_timeout":
		return timeout(&o.PerTryTimeout, v)
	case "back_off":
		return duration(&o.BackOff, v)
	case "max_back_off":
		return duration(&o.MaxBackOff, v)
	case "budget_percent":
		return percent(&o.BudgetPercent, v)
	case "budget_min":
		return number(&o.BudgetMin, v, 1, 1_000_000)
	}
	return errUnknown
}

// retry(*, attempts = 2, on = [], per_try_timeout = "never", back_off = "25ms", max_back_off = "250ms",
// budget_percent = 50, budget_min = 25) -> retry
//
// What is sent again when it failed, and how often: the retries of an upstream.
//
//	envoy.upstream("payments", port = 8080, retries = envoy.retry(on = ["reset", "unavailable"]))
//
// Args:
//
//	attempts: how often, after the first time; 0 for never. Each goes to another Pod.
//	on: Envoy's conditions; by default connect-failure, refused-stream, reset-before-request and, for gRPC, unavailable:
//	  what no application can have begun, and what gRPC defines as safe to send again. "reset" also repeats what may have
//	  been begun.
//	per_try_timeout: of each attempt.
//	back_off: before the first retry; it doubles, and varies at random.
//	max_back_off: the longest.
//	budget_percent: how many of the requests under way may be retries. When one of two Pods leaves, half of all retry.
//	budget_min: how many retries are always allowed.
func retry(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return makeOption(thread, b, args, kwargs, "", &retryOptions{})
}
