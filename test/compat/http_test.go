package compat_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// An answer is an HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request as it is written: no header is added but what net/http
// adds itself. A nil body sends none.
func call(t *testing.T, method, url string, header http.Header, body io.Reader) answer {
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
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v", method, url, err)
	}
	return answer{response.StatusCode, response.Header, read}
}

// object returns the JSON object that the answer is. Every answer is one, says so
// in its Content-Type, and has a request ID.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
		t.Errorf("Content-Type %q does not start with application/json", got)
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("the answer has no X-Request-Id")
	}
	var object map[string]any
	if err := json.Unmarshal(a.body, &object); err != nil {
		t.Fatalf("the answer is no JSON object: %v\n%.300s", err, a.body)
	}
	return object
}

// success returns the object of a good answer of exactly this status.
func (a answer) success(t *testing.T, status int) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %.300s", a.status, status, a.body)
	}
	object := a.object(t)
	if object["is_success"] != true {
		t.Errorf("is_success is %v in %.300s", object["is_success"], a.body)
	}
	if _, ok := object["message"].(string); !ok {
		t.Errorf("message is %v in %.300s", object["message"], a.body)
	}
	return object
}

// failure wants an error in DLI's form.
func (a answer) failure(t *testing.T, status int, code, text string) {
	t.Helper()
	object := a.object(t)
	message, _ := object["error_msg"].(string)
	if a.status != status || object["error_code"] != code || message == "" || !strings.Contains(message, text) {
		t.Errorf("answer %d %.300s, want %d, error_code %s and an error_msg with %q", a.status, a.body, status, code, text)
	}
}
