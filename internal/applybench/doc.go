// Package applybench measures what an apply costs beyond what the API server costs, in ratios: to the same number of server-side
// dry runs and of bare server-side applies, sent 16 at a time by a client that does nothing else, in the same run on the same
// cluster. The tests hold the number of requests exactly, and the ratios with slack; TestBench measures in full and writes
// bench/results-apply.md.
package applybench
