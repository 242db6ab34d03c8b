package validate

import (
	"fmt"
	"strings"
	"testing"
)

// Every wrong value of a text is found, with its line and path.
func TestEveryWrongValue(t *testing.T) {
	const text = `static_resources:
  clusters:
  - name: a
    connect_timeout: 1x
    type: STATIK
    type: STATIC
    lb_policy: ROUND_ROBN
    per_connection_buffer_limit_bytes: many
    ignore_health_on_host_removal: perhaps
    circuit_breakers: {thresholds: [{max_connections: -1, track_remaining: 1}]}
    load_assignment:
      cluster_name: [a]
      endpoints:
      - priority: 1.5
`
	want := []string{
		`4: static_resources.clusters[0].connect_timeout: got "1x", want a duration in seconds, such as "0.25s"`,
		`7: static_resources.clusters[0].lb_policy: got "ROUND_ROBN", want ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED or LOAD_BALANCING_POLICY_CONFIG: did you mean "ROUND_ROBIN"?`,
		`8: static_resources.clusters[0].per_connection_buffer_limit_bytes: got "many", want a whole number from 0 to 4294967295`,
		`9: static_resources.clusters[0].ignore_health_on_host_removal: got "perhaps", want true or false`,
		`10: static_resources.clusters[0].circuit_breakers.thresholds[0].max_connections: got "-1", want a whole number from 0 to 4294967295`,
		`10: static_resources.clusters[0].circuit_breakers.thresholds[0].track_remaining: got "1", want true or false`,
		`12: static_resources.clusters[0].load_assignment.cluster_name: got a list, want a string`,
		`14: static_resources.clusters[0].load_assignment.endpoints[0].priority: got "1.5", want a whole number from 0 to 4294967295`,
	}
	var got []string
	for _, f := range Bootstrap([]byte(text), Options{}) {
		if f.Level == Error {
			s := fmt.Sprintf("%d: %s: %s", f.Line, f.Path, f.Message)
			if f.Suggest != "" {
				s += fmt.Sprintf(": did you mean %q?", f.Suggest)
			}
			got = append(got, s)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}
