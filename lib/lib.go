// Package lib holds the Starlark library that deploy files load as @std//NAME.star. It is written on the public builtins
// only: whatever it does, a team can do in a library of its own.
package lib

import "embed"

// Files are the library's files.
//
//go:embed batch.star grpc.star web.star
var Files embed.FS
