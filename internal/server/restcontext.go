package server

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/connsvc/connsvc/internal/service"
)

// metadataHeaders are the HTTP headers that become incoming metadata, by their
// keys there. No other does: a header must not become an instruction by chance.
var metadataHeaders = map[string]string{
	"X-Request-Id":  requestIDKey,
	"Authorization": "authorization",
	"X-Auth-Token":  callerTokenKey,
	"Traceparent":   "traceparent",
	"Tracestate":    "tracestate",
}

// restContext is the context of a gRPC call, made of an HTTP request.
func restContext(r *http.Request, rc *restCall) context.Context {
	md := metadata.MD{}
	for header, key := range metadataHeaders {
		if values := r.Header[header]; len(values) > 0 {
			md[key] = values
		}
	}
	// DLI's clients know nothing of pages.
	ctx := service.WithWholeAnswers(metadata.NewIncomingContext(r.Context(), md))
	p := &peer.Peer{Addr: remote(r.RemoteAddr)}
	if r.TLS != nil {
		p.AuthInfo = credentials.TLSInfo{
			State:          *r.TLS,
			CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
		}
	}
	return grpc.NewContextWithServerTransportStream(peer.NewContext(ctx, p), rc)
}

// remote is an address as net/http tells it.
type remote string

// Network and String make a remote a net.Addr.
func (remote) Network() string  { return "tcp" }
func (r remote) String() string { return string(r) }

// abort ends a call that panicked with http.ErrAbortHandler as net/http has it:
// no answer, and the connection is cut. Metrics and log have it by then.
func abort(err error) {
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
}

// Method, SetHeader, SendHeader and SetTrailer make a restCall a
// grpc.ServerTransportStream: what the service and the interceptors send as
// header or trailer is a header of the HTTP answer.
func (rc *restCall) Method() string { return "/" + rc.name() }

// SetHeader adds to the headers of the answer.
func (rc *restCall) SetHeader(md metadata.MD) error {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.md = metadata.Join(rc.md, md)
	return nil
}

// SendHeader adds to the headers of the answer; they are sent with it.
func (rc *restCall) SendHeader(md metadata.MD) error { return rc.SetHeader(md) }

// SetTrailer adds to the headers of the answer.
func (rc *restCall) SetTrailer(md metadata.MD) error { return rc.SetHeader(md) }

func (rc *restCall) name() string {
	if rc.method == nil {
		return unknownMethod
	}
	return rc.method.name
}
