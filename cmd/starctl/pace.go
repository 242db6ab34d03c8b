package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapFloor is how large the heap of this short process may grow, in MiB, before a collection is worth its time. Without
// it a render of 1000 services takes a third longer; a memory limit in its place costs six times as much at 10,000.
const heapFloor = 32

// pace lets the heap grow to the floor before anything is collected; above that, to twice what is live, as Go does by
// itself. What is live is known after a collection, and until adjust has run on a busy machine the percentage is that of
// before: the memory limit, which moves with what is live, bounds how far the heap gets meanwhile. GOGC in the environment
// switches all that off.
func pace() {
	if os.Getenv("GOGC") != "" {
		return
	}
	const overhead = 12 << 20          // of the process, besides its heap
	debug.SetGCPercent(25 * heapFloor) // the first collection comes at 4 MiB * percent / 100
	debug.SetMemoryLimit(heapFloor<<20 + overhead)
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var adjust func(int)
	adjust = func(int) {
		metrics.Read(sample)
		live := int64(max(sample[0].Value.Uint64(), 1))
		debug.SetMemoryLimit(max(heapFloor<<20, 3*live) + overhead)
		debug.SetGCPercent(int(max(100, heapFloor<<20*100/live-100)))
		runtime.AddCleanup(new([64]byte), adjust, 0)
	}
	runtime.AddCleanup(new([64]byte), adjust, 0)
}
