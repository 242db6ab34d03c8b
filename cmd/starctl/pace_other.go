//go:build !linux

package main

// wantHugePages asks the kernel for nothing where there is nothing to ask for.
func wantHugePages([]byte) {}
