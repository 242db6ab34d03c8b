// Package examples tests the example projects beside it: those of Online Boutique against the facts of the original.
package examples
