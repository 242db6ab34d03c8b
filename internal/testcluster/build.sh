#!/usr/bin/env bash
# Builds the test cluster below .tools/testcluster, once for each state of its sources, and prints the path of the binary.
# What it does is told on stderr: the first build compiles Kubernetes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
out=${TESTCLUSTER_OUT:-$PWD/../../.tools/testcluster}
say() { printf 'testcluster: %s\n' "$*" >&2; }
digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16; }
key=$(cat ./*.go go.mod go.sum build.sh <(go version) | digest)
binary=$out/testcluster-$key
if [ -x "$binary" ]; then
	echo "$(cd "$out" && pwd)/testcluster-$key"
	exit 0
fi

say "building a Kubernetes API server, controllers and scheduler from their Go modules"
say "the first time this takes 5 to 9 minutes on two cores and 3 GB of Go's build cache; later it is there at once"

# The flags are a part of Go's build cache: with others, all of Kubernetes is compiled again.
export GOFLAGS=-trimpath GOGC=${GOGC:-400} CGO_ENABLED=0 GOWORK=off

mkdir -p "$out"
work=$(mktemp -d)
child=
end() { [ -z "$child" ] || kill "$child" 2>/dev/null || true; rm -rf "$work" "$binary.new.$$"; }
trap end EXIT
trap 'exit 130' INT TERM HUP

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# watch LOG TEXT COMMAND...: runs a command with its messages in LOG, and tells every five seconds what TEXT prints then. One that has
# no message for ten minutes is ended: Go waits for ever for a module proxy that does not go on.
watch() {
	local log=$1 text=$2 told=0 size=-1 moved=$SECONDS now
	shift 2
	"$@" 2>"$log" &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		sleep 0.5
		now=$(wc -c <"$log")
		[ "$now" -eq "$size" ] || { size=$now moved=$SECONDS; }
		if [ $((SECONDS - moved)) -ge 600 ]; then
			say "nothing for ten minutes"
			kill "$child" 2>/dev/null || true
		fi
		if [ $((SECONDS - told)) -ge 5 ]; then
			told=$SECONDS
			say "$(clock)  $($text "$log")"
		fi
	done
	local code=0
	wait "$child" || code=$?
	child=
	if [ "$code" -ne 0 ]; then
		say "this did not work:"
		grep -v '^[a-z0-9./_-]*$' "$log" | tail -n 20 >&2 || true
		say "the modules come from \$GOPROXY ($(go env GOPROXY)); is it reachable?"
		exit 1
	fi
}

packages=0
downloading() { echo "modules: $(grep -c '^go: downloading' "$1" || true) downloaded"; }
compiling() { echo "packages: $(grep -c '^[a-z0-9./_-]*$' "$1" || true) compiled of at most $packages"; }

list() { go list -deps . >"$work/packages"; }
watch "$work/list.log" downloading list
packages=$(wc -l <"$work/packages" | tr -d ' ')

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
at=k8s.io/component-base/version
build() {
	exec go build -v -buildvcs=false \
		-ldflags="-s -w -X $at.gitVersion=$version -X $at.gitMajor=$major -X $at.gitMinor=$minor -X $at.gitTreeState=clean" \
		-o "$binary.new.$$" .
}
watch "$work/build.log" compiling build

rm -f "$out"/testcluster-????????????????
mv "$binary.new.$$" "$binary"
say "built in $(clock) minutes: $(basename "$binary")"
echo "$(cd "$out" && pwd)/testcluster-$key"
