package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// underStop has many callers call again and again until the server, which stops
// meanwhile, rejects their connections. It returns how many calls succeeded.
func underStop(t *testing.T, b *bench, call func(n int) (refused bool, err error)) int64 {
	t.Helper()
	const callers, before = 32, 100
	var calls sync.WaitGroup
	var succeeded atomic.Int64
	warm := make(chan struct{})
	for range callers {
		calls.Go(func() {
			for {
				n := succeeded.Load()
				refused, err := call(int(n))
				switch {
				case refused:
					return
				case err != nil:
					t.Errorf("a call was lost: %v", err)
					return
				case succeeded.Add(1) == before:
					close(warm)
				}
			}
		})
	}
	select {
	case <-warm:
	case <-time.After(patience):
		t.Error("the calls do not succeed")
	}
	if err := b.end(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	calls.Wait()
	return succeeded.Load()
}

// TestStopLosesNoRESTRequest has clients that connect for each call: each gets its whole
// response, or finds the port closed.
func TestStopLosesNoRESTRequest(t *testing.T) {
	b := start(t, &stub{}, setup{})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	underStop(t, b, func(n int) (bool, error) {
		method, target, body := http.MethodGet, one, ""
		if n%2 == 1 {
			method, target, body = http.MethodPost, connections, create
		}
		req, err := http.NewRequestWithContext(context.Background(), method, "http://"+b.server.RESTAddr().String()+target, strings.NewReader(body))
		if err != nil {
			return false, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return errors.Is(err, syscall.ECONNREFUSED), err
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode/100 != 2 {
			return false, errors.Join(err, errors.New(resp.Status+" "+string(text)))
		}
		return false, nil
	})
}

// TestStopLosesNoGRPCCall: a client that connects for each call gets its response, or
// UNAVAILABLE for a call that was not served.
func TestStopLosesNoGRPCCall(t *testing.T) {
	var served atomic.Int64
	b := start(t, &stub{on: func(context.Context, proto.Message) error { served.Add(1); return nil }}, setup{})
	succeeded := underStop(t, b, func(int) (bool, error) {
		conn, err := grpc.NewClient(b.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
		if err != nil {
			return false, err
		}
		defer conn.Close()
		_, err = connsvcv1.NewConnectionServiceClient(conn).CreateEnhancedConnection(context.Background(), createRequest())
		return status.Code(err) == codes.Unavailable, err
	})
	if served.Load() != succeeded {
		t.Errorf("%d calls were served, and %d have a response", served.Load(), succeeded)
	}
}
