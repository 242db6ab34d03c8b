// Package hellopb is what protoc makes of hello.proto: the messages and services of the example.
package hellopb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative hello.proto
