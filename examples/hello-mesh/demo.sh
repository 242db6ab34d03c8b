#!/usr/bin/env bash
# make demo-node: the example on a real node of this machine. It starts the node, and itself in it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

for tool in curl python3; do
	command -v $tool >/dev/null || { echo "the demonstration needs $tool" >&2; exit 1; }
done
if [ -z "${TESTNODE_DIR:-}" ]; then
	node=$("$root/internal/testnode/build.sh")
	TESTCLUSTER=$("$root/internal/testcluster/build.sh")
	export TESTCLUSTER
	mapfile -t images < <("$here/images.sh")
	echo "starting the node: kubelet, containerd, CoreDNS, kube-proxy, and a control plane; what follows takes two and a half minutes"
	exec "$node/testnode" run -image "${images[0]}" -image "${images[1]}" -image "$node/envoy/envoy.tar" -- "$here/demo.sh"
fi

cd "$here"
starctl=$root/bin/starctl
HOME=$(mktemp -d) # what starctl keeps of this cluster is of no use later
export HOME
say() { printf '\n# %s\n' "$*"; }
# run shows a command and its result; what it says on the way only if it fails.
run() {
	printf '$ starctl %s\n' "$*"
	"$starctl" "$@" 2>"$HOME/messages" || { cat "$HOME/messages" >&2; exit 1; }
}
report() { curl -sf "http://$1:8081/report"; }
client() { kubectl -n hello get pods -l app.kubernetes.io/name=client -o 'jsonpath={.items[0].status.podIP}'; }
# shown REPORT [REPORT BEFORE]: where the calls went, a Pod a line
shown() {
	python3 - "$@" <<-'END'
		import json, sys
		now, before = json.loads(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
		since = lambda k: now[k] - before.get(k, 0)
		print(f"  {since('calls')} calls over {now['connections']} connection, failed: {since('failed') or 'none'}")
		for who in ("orders", "stock", "payments", "ledger"):
		    for pod, n in sorted(now[who].items()):
		        if n := n - before.get(who, {}).get(pod, 0):
		            print(f"  {who:<9} {pod:<27} {n:>6}")
		for sample in now["samples"] if since("failed") else []:
		    print(" ", sample)
		sys.exit(1 if since("failed") else 0)
	END
}

kubectl create namespace hello >/dev/null
kubectl label namespace hello pod-security.kubernetes.io/enforce=restricted >/dev/null

say "A client, orders and payments behind sidecars, a ledger of plain TCP, and stock, which no mesh has reached"
for service in ledger stock payments orders client; do run apply "$service" --yes; done

say "The client has one connection, to its sidecar. Where its calls go:"
sleep 6
before=$(report "$(client)")
sleep 5
shown "$(report "$(client)")" "$before"

say "A new version of orders, under load: one Pod after the other goes"
before=$(report "$(client)")
run apply orders --set tag=v2 --yes
sleep 10 # the last Pod serves on until all callers have noticed
shown "$(report "$(client)")" "$before"

say "And back again"
before=$(report "$(client)")
run rollback orders --yes
sleep 10
shown "$(report "$(client)")" "$before"

say "A Job calls through its own sidecar, and ends"
run apply report --yes
shown "$(kubectl -n hello logs job/report-v1 -c report-v1 | sed -n 's/^.* LAST //p')"

say "The sidecar is a boolean: without it, one connection is one Pod"
run apply client --set mesh=False --yes
sleep 4
shown "$(report "$(client)")"

say "All of it is deleted, callers first. Who is called serves on for 8 s, as its callers may not have noticed"
for service in report client orders payments stock ledger; do run delete "$service" --yes; done

say "No call has failed. The node ends now, and leaves nothing on this machine"
