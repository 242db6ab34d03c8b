//go:build !race

package interp

// readStacks says that the stack of a thread that is stuck may be read.
const readStacks = true
