package upstream_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// BenchmarkCall holds a create against a bare net/http call with the same body.
func BenchmarkCall(b *testing.B) {
	const reply = `{"is_success":true,"message":"","connection_id":"` + connection + `"}`
	for _, n := range []int{2, 20_000} {
		var body []byte
		handler := func(w http.ResponseWriter, r *http.Request) {
			if body == nil {
				body, _ = io.ReadAll(r.Body)
			}
			answer(http.StatusCreated, reply)(w, r)
		}
		r := served(b, upstream.Options{}, handler)
		req := createRequest()
		for i := 1; i < n; i++ {
			req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("a-host-of-some-length-%d.example.com", i), Ip: "192.168.0.1"})
		}
		b.Run(fmt.Sprintf("hosts=%d/router", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := callOf(b.Context(), r, create, req, &connsvcv1.CreateEnhancedConnectionResponse{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		transport := &http.Transport{DisableCompression: true}
		b.Cleanup(transport.CloseIdleConnections)
		endpoint := newServer(b, answer(http.StatusCreated, reply))
		b.Run(fmt.Sprintf("hosts=%d/bare", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bare(b, transport, endpoint+listPath, body)
			}
		})
	}
}

func bare(b *testing.B, transport *http.Transport, url string, body []byte) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}

// BenchmarkRead is what a read costs: alone, as it shares what identical ones ask,
// and with everything that the defaults of the configuration switch on.
func BenchmarkRead(b *testing.B) {
	endpoint := newServer(b, answer(http.StatusOK, `{"id":"`+connection+`","name":"n","status":"ACTIVE"}`))
	for name, u := range map[string]*configv1.Upstream{"plain": signedBy(endpoint), "protected": protected(endpoint)} {
		r := router(b, upstream.Options{}, u)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := callGet(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
