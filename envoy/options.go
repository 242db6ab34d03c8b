package envoy

import (
	"cmp"
	"time"
)

// backOff is the first and the longest pause before a retry. Envoy's default longest is ten times the first, as here.
func (r *Retry) backOff() (first, most time.Duration) {
	first = cmp.Or(r.BackOff, 25*time.Millisecond)
	return first, cmp.Or(r.MaxBackOff, max(10*first, 250*time.Millisecond))
}

// ejection is how long the first and how long any ejection lasts.
func (o *Outlier) ejection() (base, most time.Duration) {
	base = cmp.Or(o.BaseEjection, 15*time.Second)
	return base, cmp.Or(o.MaxEjection, max(base, 60*time.Second))
}
