package typed

import "strings"

// quantity reports whether s is a number with an optional exponent or unit: the grammar of k8s.io/apimachinery's
// api/resource, type Quantity. That takes even "m" and "." for 0; here a number has a digit.
func quantity(s string) bool {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	n := digits(s[i:])
	i += n
	if i < len(s) && s[i] == '.' {
		m := digits(s[i+1:])
		i, n = i+1+m, n+m
	}
	if n == 0 {
		return false
	}
	switch unit := s[i:]; unit {
	case "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		return true
	default:
		return exponent(unit)
	}
}

// nearQuantity returns the quantity that was probably meant by what other programs write: 128 MB, 1GiB, 2 cores; or "".
func nearQuantity(s string) string {
	s = strings.ReplaceAll(s, " ", "")
	if quantity(s) {
		return s
	}
	n := strings.LastIndexAny(s, "0123456789.") + 1
	number, unit := s[:n], strings.ToLower(s[n:])
	for _, long := range []string{"bytes", "byte", "b", "cores", "core", "cpus", "cpu"} {
		if short, ok := strings.CutSuffix(unit, long); ok && (short != "" || long != "b") {
			unit = short
			break
		}
	}
	switch unit {
	case "", "k", "n", "u":
	case "mm", "milli", "millis":
		unit = "m"
	case "m", "g", "t", "p", "e":
		unit = strings.ToUpper(unit)
	case "ki", "mi", "gi", "ti", "pi", "ei":
		unit = strings.ToUpper(unit[:1]) + "i"
	default:
		return ""
	}
	if near := number + unit; quantity(near) {
		return near
	}
	return ""
}

func exponent(s string) bool {
	if len(s) < 2 || s[0]|0x20 != 'e' {
		return false
	}
	if s = s[1:]; s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}
