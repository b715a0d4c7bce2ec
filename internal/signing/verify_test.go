package signing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/signing"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const createBody = `{"name":"n","hosts":[{"name":"ecs","ip":"192.168.0.1"}]}`

// signed returns a request as a server sees it, signed by Sign.
func signed(t *testing.T, method, target, body string, c signing.Credentials) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "https://dli.example.com"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Project-Id", "pid")
	signing.Sign(r, []byte(body), c, noon)
	return received(r, body)
}

// received turns a client's request into a server's.
func received(r *http.Request, body string) *http.Request {
	server := httptest.NewRequest(r.Method, r.URL.RequestURI(), strings.NewReader(body))
	server.Host = r.URL.Host
	server.Header = r.Header
	return server
}

func permanent() signing.Credentials {
	return signing.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: secretKey}
}

func temporary() signing.Credentials {
	c := permanent()
	c.SecurityToken = "SecurityToken"
	return c
}

func TestSignThenVerify(t *testing.T) {
	for _, tt := range []struct {
		name, method, target, body string
		credentials                signing.Credentials
		signedHeaders              string
	}{
		{"get", "GET", "/v2.0/pid/x", "", permanent(), "content-type;host;x-project-id;x-sdk-date"},
		{"post", "POST", "/v2.0/pid/x", createBody, permanent(), "content-type;host;x-project-id;x-sdk-date"},
		{"temporary", "PUT", "/v2.0/pid/x", createBody, temporary(), "content-type;host;x-project-id;x-sdk-date;x-security-token"},
		{"escapes", "DELETE", "/v3/pid/routes/a%20b:c%2Fd?tags=k%3Dv%20w%2Cx&a&b=+", "", permanent(), "content-type;host;x-project-id;x-sdk-date"},
		{"root", "GET", "", "", permanent(), "content-type;host;x-project-id;x-sdk-date"},
		{"large", "PUT", "/large", strings.Repeat("x", 3<<20), permanent(), "content-type;host;x-project-id;x-sdk-date"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := signed(t, tt.method, tt.target, tt.body, tt.credentials)
			if err := signing.Verify(r, []byte(tt.body), keys, noon); err != nil {
				t.Errorf("Verify: %v", err)
			}
			if got := r.Header.Get("Authorization"); !strings.Contains(got, "SignedHeaders="+tt.signedHeaders+",") {
				t.Errorf("%s, want SignedHeaders=%s", got, tt.signedHeaders)
			}
			if got := r.Header.Get("X-Security-Token"); got != tt.credentials.SecurityToken {
				t.Errorf("X-Security-Token %q, want %q", got, tt.credentials.SecurityToken)
			}
		})
	}
}

// A request that is signed again, as after a rotation, bears nothing of the first.
func TestSignAgain(t *testing.T) {
	r, err := http.NewRequest("GET", "https://dli.example.com/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	signing.Sign(r, nil, temporary(), noon.Add(-time.Hour))
	signing.Sign(r, nil, permanent(), noon)
	if r.Header.Get("X-Security-Token") != "" {
		t.Error("the security token of the first credentials is still there")
	}
	if err := signing.Verify(received(r, ""), nil, keys, noon); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// Each part of a request that a signature covers, off by one byte.
func TestVerifyRefusesChanges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(r *http.Request, body []byte)
		want   error
	}{
		{"nothing", func(*http.Request, []byte) {}, nil},
		{"method", func(r *http.Request, _ []byte) { r.Method = "PUT" }, signing.ErrMismatch},
		{"path", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pie/x?a=1&b=2" }, signing.ErrMismatch},
		{"path case", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/Pid/x?a=1&b=2" }, signing.ErrMismatch},
		{"query value", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pid/x?a=1&b=3" }, signing.ErrMismatch},
		{"query key", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pid/x?a=1&c=2" }, signing.ErrMismatch},
		{"query gone", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pid/x" }, signing.ErrMismatch},
		{"query more", func(r *http.Request, _ []byte) { r.RequestURI += "&c=" }, signing.ErrMismatch},
		{"query order", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pid/x?b=2&a=1" }, nil},
		{"query malformed", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/pid/x?a=1&b=%2" }, signing.ErrMalformed},
		{"path malformed", func(r *http.Request, _ []byte) { r.RequestURI = "/v2.0/%" }, signing.ErrMalformed},
		{"body", func(_ *http.Request, body []byte) { body[3] ^= 1 }, signing.ErrMismatch},
		{"host", func(r *http.Request, _ []byte) { r.Host = "dli.example.con" }, signing.ErrMismatch},
		{"content type", func(r *http.Request, _ []byte) { r.Header.Set("Content-Type", "application/jsom") }, signing.ErrMismatch},
		{"project", func(r *http.Request, _ []byte) { r.Header.Set("X-Project-Id", "pie") }, signing.ErrMismatch},
		{"project gone", func(r *http.Request, _ []byte) { r.Header.Del("X-Project-Id") }, signing.ErrMismatch},
		{"project twice", func(r *http.Request, _ []byte) { r.Header.Add("X-Project-Id", "pid") }, signing.ErrMismatch},
		{"security token", func(r *http.Request, _ []byte) { r.Header.Set("X-Security-Token", "securityToken") }, signing.ErrMismatch},
		{"unsigned header", func(r *http.Request, _ []byte) { r.Header.Set("User-Agent", "a proxy") }, nil},
		{"rewritten URL", func(r *http.Request, _ []byte) { r.URL.Path, r.URL.RawQuery = "/x", "" }, nil},
		{"date", func(r *http.Request, _ []byte) { r.Header.Set("X-Sdk-Date", "20261123T120001Z") }, signing.ErrMismatch},
		{"date gone", func(r *http.Request, _ []byte) { r.Header.Del("X-Sdk-Date") }, signing.ErrMalformed},
		{"date twice", func(r *http.Request, _ []byte) { r.Header.Add("X-Sdk-Date", "20261123T120000Z") }, signing.ErrMalformed},
		{"date fraction", func(r *http.Request, _ []byte) { r.Header.Set("X-Sdk-Date", "20261123T120000.5Z") }, signing.ErrMalformed},
		{"date layout", func(r *http.Request, _ []byte) { r.Header.Set("X-Sdk-Date", "2026-11-23 12:00") }, signing.ErrMalformed},
		{"hash of this body", func(r *http.Request, body []byte) { r.Header.Set("X-Sdk-Content-Sha256", hashOf(body)) }, nil},
		{"hash of the signed body", func(r *http.Request, body []byte) {
			r.Header.Set("X-Sdk-Content-Sha256", hashOf(body))
			body[3] ^= 1
		}, signing.ErrMismatch},
		{"hash left out later", func(r *http.Request, _ []byte) { r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD") }, signing.ErrMismatch},
		{"hash of another form", func(r *http.Request, _ []byte) { r.Header.Set("X-Sdk-Content-Sha256", "md5") }, signing.ErrMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := signed(t, "POST", "/v2.0/pid/x?a=1&b=2", createBody, temporary())
			body := []byte(createBody)
			tt.change(r, body)
			if err := signing.Verify(r, body, keys, noon); !errors.Is(err, tt.want) {
				t.Errorf("Verify: %v, want %v", err, tt.want)
			}
		})
	}
}

func hashOf(body []byte) string {
	hash := sha256.Sum256(body)
	return hex.EncodeToString(hash[:])
}

// Every byte of the Authorization value counts.
func TestVerifyRefusesEveryChangedByte(t *testing.T) {
	whole := signed(t, "POST", "/x", createBody, permanent()).Header.Get("Authorization")
	for i := range len(whole) {
		r := signed(t, "POST", "/x", createBody, permanent())
		changed := []byte(whole)
		changed[i] ^= 1
		r.Header.Set("Authorization", string(changed))
		if err := signing.Verify(r, []byte(createBody), keys, noon); err == nil {
			t.Errorf("%q was taken", changed)
		}
	}
}

func TestVerifyAuthorization(t *testing.T) {
	good := strings.Repeat("0", 64)
	for value, want := range map[string]error{
		"":         signing.ErrNoSignature,
		"Bearer x": signing.ErrNoSignature,
		"sdk-hmac-sha256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=" + good:     signing.ErrNoSignature,
		"V11-HMAC-SHA256 Credential=AccessKey, SignedHeaders=x-sdk-date, Signature=" + good: signing.ErrNoSignature,
		"SDK-HMAC-SHA256": signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date":                                  signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=00":                    signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=" + good:                        signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=, Signature=" + good:                         signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=host, Signature=" + good:                     signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=X-Sdk-Date, Signature=" + good:               signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date;;host, Signature=" + good:         signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=a b;x-sdk-date, Signature=" + good:           signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=" + good + ", Access=": signing.ErrMalformed,
		"SDK-HMAC-SHA256 Credential=AccessKey///sdk_request, SignedHeaders=host, Signature=" + good:   signing.ErrMalformed,
		"SDK-HMAC-SHA256 Access=accessKey, SignedHeaders=x-sdk-date, Signature=" + good:               signing.ErrUnknownKey,
		"SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders=x-sdk-date, Signature=" + good:               signing.ErrMismatch,
		"SDK-HMAC-SHA256 Access=AccessKey,SignedHeaders=x-sdk-date,Signature=" + good:                 signing.ErrMismatch,
	} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header.Set("X-Sdk-Date", noon.Format(dateFormat))
		if value != "" {
			r.Header.Set("Authorization", value)
		}
		if err := signing.Verify(r, nil, keys, noon); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", value, err, want)
		}
	}
}

func TestVerifyTwoAuthorizations(t *testing.T) {
	r := signed(t, "GET", "/x", "", permanent())
	r.Header.Add("Authorization", r.Header.Get("Authorization"))
	if err := signing.Verify(r, nil, keys, noon); !errors.Is(err, signing.ErrMalformed) {
		t.Errorf("Verify: %v, want %v", err, signing.ErrMalformed)
	}
}

func TestVerifySkew(t *testing.T) {
	for skew, want := range map[time.Duration]error{
		0:                                  nil,
		signing.MaxSkew:                    nil,
		-signing.MaxSkew:                   nil,
		signing.MaxSkew + time.Nanosecond:  signing.ErrExpired,
		-signing.MaxSkew - time.Nanosecond: signing.ErrExpired,
		9 * 365 * 24 * time.Hour:           signing.ErrExpired,
	} {
		r := signed(t, "GET", "/x", "", permanent())
		if err := signing.Verify(r, nil, keys, noon.Add(skew)); !errors.Is(err, want) {
			t.Errorf("%v off: %v, want %v", skew, err, want)
		}
	}
}

// A key without a secret must not let in whoever signs with none.
func TestVerifyEmptySecret(t *testing.T) {
	r := signed(t, "GET", "/x", "", signing.Credentials{AccessKeyID: "AK"})
	none := func(string) (string, bool) { return "", true }
	if err := signing.Verify(r, nil, none, noon); !errors.Is(err, signing.ErrUnknownKey) {
		t.Errorf("Verify: %v, want %v", err, signing.ErrUnknownKey)
	}
}

func TestVerifyUnsignedPayload(t *testing.T) {
	r, err := http.NewRequest("PUT", "https://dli.example.com/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")
	signing.Sign(r, []byte("one"), permanent(), noon)
	if err := signing.Verify(received(r, "two"), []byte("two"), keys, noon); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// Over a real connection: what net/http does to a request on its way is no change.
func TestVerifyOverHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		if err := signing.Verify(r, body, keys, noon); err != nil {
			panic(fmt.Sprintf("Verify: %v", err))
		}
	}))
	defer server.Close()
	for _, target := range []string{
		"", "/", "//a//", "/a%2Fb/%2e%2e/c", "/a b", "/é", "/a?", "/a?x=+&y=%20&z=%2B", "/a?x=;&=&x", "/a?é=ü",
	} {
		r, err := http.NewRequest("POST", server.URL+target, strings.NewReader(createBody))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", " application/json ")
		r.Header["X-Project-Id"] = []string{"b", "a"}
		signing.Sign(r, []byte(createBody), temporary(), noon)
		response, err := server.Client().Do(r)
		if err != nil {
			t.Errorf("%q: %v", target, err)
			continue
		}
		response.Body.Close()
	}
}
