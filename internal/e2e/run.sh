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
TESTCLUSTER=$(internal/testcluster/build.sh)
node=$(internal/testnode/build.sh)
mapfile -t images < <(examples/hello-mesh/images.sh)
say "building starctl and the tests"
programs=(starctl starctl-cluster starctl-envoy)
CGO_ENABLED=0 go build -buildvcs=false -o "$node/" "${programs[@]/#/./cmd/}"
go run -buildvcs=false ./internal/mkimage -o "$node/starctl.tar" -name registry.example.com/starctl:v1 -entrypoint /usr/local/bin/starctl \
	$(for p in "${programs[@]}"; do echo "/usr/local/bin/$p=$node/$p"; done)
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
	"$node/testnode" run -image "${images[0]}" -image "${images[1]}" -image "$node/envoy/envoy.tar" -image "$node/starctl.tar" -- \
		"$node/e2e.test" -test.v -test.timeout 20m "${@:2}" >"$logs/$1.log" 2>&1 </dev/null &
	pids+=($!)
}

# left_behind tells what is there now and was not before, and fails if there is something. A killed process leaves its cgroup a
# moment later.
left_behind() {
	local left
	for _ in $(seq "${1:-20}"); do
		"$root/internal/testnode/leftovers.sh" >"$logs/after"
		left=$(comm -13 <(sort "$logs/before") <(sort "$logs/after"))
		[ -n "$left" ] || return 0
		sleep 0.5
	done
	say "this was left behind:"
	echo "$left" >&2
	return 1
}

# noticed WHAT MAKE REMOVE: left_behind fails where WHAT is left on purpose.
noticed() {
	local told
	"$2"
	if told=$(left_behind 1 2>&1) || ! grep -q "^$1 " <<<"$told"; then
		say "left on purpose and not noticed: $1"
		failed=1
	fi
	"$3"
}
hierarchy=$(awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /pids/ { print $2; exit }' /proc/mounts)/testnode-$$
directory=${TMPDIR:-/tmp}/testnode-$$.onleft
make_cgroup() { mkdir "$hierarchy"; }
remove_cgroup() { rmdir "$hierarchy"; }
make_process() { make_cgroup; sleep 60 & echo $! >"$hierarchy/cgroup.procs"; }
remove_process() { kill $!; wait $! 2>/dev/null || true; remove_cgroup; }
make_network() { unshare --net sleep 60 & sleep 0.5; }
remove_network() { kill $!; wait $! 2>/dev/null || true; }
make_directory() { mkdir "$directory"; }
remove_directory() { rmdir "$directory"; }
make_mount() { make_directory; mount -t tmpfs tmpfs "$directory"; }
remove_mount() { umount "$directory"; remove_directory; }
make_interface() { ip link add testnode1 type bridge; }
remove_interface() { ip link del testnode1; }

# refused WORDS COMMAND...: a machine that lacks something. "testnode possible" says what; the tests are skipped and say so, or fail
# where they are required.
refused() {
	local words=$1 out
	shift
	! out=$("$@" internal/testnode/testnode possible 2>&1) && grep -q "$words" <<<"$out" || { say "want a refusal with \"$words\", got: $out"; failed=1; }
	out=$(TESTNODE_REQUIRED= "$@" internal/e2e/run.sh tests 2>&1) && grep -q "skipped: .*$words" <<<"$out" || { say "want tests skipped with \"$words\", got: $out"; failed=1; }
	! out=$(TESTNODE_REQUIRED=1 "$@" internal/e2e/run.sh tests 2>&1) && grep -q "required\|REQUIRED" <<<"$out" || { say "want tests failed with \"$words\", got: $out"; failed=1; }
}
no_cgroups() { unshare --mount sh -c 'umount -R -l /sys/fs/cgroup && exec "$@"' sh "$@"; }

internal/testnode/leftovers.sh >"$logs/before"
begun=$SECONDS
failed=0
if [ "$what" = broken ]; then
	refused "CAP_SYS_ADMIN" setpriv --bounding-set -sys_admin
	refused "needs bridges" setpriv --bounding-set -net_admin
	refused "needs the cgroup controller" no_cgroups
fi
cd "$here"
case $what in
tests)
	begin shared -test.run "${pick:-.}" -test.skip '^TestFault|^TestBroken' -test.parallel 6
	begin harmed -test.run "${pick:-^TestFault}" -test.skip '^Test[^F]|^TestF[^a]'
	;;
broken)
	for left in cgroup process network directory mount interface; do noticed "$left" "make_$left" "remove_$left"; done
	export E2E_BROKEN=${pick:-.*}
	begin broken -test.run '^TestBroken$' -test.parallel 6
	;;
*) say "want tests or broken"; exit 2 ;;
esac
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
pids=()
cd "$root"

for log in shared harmed broken; do
	[ -e "$logs/$log.log" ] && [ "$logs/$log.log" -nt "$logs/before" ] || continue
	if [ $failed -ne 0 ]; then grep -v '^=== ' "$logs/$log.log" >&2; else grep -hE '^ *(---|[a-z_]+_test.go)|^testnode: ready' "$logs/$log.log" >&2; fi
done

left_behind || failed=1
[ $failed -eq 0 ] || { say "failed after $((SECONDS - begun)) s; all that was printed is in $logs"; exit 1; }
say "all passed in $((SECONDS - begun)) s, and nothing was left behind"
