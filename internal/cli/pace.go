package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"unsafe"
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
	widen()
}

// roomSize is how much of the heap gets huge pages: what it grows to before anything is collected.
const roomSize = heapFloor << 20

// widen gives the heap room made of huge pages. Memory that is fresh from the kernel comes by a page fault for every 4 KiB;
// what reads it before it writes to it, such as a new dict, takes two, and the second interrupts every other thread. All
// that is a fifth of the time of a large render. Go does not ask for huge pages by itself, and what it gets from the kernel it
// gives to the heap alone; but a stack comes from the heap, and goes back there as soon as its goroutine ends. So a goroutine
// takes a stack of that size, which it hardly touches, and the kernel is asked for huge pages there.
func widen() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		stretch(false)
	}()
	<-done
}

// stretch needs a stack for what it would have if it were full, and asks for huge pages where that would be.
//
//go:noinline
func stretch(full bool) {
	var top byte
	if full {
		top = fill()[0]
	}
	wantHugePages(uintptr(unsafe.Pointer(&top))-roomSize, roomSize)
}

//go:noinline
func fill() (a [roomSize]byte) { return a }
