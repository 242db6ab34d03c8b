#!/usr/bin/env bash
# Lists what ended runs of a node left on this machine, a line each: processes, mounts, network namespaces and interfaces, cgroups
# and directories. The same before and after a run: it left nothing. What belongs to a run that goes on, somebody else's at the
# same time, is no leftover.
set -euo pipefail

# gone ID: no program "testnode run" of this id goes on. Another process may have got the id by now.
gone() { ! tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q 'testnode run '; }

# Which processes belong to a run, by their cgroup.
declare -A run
while IFS=: read -r file id; do
	pid=${file#/proc/} pid=${pid%/cgroup}
	run[$pid]=$id
	! gone "$id" || echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-80)"
done < <(grep -so '/testnode-[0-9]*' /proc/[0-9]*/cgroup | sed 's|:/testnode-|:|' | sort -u)

# A network namespace of a run that goes on has one of its processes; one of nobody's run has none of them.
for ns in /proc/[0-9]*/ns/net; do
	pid=${ns#/proc/} pid=${pid%/ns/net}
	id=${run[$pid]:-}
	if [ -z "$id" ] || gone "$id"; then readlink "$ns" 2>/dev/null || true; fi
done | sort -u | sed 's/^/network namespace /'

awk '/testnode|\/kubelet\/|containerd|nsfs/ { print "mount " $2 " " $3 }' /proc/self/mounts
for i in /sys/class/net/*; do echo "interface ${i##*/}"; done
while read -r kind path; do
	id=${path##*testnode-} id=${id%%.*}
	! gone "$id" || echo "$kind $path"
done < <(
	find /sys/fs/cgroup -maxdepth 2 -type d -name 'testnode-*' -printf 'cgroup %p\n' 2>/dev/null
	find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'testnode-*.??????' -printf 'directory %p\n'
)
