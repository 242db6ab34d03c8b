// Command hello is all services of the example in one program, a role each:
//
//	hello client      calls orders without pause, counts, and answers /report
//	hello orders      asks stock, charges through payments, and says which Pods took part
//	hello payments    writes each charge into the ledger
//	hello ledger      answers every line over plain TCP
//	hello stock       a service outside the mesh: it is called, and calls payments by itself
//	hello job         places a hundred orders and ends
//
// Nothing in it knows of Envoy: addresses come from flags and environment variables. Read role.go, client.go, load.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// config are the flags of all roles; each defaults to an environment variable where a Pod sets one.
type config struct {
	listen, http            string
	orders, payments, stock string
	ledger                  string
	workers, calls          int
	pause, timeout          time.Duration
	work, linger            time.Duration
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	role := roles()[os.Args[1]]
	if role == nil {
		usage()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := role(ctx, parse(os.Args[1], os.Args[2:])); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

type role func(context.Context, *config) error

func roles() map[string]role {
	return map[string]role{
		"client": runClient, "orders": runOrders, "payments": runPayments, "ledger": runLedger, "stock": runStock, "job": runJob,
	}
}

func usage() {
	var names []string
	for name := range roles() {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "usage: hello %s [flags]\n", strings.Join(names, "|"))
	os.Exit(2)
}

func parse(role string, args []string) *config {
	var c config
	f := flag.NewFlagSet("hello "+role, flag.ExitOnError)
	f.StringVar(&c.listen, "listen", ":8080", "where gRPC, or the ledger, listens")
	f.StringVar(&c.http, "http", ":8081", "where /report is")
	f.StringVar(&c.orders, "orders-addr", os.Getenv("ORDERS_ADDR"), "host:port of orders")
	f.StringVar(&c.payments, "payments-addr", os.Getenv("PAYMENTS_ADDR"), "host:port of payments; none: orders does not charge")
	f.StringVar(&c.stock, "stock-addr", os.Getenv("STOCK_ADDR"), "host:port of stock; none: orders takes nothing")
	f.StringVar(&c.ledger, "ledger-addr", os.Getenv("LEDGER_ADDR"), "host:port of the ledger; none: payments writes nothing down")
	f.IntVar(&c.workers, "workers", 4, "calls at the same time")
	f.IntVar(&c.calls, "calls", 100, "of job: how many")
	f.DurationVar(&c.pause, "pause", 20*time.Millisecond, "of each worker between two calls")
	f.DurationVar(&c.timeout, "timeout", 10*time.Second, "deadline of a call")
	f.DurationVar(&c.work, "work", 0, "how long a call takes at least")
	f.DurationVar(&c.linger, "linger", 2*time.Second, "of client: how long it still calls after SIGTERM")
	_ = f.Parse(args)
	return &c
}
