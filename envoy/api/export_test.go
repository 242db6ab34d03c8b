package api

// Load reads the table anew.
func Load() { loadTable() }
