package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/starctl/starctl/examples/hello-mesh/hellopb"
)

// dial makes a client as most are written: one connection, nothing repeated by itself. It counts connections into opened.
func dial(addr string, opened *atomic.Int64) (*grpc.ClientConn, error) {
	return grpc.NewClient(addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			if opened != nil {
				opened.Add(1)
			}
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}),
	)
}

func ordersLoad(c *config) (*load, error) {
	if c.orders == "" {
		return nil, errors.New("no --orders-addr and no ORDERS_ADDR")
	}
	var opened atomic.Int64
	conn, err := dial(c.orders, &opened)
	if err != nil {
		return nil, err
	}
	l := newLoad(c, func(ctx context.Context, id string) (*pb.PlaceReply, error) {
		return pb.NewOrdersClient(conn).Place(ctx, &pb.PlaceRequest{Id: id})
	})
	l.opened = &opened
	return l, nil
}

// runClient calls from its first moment on, until it is told to stop and for some time after that: a service that stops still
// has work to end.
func runClient(ctx context.Context, c *config) error {
	l, err := ordersLoad(c)
	if err != nil {
		return err
	}
	l.first(ctx)
	go l.serve(c.http)
	ended, end := context.WithCancel(context.Background())
	defer end()
	context.AfterFunc(ctx, func() {
		l.print("STOPPING")
		time.AfterFunc(c.linger, end)
	})
	l.run(ended)
	l.print("LAST")
	return nil
}

// runJob places its orders and ends; it fails if one of them did.
func runJob(ctx context.Context, c *config) error {
	l, err := ordersLoad(c)
	if err != nil {
		return err
	}
	l.first(ctx)
	l.limit = c.calls
	l.run(ctx)
	l.print("LAST")
	if r := l.report(); r.Failed > 0 || r.Calls < c.calls {
		return fmt.Errorf("%d of %d calls failed, %d were wanted", r.Failed, r.Calls, c.calls)
	}
	return nil
}

func (l *load) print(what string) {
	b, _ := json.Marshal(l.report())
	fmt.Println(time.Now().UTC().Format(time.RFC3339Nano), what, string(b))
}
