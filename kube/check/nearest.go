package check

// nearest returns the name that s was probably meant to be: at most a third of its letters away, the first of the nearest.
func nearest(s string, names []string) string {
	best, found := max(len(s)/3, 1)+1, ""
	for _, name := range names {
		if name == "" || len(name)-len(s) >= best || len(s)-len(name) >= best {
			continue
		}
		if d := distance(s, name); d < best {
			best, found = d, name
		}
	}
	return found
}

// distance counts the letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
