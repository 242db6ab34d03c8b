package interp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limits bound an evaluation. A field that is zero has its default.
type Limits struct {
	// Steps is how many steps each file's statements, and each call, may take. Default: 200 million, some seconds.
	Steps uint64
	// Time is how long each of them may take. Default: 30 seconds.
	Time time.Duration
	// Memory is how many bytes the program's heap and stacks may take. Default: 1 GiB.
	Memory int
	// Value is how many bytes one string, list, number or file may take. Default: a sixteenth of Memory.
	Value int
	// Depth is how many values may be nested in one another. Default: 1000.
	Depth int
}

func (l Limits) withDefaults() Limits {
	if l.Steps == 0 {
		l.Steps = 200_000_000
	}
	if l.Time == 0 {
		l.Time = 30 * time.Second
	}
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	if l.Value == 0 {
		l.Value = max(l.Memory/16, 1)
	}
	if l.Depth == 0 {
		l.Depth = 1000
	}
	return l
}

// checkSize returns an error if a value of n bytes is too large. what is it: "string", "list".
func (l Limits) checkSize(what string, n int64) error {
	if n >= 0 && n <= int64(l.Value) {
		return nil
	}
	return fmt.Errorf("%s of %s: %s", what, bytesText(n), l.value())
}

func (l Limits) steps() string {
	return fmt.Sprintf("evaluation takes more than %d steps: --max-steps raises the limit", l.Steps)
}

func (l Limits) time() string {
	return fmt.Sprintf("evaluation takes more than %s: --max-time raises the limit", l.Time)
}

func (l Limits) memory() string {
	return fmt.Sprintf("evaluation takes more than %s of memory: --max-memory raises the limit", bytesText(int64(l.Memory)))
}

func (l Limits) value() string {
	return fmt.Sprintf("one value may take %s, and --max-memory raises the limit", bytesText(int64(l.Value)))
}

func (l Limits) depth() string {
	return fmt.Sprintf("the value is nested more than %d deep", l.Depth)
}

// bytesText is a size as people write it. A negative one is too large to count.
func bytesText(n int64) string {
	if n < 0 {
		return "more than 8 EiB"
	}
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	digits := 0
	if f < 10 {
		digits = 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', digits, 64), ".0") + " " + units[u]
}
