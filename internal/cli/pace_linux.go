package cli

import "golang.org/x/sys/unix"

// wantHugePages asks the kernel to back memory by huge pages. A kernel that has none, or does not give them, changes
// nothing.
func wantHugePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
