package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/call"
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
