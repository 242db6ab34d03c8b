package builtins

import "strings"

// snake turns a field's name of the Kubernetes API into a keyword: imagePullPolicy into image_pull_policy, hostIPC into
// host_ipc, externalIPs into external_ips, setHostnameAsFQDN into set_hostname_as_fqdn.
func snake(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if i > 0 && startsWord(name, i) {
			b.WriteByte('_')
		}
		b.WriteByte(lower(name[i]))
	}
	return b.String()
}

// startsWord reports whether a word begins at i: at a capital after a small letter, or at the last capital of several if
// small letters other than a plural s follow.
func startsWord(name string, i int) bool {
	if !capital(name[i]) || name[i-1] == '_' {
		return false
	}
	if !capital(name[i-1]) {
		return true
	}
	return i+1 < len(name) && !capital(name[i+1]) && name[i+1:] != "s"
}

func capital(c byte) bool { return 'A' <= c && c <= 'Z' }

func lower(c byte) byte {
	if capital(c) {
		return c | 0x20
	}
	return c
}
