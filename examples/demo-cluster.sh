#!/usr/bin/env bash
# usage: testcluster run -- demo-cluster.sh STARCTL   takes Online Boutique through its life on the cluster that KUBECONFIG means
set -euo pipefail
cd "$(dirname "$0")/online-boutique"
starctl=$(cd - >/dev/null && realpath "$1")

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp XDG_CACHE_HOME=$tmp/cache

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
run() {
	say "\$ starctl $*"
	"$starctl" "$@"
}

# A copy is changed, and its target dev is this cluster.
cp -r . "$tmp/shop"
cd "$tmp/shop"
sed -i.orig 's/context = "kind-boutique"/context = "testcluster"/' starctl.star
find . -name '*.orig' -delete
mkdir namespace
cat > namespace/deploy.star <<'STAR'
def main(ctx):
    return namespace(ctx.namespace)
STAR

say '# A cluster of its own: a real API server, its controllers, and nodes that pretend to run containers. The target is pinned to it:'
run targets --pin dev
uid=$("$starctl" targets --pin dev | grep -o 'cluster = "[^"]*"')
sed -i.orig 's/context = "testcluster"/context = "testcluster", '"$uid"'/' starctl.star
find . -name '*.orig' -delete

say '# First the namespace:'
run apply namespace --target dev --yes

say '# One service, two Pods: the plan is shown, then it is applied in stages and watched until it is healthy.'
run apply checkoutservice --target dev --set replicas=2 --yes

say '# All the others, each a set of its own, approved together:'
run apply ./... --target dev --yes

say '# One line of the shared library changes: paymentservice listens on another port.'
sed -i.orig 's/"paymentservice": 50051/"paymentservice": 50052/' lib/boutique.star
diff lib/boutique.star.orig lib/boutique.star | sed 's/^/    /' || true
rm lib/boutique.star.orig
say '# That is a change for two services, in one of them in the middle of its Envoy configuration (exit code 1: there are changes):'
run diff ./... --target dev && exit 1 || [ $? = 1 ]

run apply ./... --target dev --yes

say '# Done once more it does nothing:'
run apply checkoutservice --target dev --yes

say '# What there is now, and how it came to be:'
run status checkoutservice --target dev
run history checkoutservice --target dev

say '# And back:'
run rollback checkoutservice --target dev --yes
run history checkoutservice --target dev

say '# A release that cannot start: apply says why, and nothing is deleted (exit code 5: applied, and not healthy).'
run apply checkoutservice --target dev --yes --set tag=does-not-exist && exit 1 || [ $? = 5 ]

say '# Everything is deleted, and with it what starctl kept in the cluster:'
run delete ./... --target dev --yes --prune-protected
