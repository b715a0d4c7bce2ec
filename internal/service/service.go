// Package service implements ConnectionService: each RPC as a translation to DLI,
// and the one map from errors to gRPC status.
//
// It trusts its requests: whoever calls it has validated and authorized them. It
// keeps nothing between calls: what a create needs to know of an earlier one it
// asks DLI. Every error that it returns is an *apierror.Error.
package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// An Upstream is what the service needs of the DLI of a project: *upstream.Client has it.
type Upstream interface {
	// Call makes the call of an RPC.
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) error
	// Idempotency says how creates are made safe to repeat. Nil, and what is left out, is
	// the default. It must not be changed once returned.
	Idempotency() *configv1.Idempotency
	// Skew says how far DLI's clock is at least ahead of this machine's, as the Date of
	// its responses tells. It is false where none has told.
	Skew() (ahead time.Duration, known bool)
}

// Service implements connsvcv1.ConnectionServiceServer.
type Service struct {
	connsvcv1.UnimplementedConnectionServiceServer
	lookup         func(projectID string) (Upstream, error)
	maxAnswerBytes int64
	observe        func(context.Context, CreateOutcome)
	flights        flights
}

// An Option is what New may be told beside DLI.
type Option func(*Service)

// WithMaxAnswerBytes bounds what a list collects, in bytes:
// config.DefaultMaxResponseBytes by default.
func WithMaxAnswerBytes(n int64) Option {
	return func(s *Service) {
		if n > 0 {
			s.maxAnswerBytes = n
		}
	}
}

// WithObserver has observe told of every CreateOutcome. It must be safe for
// concurrent use.
func WithObserver(observe func(context.Context, CreateOutcome)) Option {
	return func(s *Service) { s.observe = observe }
}

// New makes the service. For looks up the upstream of a project, once for each RPC;
// its type is a parameter, so that *upstream.Router serves as it is.
func New[U Upstream](dli interface {
	For(projectID string) (U, error)
}, options ...Option) *Service {
	s := &Service{
		lookup:         func(projectID string) (Upstream, error) { return dli.For(projectID) },
		maxAnswerBytes: config.DefaultMaxResponseBytes,
		observe:        func(context.Context, CreateOutcome) {},
	}
	for _, o := range options {
		o(s)
	}
	return s
}
