package compat_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A response is an HTTP response with its whole body.
type response struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request without any header of its own beyond those of net/http.
func call(t *testing.T, method, url string, header http.Header, body io.Reader) response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	if header != nil {
		request.Header = header.Clone()
	}
	transport := &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: callTimeout} // and no proxy
	resp, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the response: %v", method, url, err)
	}
	return response{resp.StatusCode, resp.Header, read}
}

// object returns the JSON object in the body. Every response must have one, with its
// Content-Type, and a request ID.
func (r response) object(t *testing.T) map[string]any {
	t.Helper()
	if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("Content-Type %q does not start with application/json", got)
	}
	if r.header.Get("X-Request-Id") == "" {
		t.Error("the response has no X-Request-Id")
	}
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		t.Fatalf("the body is not a JSON object: %v\n%.300s", err, r.body)
	}
	return object
}

// success returns the object of a success with exactly this status.
func (r response) success(t *testing.T, status int) map[string]any {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %.300s", r.status, status, r.body)
	}
	object := r.object(t)
	if object["is_success"] != true {
		t.Errorf("is_success is %v in %.300s", object["is_success"], r.body)
	}
	if _, ok := object["message"].(string); !ok {
		t.Errorf("message is %v in %.300s", object["message"], r.body)
	}
	return object
}

// failure checks for an error in DLI's form.
func (r response) failure(t *testing.T, status int, code, text string) {
	t.Helper()
	object := r.object(t)
	message, _ := object["error_msg"].(string)
	if r.status != status || object["error_code"] != code || message == "" || !strings.Contains(message, text) {
		t.Errorf("response %d %.300s, want %d, error_code %s and an error_msg with %q", r.status, r.body, status, code, text)
	}
}
