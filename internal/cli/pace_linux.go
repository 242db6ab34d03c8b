package cli

import "golang.org/x/sys/unix"

// wantHugePages asks the kernel to back memory by huge pages. A kernel that has none, or does not give them, changes
// nothing.
func wantHugePages(start, size uintptr) {
	page := uintptr(unix.Getpagesize())
	start, end := (start+page-1)&^(page-1), (start+size)&^(page-1)
	_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, start, end-start, unix.MADV_HUGEPAGE)
}
