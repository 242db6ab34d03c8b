//go:build !linux

package cli

// wantHugePages asks the kernel for nothing where there is nothing to ask for.
func wantHugePages(uintptr, uintptr) {}
