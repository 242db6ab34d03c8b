#!/usr/bin/env bash
# Builds the example's image twice, as v1 and as v2, below .tools/hello-mesh, without docker, and prints the two archives.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.tools/hello-mesh
mkdir -p "$out"
export CGO_ENABLED=0 GOFLAGS=-trimpath GOWORK=off
(cd "$here" && go build -buildvcs=false -ldflags="-s -w" -o "$out/hello" ./hello)
(cd "$root" && go build -buildvcs=false -o "$out/mkimage" ./internal/mkimage)
for v in v1 v2; do
	"$out/mkimage" -o "$out/hello-$v.tar" -name "starctl.dev/hello:$v" -env "HELLO_VERSION=$v" -entrypoint /hello "/hello=$out/hello"
	echo "$out/hello-$v.tar"
done
