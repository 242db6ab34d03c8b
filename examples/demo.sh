#!/usr/bin/env bash
# usage: demo.sh STARCTL   renders Online Boutique as a person would, then applies it to a cluster that is built and started for it,
# and says what is being shown. DEMO_CLUSTER=0 leaves the cluster out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$(dirname "$0")/online-boutique"
starctl=$(cd - >/dev/null && realpath "$1")

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

say '# Online Boutique: eleven services and a Redis, a deploy.star each. The checkout service is this:'
sed 's/^/    /' checkoutservice/deploy.star

say '$ starctl render --target dev checkoutservice'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$starctl" render --target dev checkoutservice > "$tmp/checkout.yaml"
head -n 230 "$tmp/checkout.yaml"
echo "  ($(($(wc -l < "$tmp/checkout.yaml") - 230)) lines more: listeners and clusters of six upstreams, the Service, the account)"

say '# All of them at once:'
say '$ starctl render --target prod ./...  (a summary)'
"$starctl" render --target prod ./... | awk '/^kind: / { n[$2]++ } END { for (k in n) printf "%6d %s\n", n[k], k }' | sort -k2

say '# Each is held against its golden files, so that a change to the shared library shows what it does to whom:'
say '$ starctl test ./...'
"$starctl" test ./...

say '# A mistake is answered with the place and what to write instead:'
cp -r . "$tmp/shop"
sed -i 's/cpu_limit/cpu_limt/' "$tmp/shop/checkoutservice/deploy.star"
(cd "$tmp/shop" && "$starctl" render --target dev checkoutservice) 2>&1 || true

if [ "${DEMO_CLUSTER:-1}" != 0 ]; then
	say '# To a cluster:'
	if ! cluster=$("$here/../internal/testcluster/build.sh"); then
		echo 'the cluster of the demonstration could not be built, so the second half was not shown' >&2
		echo 'it needs the Go module proxy, 3 GB below the Go build cache, and some minutes; without it: DEMO_CLUSTER=0 make demo' >&2
		exit 1
	fi
	"$cluster" run -ready-after 800ms -load-balancers -- "$here/demo-cluster.sh" "$starctl"
fi

say 'Next: examples/online-boutique/README.md, docs/tutorial.md, docs/apply.md, and your own service with: starctl init'
