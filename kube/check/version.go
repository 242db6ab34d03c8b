package check

import (
	"strconv"
	"strings"
)

// minor is the 34 of "1.34", "v1.34.2" or "1.34+"; of anything else that of [DefaultKubernetes].
func minor(release string) int {
	_, rest, ok := strings.Cut(strings.TrimPrefix(release, "v"), ".")
	end := 0
	for end < len(rest) && isDigit(rest[end]) {
		end++
	}
	if n, err := strconv.Atoi(rest[:end]); ok && err == nil {
		return n
	}
	return minor(DefaultKubernetes)
}
