package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// What the heap hands out after widen lies where the kernel was asked for huge pages, though nothing was collected.
func TestWidenGivesTheHeapHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no huge pages")
	}
	widen()
	var pieces [4][]byte // more than is free elsewhere
	for i := range pieces {
		pieces[i] = make([]byte, 4<<20)
		if wantsHugePages(t, uintptr(unsafe.Pointer(&pieces[i][2<<20]))) {
			return
		}
	}
	t.Error("no huge pages were asked for where the heap grows")
}

// wantsHugePages reports whether the kernel was asked for huge pages at an address: of a mapping's flags that is hg.
func wantsHugePages(t *testing.T, at uintptr) bool {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var start, end uintptr
	for s := bufio.NewScanner(f); s.Scan(); {
		if n, _ := fmt.Sscanf(s.Text(), "%x-%x ", &start, &end); n == 2 {
			continue
		}
		if flags, ok := strings.CutPrefix(s.Text(), "VmFlags:"); ok && start <= at && at < end {
			return strings.Contains(flags, " hg")
		}
	}
	return false
}
