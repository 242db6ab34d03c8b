package diag

import "github.com/starctl/starctl/internal/nearest"

// Nearest returns the candidate that name is most likely a misspelling of, or "" if none is near.
func Nearest(name string, candidates []string) string { return nearest.Name(name, candidates) }
