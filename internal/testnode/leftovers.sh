#!/usr/bin/env bash
# Lists what ended runs of a node left on this machine, a line each: processes, mounts, network namespaces and interfaces, cgroups
# and directories. The same before and after a run: it left nothing. What belongs to a run that goes on, somebody else's at the
# same time, is no leftover.
set -euo pipefail

# gone ID: no program "testnode run" of this id goes on. Another process may have got the id by now.
gone() { ! { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -q 'testnode run '; }

# Network namespaces first, a process a line: whoever comes later is not asked about.
namespaces=$(find /proc/[0-9]*/ns/net -printf '%p %l\n' 2>/dev/null | sed -n 's|^/proc/||; s|/ns/net net:| net:|p' || true)

# Which processes belong to a run, by their cgroup.
declare -A goes_on
while IFS=: read -r file id; do
	pid=${file#/proc/} pid=${pid%/cgroup}
	if gone "$id"; then
		echo "process $pid $({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | cut -c1-80)"
	else
		goes_on[$pid]=1
	fi
done < <(grep -so '/testnode-[0-9]*' /proc/[0-9]*/cgroup | sed 's|:/testnode-|:|' | sort -u)

# A namespace is that of a run that goes on if one of its processes is.
comm -23 <(cut -d' ' -f2 <<<"$namespaces" | sort -u) <(
	while read -r pid namespace; do [ -z "${goes_on[$pid]:-}" ] || echo "$namespace"; done <<<"$namespaces" | sort -u
) | sed 's/^/network namespace /'

awk '/testnode|\/kubelet\/|containerd|nsfs/ { print "mount " $2 " " $3 }' /proc/self/mounts
for i in /sys/class/net/*; do echo "interface ${i##*/}"; done
while read -r kind path; do
	id=${path##*testnode-} id=${id%%.*}
	! gone "$id" || echo "$kind $path"
done < <(
	find /sys/fs/cgroup -maxdepth 2 -type d -name 'testnode-*' -printf 'cgroup %p\n' 2>/dev/null
	find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'testnode-*.??????' -printf 'directory %p\n'
)
