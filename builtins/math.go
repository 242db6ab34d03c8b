package builtins

import (
	"fmt"
	gomath "math"

	"go.starlark.net/lib/math"
	"go.starlark.net/starlark"
)

// math -> module
//
// math holds what IEEE 754 rounds in one way only: math.ceil, math.floor, math.round, math.fabs, math.copysign, math.mod,
// math.remainder, math.sqrt, math.pow, and the constants math.e and math.pi. Logarithms, powers with a fraction and angles
// are missing: their last digits differ between processors, and the same file must give the same bytes on every machine.
func mathModule() starlark.Value {
	members := starlark.StringDict{"pow": starlark.NewBuiltin("math.pow", mathPow)}
	for _, name := range []string{"ceil", "copysign", "fabs", "floor", "mod", "remainder", "round", "sqrt", "e", "pi"} {
		members[name] = math.Module.Members[name]
	}
	return module("math", members)
}

// math.pow(x, n) -> float
//
// math.pow multiplies x by itself n times.
//
// Args:
//
//	x: an int or a float.
//	n: an int, or a float without a fraction, between -1023 and 1023.
func mathPow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, n starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 2, &x, &n); err != nil {
		return nil, err
	}
	f, ok := starlark.AsFloat(x)
	if !ok {
		return nil, fmt.Errorf("%s: for parameter x: got %s, want int or float", b.Name(), x.Type())
	}
	g, ok := starlark.AsFloat(n)
	if !ok || g != gomath.Trunc(g) || gomath.Abs(g) > 1023 {
		return nil, fmt.Errorf("%s: for parameter n: got %s, want a whole number between -1023 and 1023", b.Name(), n)
	}
	result := 1.0
	for range int(gomath.Abs(g)) {
		result *= f
	}
	if g < 0 {
		result = 1 / result
	}
	return starlark.Float(result), nil
}

// math.ceil(x) -> int
//
// math.ceil is the smallest integer that is not below x.
//
// Args:
//
//	x: an int or a float.

// math.floor(x) -> int
//
// math.floor is the largest integer that is not above x.
//
// Args:
//
//	x: an int or a float.

// math.round(x) -> float
//
// math.round is the nearest whole number; halves go away from zero.
//
// Args:
//
//	x: an int or a float.

// math.fabs(x) -> float
//
// math.fabs is x without its sign.
//
// Args:
//
//	x: an int or a float.

// math.copysign(x, y) -> float
//
// math.copysign is x with the sign of y.
//
// Args:
//
//	x: an int or a float.
//	y: an int or a float.

// math.mod(x, y) -> float
//
// math.mod is what remains of x divided by y, with the sign of x.
//
// Args:
//
//	x: an int or a float.
//	y: an int or a float.

// math.remainder(x, y) -> float
//
// math.remainder is the difference between x and the nearest multiple of y (IEEE 754).
//
// Args:
//
//	x: an int or a float.
//	y: an int or a float.

// math.sqrt(x) -> float
//
// math.sqrt is the square root of x.
//
// Args:
//
//	x: an int or a float.
