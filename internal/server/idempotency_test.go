package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	key      = "7b1e3a52-9f0c-4d7e-8a55-3c1f0e9d2b44"
	otherKey = "00000000-9f0c-4d7e-8a55-3c1f0e9d2b44"
)

func TestIdempotencyKey(t *testing.T) {
	for _, tt := range []struct {
		name string
		sent []string
		body string // request_id of the body
		want string // of the request that the service gets
		rule string // that is broken, as BadRequest spells it
	}{
		{name: "none"},
		{name: "only the body's", body: key, want: key},
		{name: "only the header's", sent: []string{key}, want: key},
		{name: "the same twice", sent: []string{key}, body: key, want: key},
		{name: "the same in other letters", sent: []string{key}, body: strings.ToUpper(key), want: key},
		{name: "quoted", sent: []string{`"` + key + `"`}, want: key},
		{name: "another in the body", sent: []string{key}, body: otherKey, rule: "HEADER_CONTRADICTION"},
		{name: "two headers", sent: []string{key, key}, rule: "HEADER_REPEATED"},
		{name: "empty", sent: []string{""}, rule: "STRING_UUID"},
		{name: "only quotes", sent: []string{`""`}, rule: "STRING_UUID"},
		{name: "one quote", sent: []string{`"`}, rule: "STRING_UUID"},
		{name: "no UUID", sent: []string{"order-17"}, rule: "STRING_UUID"},
		{name: "without hyphens", sent: []string{strings.ReplaceAll(key, "-", "")}, rule: "STRING_UUID"},
		{name: "as a URN", sent: []string{"urn:uuid:" + key}, rule: "STRING_UUID"},
		{name: "not hexadecimal", sent: []string{"z" + key[1:]}, rule: "STRING_UUID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var request *connsvcv1.CreateEnhancedConnectionRequest
			b := start(t, &stub{on: func(_ context.Context, req proto.Message) error {
				request = req.(*connsvcv1.CreateEnhancedConnectionRequest)
				return nil
			}}, setup{})
			body := create
			if tt.body != "" {
				body = strings.TrimSuffix(create, "}") + `,"request_id":"` + tt.body + `"}`
			}
			got := b.do(t, http.MethodPost, connections, http.Header{"Idempotency-Key": tt.sent}, strings.NewReader(body))
			if tt.rule == "" {
				if got.status != http.StatusCreated || request.GetRequestId() != tt.want {
					t.Errorf("got %d %s, and request_id %q", got.status, got.body, request.GetRequestId())
				}
				return
			}
			if request != nil || got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, `"field":"Idempotency-Key"`) || !strings.Contains(got.text, tt.rule) {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

// TestIdempotencyKeyElsewhere: what can be repeated anyway takes the header, and
// makes nothing of it.
func TestIdempotencyKeyElsewhere(t *testing.T) {
	b := start(t, &stub{}, setup{})
	if got := b.do(t, http.MethodDelete, one, http.Header{"Idempotency-Key": {"order-17"}}, nil); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
