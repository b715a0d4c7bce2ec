package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/credentials"
)

// TestCallersToken reaches the service by both doors, by its own place in the
// context.
func TestCallersToken(t *testing.T) {
	key := credentials.CallerKey(credentials.WithCallerToken(t.Context(), "token"))
	for _, tt := range []struct {
		name string
		sent []string
		want string
	}{
		{"none", nil, ""},
		{"one", []string{"token"}, key},
		{"empty", []string{""}, ""},
		{"two", []string{"token", "token"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothDoors(t, func(t *testing.T, d door) {
				got := "not called"
				b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
					got = credentials.CallerKey(ctx)
					return nil
				}}, setup{})
				d.create(t, b, createRequest(), metadata.MD{"x-auth-token": tt.sent})
				if got != tt.want {
					t.Errorf("the service has the key %x, want %x", got, tt.want)
				}
			})
		})
	}
}
