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
// itself. GOGC in the environment switches that off.
func pace() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(25 * heapFloor) // the first collection comes at 4 MiB * percent / 100
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var adjust func(int)
	adjust = func(int) {
		metrics.Read(live)
		debug.SetGCPercent(max(100, int(heapFloor<<20*100/max(live[0].Value.Uint64(), 1))-100))
		runtime.AddCleanup(new([64]byte), adjust, 0)
	}
	runtime.AddCleanup(new([64]byte), adjust, 0)
}
