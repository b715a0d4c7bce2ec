package signing_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/connsvc/connsvc/internal/signing"
)

// What Sign signs, Verify accepts; with another key it does not.
func FuzzSignThenVerify(f *testing.F) {
	f.Add("POST", "/v2.0/p/x", "a=1&b=2", "dli.example.com", "pid", "token", []byte(createBody))
	f.Add("GET", "/a%2F b//", "x=+&x=%20;", "h", "", "", []byte(nil))
	f.Add("*", "*", "%", "", " p ", "\n", []byte{0})
	f.Fuzz(func(t *testing.T, method, path, query, host, project, token string, body []byte) {
		client := &http.Request{
			Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{},
		}
		if project != "" {
			client.Header.Set("X-Project-Id", project)
		}
		c := permanent()
		c.SecurityToken = token
		signing.Sign(client, body, c, noon)

		server := &http.Request{Method: method, Host: host, URL: client.URL, Header: client.Header}
		want := error(nil)
		if !decodable(query) {
			want = signing.ErrMalformed
		}
		if err := signing.Verify(server, body, keys, noon); !errors.Is(err, want) {
			t.Errorf("Verify: %v, want %v", err, want)
		}
		other := func(string) (string, bool) { return secretKey + "1", true }
		if err := signing.Verify(server, body, other, noon); err == nil {
			t.Error("Verify takes another key's signature")
		}
	})
}

// decodable reports whether every escape in a query is well formed. ParseQuery
// has one rule more: it refuses semicolons.
func decodable(query string) bool {
	_, err := url.QueryUnescape(query)
	return err == nil
}

// Verify takes anything at all without a panic, and nothing that nobody signed.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors {
		r := v.request()
		f.Add(v.target, r.Header.Get("Authorization"), r.Header.Get("X-Sdk-Date"), "", []byte(v.body))
	}
	f.Add("%", "SDK-HMAC-SHA256 Access=,SignedHeaders=;,Signature=", "20060102T150405Z", "UNSIGNED-PAYLOAD", []byte("x"))
	f.Fuzz(func(t *testing.T, target, authorization, date, hash string, body []byte) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RequestURI = target
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Sdk-Date", date)
		r.Header.Set("X-Sdk-Content-Sha256", hash)
		secret := func(string) (string, bool) { return "a secret that signed none of this", true }
		if err := signing.Verify(r, body, secret, noon); err == nil {
			t.Error("Verify takes what nobody signed")
		}
	})
}
