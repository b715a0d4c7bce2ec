package server_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestCallersToken: it reaches the client of DLI over both APIs, in the record of the
// call.
func TestCallersToken(t *testing.T) {
	for _, tt := range []struct {
		name string
		sent []string
		want string
	}{
		{"none", nil, ""},
		{"one", []string{"token"}, "token"},
		{"empty", []string{""}, ""},
		{"two", []string{"token", "token"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				got := "not called"
				b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
					got = call.From(ctx).CallerToken
					return nil
				}}, setup{})
				d.create(t, b, createRequest(), metadata.MD{"x-auth-token": tt.sent})
				if got != tt.want {
					t.Errorf("the record has %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestCallersTokenIsMissing: the caller learns which token DLI needs, and in which header.
func TestCallersTokenIsMissing(t *testing.T) {
	missing := &upstream.Error{
		Kind: upstream.Unauthorized, CallersOwn: true,
		Err: &credentials.Error{Kind: credentials.CallerToken, Source: "pass_through", Err: credentials.ErrNoToken},
	}
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{on: func(context.Context, proto.Message) error { return missing }}, setup{})
		got := d.create(t, b, createRequest(), nil)
		if got.reason != "CALLER_UNAUTHENTICATED" || !strings.Contains(got.text, "DLI needs your IAM token: send one as X-Auth-Token") {
			t.Errorf("got %s, %s", got.reason, got.text)
		}
		if got.header != nil && got.header.Get("WWW-Authenticate") != `X-Auth-Token realm="DLI"` {
			t.Errorf("got %v", got.header)
		}
	})
}
