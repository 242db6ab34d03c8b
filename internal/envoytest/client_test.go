package envoytest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// clientTarget makes the test binary an application instead.
const clientTarget = "ENVOYTEST_CLIENT"

func TestMain(m *testing.M) {
	if target := os.Getenv(clientTarget); target != "" {
		if err := client(target); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// client is an application that knows nothing of sidecars: it calls grpc://payments:8080, http://ledger.money:7000 or
// tcp://cache:6379 60 times, and prints who answered.
func client(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	by := map[string]int{}
	switch u.Scheme {
	case "grpc":
		conn, err := grpc.NewClient(u.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		res := Load{Calls: 60, Workers: 1}.Run(context.Background(), conn)
		if res.Failed() > 0 {
			return fmt.Errorf("%v", res)
		}
		by = res.By
	default:
		for range 60 {
			who, err := answer(u)
			if err != nil {
				return err
			}
			by[who]++
		}
	}
	return json.NewEncoder(os.Stdout).Encode(by)
}

func answer(u *url.URL) (string, error) {
	if u.Scheme == "http" {
		resp, err := http.Get(u.String())
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	conn, err := net.DialTimeout("tcp", u.Host, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}

// runClient runs the application as a process of its own, with these variables alone, and returns who answered how often.
func runClient(t *testing.T, target string, env ...string) map[string]int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(env, clientTarget+"="+target)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", target, err, &stderr)
	}
	var by map[string]int
	if err := json.Unmarshal(out, &by); err != nil {
		t.Fatal(err)
	}
	return by
}
