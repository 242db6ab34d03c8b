package cli

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// heapFloor is how large the heap of this short process may grow, in MiB, before a collection is worth its time. Without
// it a render of 1000 services takes a third longer; a memory limit in its place costs six times as much at 10,000.
const heapFloor = 30

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
	time.AfterFunc(firstLook, look)
}

// The heap gets huge pages once it has grown to manyObjects; that is looked for from firstLook on, which small work does
// not live to see. Who knows that there is much to do calls widen at once.
const (
	firstLook   = 2 * time.Millisecond
	manyObjects = 1 << 20
	manyFiles   = 50
)

func look() {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	if metrics.Read(sample); sample[0].Value.Uint64() >= manyObjects {
		widen()
		return
	}
	time.AfterFunc(firstLook/2, look)
}

// widen gives the heap room made of huge pages. Memory that is fresh from the kernel comes by a page fault for every 4 KiB;
// what reads it before it writes to it, such as a new dict, takes two, and the second interrupts every other thread. All
// that is a fifth of the time of a large render. Go does not ask for huge pages by itself: so one piece of memory is taken,
// the kernel asked for huge pages there, and the piece given back to the heap, and to the kernel, by a collection, which is
// cheap while the heap is small.
var widen = sync.OnceFunc(func() {
	if os.Getenv("GOGC") != "" {
		return
	}
	limit, percent := debug.SetMemoryLimit(math.MaxInt64), debug.SetGCPercent(-1)
	wantHugePages(make([]byte, 2*heapFloor<<20))
	runtime.GC()
	debug.SetMemoryLimit(limit)
	debug.SetGCPercent(percent)
})
