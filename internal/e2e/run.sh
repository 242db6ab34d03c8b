#!/usr/bin/env bash
# usage: run.sh tests|broken [RUN]   runs the end-to-end tests, or TestBroken, on real nodes: one for the tests that share a node, and
# at the same time one for those that harm it. RUN is a regular expression of tests, or of breaks. At the end it looks for what the
# nodes left behind.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
what=${1:-tests} pick=${2:-}
cd "$root"
say() { printf 'e2e: %s\n' "$*" >&2; }

if ! why=$(internal/testnode/testnode possible 2>&1); then
	[ -z "${TESTNODE_REQUIRED:-}" ] || { say "no real node is possible here, and TESTNODE_REQUIRED is set: $why"; exit 1; }
	say "skipped: no real node is possible here: $why"
	exit 0
fi

export GOFLAGS=-trimpath
node=$(internal/testnode/build.sh)
TESTCLUSTER=$(internal/testcluster/build.sh)
mapfile -t images < <(examples/hello-mesh/images.sh)
go build -buildvcs=false -o "$node/" ./cmd/starctl ./cmd/starctl-cluster
go test -buildvcs=false -c -o "$node/e2e.test" ./internal/e2e
export TESTCLUSTER TESTNODE_REQUIRED=1 TESTNODE_ASSETS=$node STARCTL=$node/starctl HELLO_MESH=$root/examples/hello-mesh

logs=$root/.tools/e2e
mkdir -p "$logs"
pids=()
end() { [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true; wait; }
trap end EXIT
trap 'exit 130' INT TERM HUP

# begin NAME ARGUMENTS: the tests on a node of their own, in the background.
begin() {
	"$node/testnode" run -image "${images[0]}" -image "${images[1]}" -image "$node/envoy/envoy.tar" -- \
		"$node/e2e.test" -test.v -test.timeout 20m "${@:2}" >"$logs/$1.log" 2>&1 </dev/null &
	pids+=($!)
}

internal/testnode/leftovers.sh >"$logs/before"
begun=$SECONDS
cd "$here"
case $what in
tests)
	begin shared -test.run "${pick:-.}" -test.skip '^TestFault|^TestBroken' -test.parallel 6
	begin harmed -test.run "${pick:-^TestFault}" -test.skip '^Test[^F]|^TestF[^a]'
	;;
broken)
	export E2E_BROKEN=${pick:-.*}
	begin broken -test.run '^TestBroken$' -test.parallel 6
	;;
*) say "want tests or broken"; exit 2 ;;
esac
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
pids=()
cd "$root"

for log in shared harmed broken; do
	[ -e "$logs/$log.log" ] && [ "$logs/$log.log" -nt "$logs/before" ] || continue
	if [ $failed -ne 0 ]; then grep -v '^=== ' "$logs/$log.log" >&2; else grep -hE '^ *(---|[a-z_]+_test.go)|^testnode: ready' "$logs/$log.log" >&2; fi
done

# A killed process leaves its cgroup a moment later.
for _ in {1..20}; do
	internal/testnode/leftovers.sh >"$logs/after"
	left=$(comm -13 <(sort "$logs/before") <(sort "$logs/after"))
	[ -n "$left" ] || break
	sleep 0.5
done
if [ -n "$left" ]; then
	say "this was left behind:"
	echo "$left" >&2
	failed=1
fi
[ $failed -eq 0 ] || { say "failed after $((SECONDS - begun)) s; all that was printed is in $logs"; exit 1; }
say "all passed in $((SECONDS - begun)) s, and nothing was left behind"
