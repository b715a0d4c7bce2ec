package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
)

// request makes a request as a server gets it.
func request(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, body)
	r.Host = "localhost"
	return r
}

// handle passes a request to the REST API without a connection.
func (b *bench) handle(t testing.TB, r *http.Request) result {
	t.Helper()
	recorder := httptest.NewRecorder()
	b.server.RESTHandler().ServeHTTP(recorder, r)
	return restResult(t, r.Method, recorder.Code, recorder.Header(), recorder.Body.Bytes())
}

func codeName(c codes.Code) string { return code.Code(c).String() }
