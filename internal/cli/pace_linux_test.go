package cli

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// After widen there is memory that the kernel was asked for huge pages for, as large as the room is.
func TestWidenAsksForHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no huge pages")
	}
	widen()
	if got := wantsHugePages(t); got < roomSize>>11 {
		t.Errorf("huge pages were asked for %d KiB, want at least half of %d", got, roomSize>>10)
	}
}

// wantsHugePages is for how many KiB of the process the kernel was asked for huge pages: hg among the flags of a mapping.
func wantsHugePages(t *testing.T) (kib int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	mapping := regexp.MustCompile(`(?m)^Size: +(\d+) kB$(?:\n^[A-Z].*$)*?\n^VmFlags:.* hg\b`)
	for _, m := range mapping.FindAllSubmatch(maps, -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		kib += n
	}
	return kib
}
