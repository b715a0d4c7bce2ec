package app_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/signing"
)

// TestReloadKeepsReplays: a signed change is not accepted again after a reload, nor after
// auth was removed and set again.
func TestReloadKeepsReplays(t *testing.T) {
	t.Run("changed", func(t *testing.T) { testReplays(t, false) })
	t.Run("removed", func(t *testing.T) { testReplays(t, true) })
}

func testReplays(t *testing.T, removed bool) {
	t.Helper()
	const key = "0123456789abcdef0123456789abcdef"
	cfg := config.Default(&configv1.Upstream{
		Endpoint: "http://127.0.0.1:1", Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
	})
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Auth = &configv1.Auth{AccessKeys: []*configv1.CallerKey{{Name: "terraform", Id: "AK", Secret: &configv1.Secret{}}}}
	a, err := app.New(cfg, app.Options{Secret: func(*configv1.Secret) (string, error) { return key, nil }, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	// It is not valid, so that no call to DLI follows.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://"+a.RESTAddr().String()+"/v2.0/p/datasource/enhanced-connections", nil)
	if err != nil {
		t.Fatal(err)
	}
	signing.Sign(r, []byte("{}"), signing.Credentials{AccessKeyID: "AK", SecretAccessKey: key}, time.Now())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, want := range []int{http.StatusBadRequest, http.StatusUnauthorized} {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("status %d, want %d", resp.StatusCode, want)
		}
		if removed {
			without := proto.CloneOf(cfg)
			without.Auth = nil
			if err := a.Reload(without); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Reload(cfg); err != nil {
			t.Fatal(err)
		}
	}
}
