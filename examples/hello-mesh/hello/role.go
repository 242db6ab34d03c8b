package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	pb "github.com/starctl/starctl/examples/hello-mesh/hellopb"
)

// self is the Pod that this runs in.
func self() *pb.Pod {
	name, _ := os.Hostname()
	return &pb.Pod{Name: cmp.Or(os.Getenv("POD_NAME"), name), Version: os.Getenv("HELLO_VERSION")}
}

// serve answers gRPC, with the health service, until ctx ends and the calls under way are done.
func serve(ctx context.Context, addr string, register func(*grpc.Server)) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s, h := grpc.NewServer(), health.NewServer()
	healthpb.RegisterHealthServer(s, h)
	register(s)
	fmt.Println("serving on", l.Addr())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		fmt.Println("stopping")
		h.Shutdown()
		force := time.AfterFunc(10*time.Second, s.Stop)
		s.GracefulStop()
		force.Stop()
	}()
	if err := s.Serve(l); err != nil {
		return err
	}
	<-ended
	return nil
}

type orders struct {
	pb.UnimplementedOrdersServer
	payments pb.PaymentsClient
	stock    pb.StockClient
	work     time.Duration
}

func runOrders(ctx context.Context, c *config) error {
	o := &orders{work: c.work}
	if c.payments != "" {
		conn, err := dial(c.payments, nil)
		if err != nil {
			return err
		}
		o.payments = pb.NewPaymentsClient(conn)
	}
	if c.stock != "" {
		conn, err := dial(c.stock, nil)
		if err != nil {
			return err
		}
		o.stock = pb.NewStockClient(conn)
	}
	return serve(ctx, c.listen, func(s *grpc.Server) { pb.RegisterOrdersServer(s, o) })
}

func (o *orders) Place(ctx context.Context, r *pb.PlaceRequest) (*pb.PlaceReply, error) {
	time.Sleep(o.work)
	reply := &pb.PlaceReply{Orders: self()}
	var err error
	if o.stock != nil {
		if reply.Stock, err = o.stock.Take(ctx, &pb.TakeRequest{Id: r.GetId()}); err != nil {
			return nil, wrapped("stock", err)
		}
	}
	if o.payments != nil {
		if reply.Payment, err = o.payments.Charge(ctx, &pb.ChargeRequest{Id: r.GetId()}); err != nil {
			return nil, wrapped("payments", err)
		}
	}
	return reply, nil
}

// wrapped says whose failure it was. The code is another one: a retry of the caller would not help.
func wrapped(who string, err error) error {
	return status.Errorf(codes.Aborted, "%s: %v", who, err)
}

type payments struct {
	pb.UnimplementedPaymentsServer
	ledger string
	work   time.Duration
}

func runPayments(ctx context.Context, c *config) error {
	p := &payments{ledger: c.ledger, work: c.work}
	return serve(ctx, c.listen, func(s *grpc.Server) { pb.RegisterPaymentsServer(s, p) })
}

func (p *payments) Charge(ctx context.Context, r *pb.ChargeRequest) (*pb.ChargeReply, error) {
	time.Sleep(p.work)
	reply := &pb.ChargeReply{Payments: self()}
	if p.ledger == "" {
		return reply, nil
	}
	var err error
	if reply.Ledger, err = p.writeDown(ctx, r.GetId()); err != nil {
		return nil, wrapped("ledger", err)
	}
	return reply, nil
}

// writeDown sends a line and returns the one that comes back.
func (p *payments) writeDown(ctx context.Context, line string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.ledger)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if t, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(t)
	}
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

// runLedger answers every line with the name of its Pod, until SIGTERM and then until the last line is answered.
func runLedger(ctx context.Context, c *config) error {
	l, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	fmt.Println("ledger on", l.Addr())
	name := self().GetName()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			time.Sleep(time.Second)
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			for s := bufio.NewScanner(conn); s.Scan(); {
				if _, err := fmt.Fprintln(conn, name); err != nil {
					return
				}
			}
		}()
	}
}

type stock struct {
	pb.UnimplementedStockServer
	work time.Duration
}

func (s *stock) Take(context.Context, *pb.TakeRequest) (*pb.TakeReply, error) {
	time.Sleep(s.work)
	return &pb.TakeReply{Stock: self()}, nil
}

// runStock serves, and calls payments by its Service's name, as a service does that no mesh has reached.
func runStock(ctx context.Context, c *config) error {
	if c.payments != "" {
		conn, err := dial(c.payments, nil)
		if err != nil {
			return err
		}
		load := newLoad(c, func(ctx context.Context, id string) (*pb.PlaceReply, error) {
			paid, err := pb.NewPaymentsClient(conn).Charge(ctx, &pb.ChargeRequest{Id: id})
			return &pb.PlaceReply{Payment: paid}, err
		})
		go load.run(ctx)
		go load.serve(c.http)
	}
	return serve(ctx, c.listen, func(s *grpc.Server) { pb.RegisterStockServer(s, &stock{work: c.work}) })
}
