#!/usr/bin/env bash
# Lists what a node could leave on this machine, a line each: processes, mounts, network namespaces and interfaces, cgroups and
# directories. Empty, or the same before and after a run: nothing was left.
set -euo pipefail
for p in /proc/[0-9]*; do
	if grep -q '/testnode-' "$p/cgroup" 2>/dev/null; then
		echo "process ${p#/proc/} $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null | cut -c1-80)"
	fi
done
awk '/testnode|\/kubelet\/|containerd|nsfs/ { print "mount " $2 " " $3 }' /proc/self/mounts
for n in /proc/[0-9]*/ns/net; do readlink "$n" 2>/dev/null || true; done | sort -u | sed 's/^/network namespace /'
for i in /sys/class/net/*; do echo "interface ${i##*/}"; done
find /sys/fs/cgroup -maxdepth 2 -type d -name 'testnode-*' -printf 'cgroup %p\n'
find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'testnode-*.??????' -printf 'directory %p\n'
