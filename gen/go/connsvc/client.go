// Package connsvc is a client of connsvc: the generated stubs, and what every caller would
// write on top of them. It depends on gRPC and protobuf alone.
//
//	client, err := connsvc.NewClient("connsvc.internal:9090", connsvc.WithToken(token))
package connsvc

import (
	"context"
	_ "embed" // of the service config
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// ServiceConfig is gRPC's service config for connsvc: round robin, and retries of the RPCs
// that the contract declares idempotent.
//
//go:embed service_config.json
var ServiceConfig string

// A Client has the RPCs as methods, and Create, All, WaitActive and Watch on top of them.
type Client struct {
	connsvcv1.ConnectionServiceClient

	conn *grpc.ClientConn
}

// NewClient makes a client of the service at an address. By default it uses TLS and the
// system's CAs; options come after the defaults, and so replace them:
// grpc.WithTransportCredentials(insecure.NewCredentials()) for plaintext.
func NewClient(address string, options ...grpc.DialOption) (*Client, error) {
	conn, err := grpc.NewClient(address, append([]grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(nil)),
		grpc.WithDefaultServiceConfig(ServiceConfig),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64 << 20)),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("making a client of connsvc at %s: %w", address, err)
	}
	return &Client{connsvcv1.NewConnectionServiceClient(conn), conn}, nil
}

// Close closes the client's connections.
func (c *Client) Close() error { return c.conn.Close() }

// WithToken sends a token that authenticates the caller to connsvc. It is sent over TLS
// only.
func WithToken(token string) grpc.DialOption {
	return grpc.WithPerRPCCredentials(bearer(token))
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

// ErrPeeringFailed is an error of WaitActive: DLI could not connect a queue.
var ErrPeeringFailed = errors.New("the peering failed")

// createTimeout is that of one attempt: docs/reliability.md.
const createTimeout = 45 * time.Second
