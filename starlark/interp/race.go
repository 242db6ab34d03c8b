//go:build race

package interp

// readStacks is false under the race detector, which cannot know that a thread that is stuck does not write.
const readStacks = false
