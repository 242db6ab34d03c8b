// Starctl-envoy is the part of starctl that links Envoy's messages: starctl runs it for "starctl envoy validate". They are two
// programs because those messages cost every start milliseconds and the binary its size again.
package main

import (
	"os"

	"github.com/starctl/starctl/internal/envoycmd"
)

func main() { os.Exit(envoycmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
