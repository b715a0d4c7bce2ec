package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/server"
)

// BenchmarkREST measures one small call from the API to the service and back,
// without a connection.
func BenchmarkREST(b *testing.B) {
	srv, err := server.New(testConfig(), testOptions(b, &stub{}, io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	for _, bb := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"get", http.MethodGet, one, "", http.StatusOK},
		{"create", http.MethodPost, connections, create, http.StatusCreated},
		{"unknown", http.MethodGet, "/x", "", http.StatusNotFound},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				recorder := httptest.NewRecorder()
				srv.RESTHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(b.Context(), bb.method, bb.path, strings.NewReader(bb.body)))
				if recorder.Code != bb.status {
					b.Fatalf("got %d %s", recorder.Code, recorder.Body)
				}
			}
		})
	}
}

// BenchmarkGRPC measures one small call over loopback, client and all.
func BenchmarkGRPC(b *testing.B) {
	running := start(b, &stub{}, setup{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := running.grpc.CreateEnhancedConnection(b.Context(), createRequest()); err != nil {
			b.Fatal(err)
		}
	}
}
