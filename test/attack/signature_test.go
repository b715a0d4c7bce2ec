package attack_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/signing"
)

// signed is a request that is signed, and then changed.
type signed struct {
	method, path, body string // empty: a create
	key                signing.Credentials
	at                 time.Duration             // from now
	before, after      func(r *http.Request)     // change it before and after it is signed
	bodyAfter          func(body string) string  // changes the body after it is signed
	authorization      func(value string) string // changes the header
}

// request makes the request. Names make creates differ: DLI allows each once.
func (s signed) request(t *testing.T, at *target) *http.Request {
	t.Helper()
	if s.method == "" {
		s.method, s.path, s.body = http.MethodPost, connections, strings.Replace(body, "test", "n"+hex.EncodeToString([]byte(t.Name()))[:40], 1)
	}
	if s.key.AccessKeyID == "" {
		s.key = signing.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: canaries["SK"]}
	}
	content := s.body
	if s.bodyAfter != nil {
		content = s.bodyAfter(content)
	}
	r := at.request(t, s.method, s.path, content)
	if s.before != nil {
		s.before(r)
	}
	signing.Sign(r, []byte(s.body), s.key, time.Now().Add(s.at))
	if s.authorization != nil {
		r.Header.Set("Authorization", s.authorization(r.Header.Get("Authorization")))
	}
	if s.after != nil {
		s.after(r)
	}
	return r
}

// try sends the request, and returns what it achieves: DLI is called.
func (s signed) try(t *testing.T, at *target) string {
	t.Helper()
	before := at.calls()
	got := at.send(t, s.request(t, at))
	if n := at.calls() - before; n > 0 || got < 300 {
		return fmt.Sprintf("status %d, and %d calls of DLI", got, n)
	}
	return ""
}

// opaque sends a path as it is.
func opaque(path string) func(*http.Request) {
	return func(r *http.Request) { r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, Opaque: path} }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = append(r.Header[name], values...) }
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func replaced(old, next string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, next, 1) }
}

// TestSignatures changes signed requests. Valid ones show that the others fail for the
// change.
func TestSignatures(t *testing.T) {
	at := newTarget(t)
	for name, s := range map[string]signed{
		"create": {}, "list": {method: "GET", path: connections + "?limit=1&offset=0"},
		"parameters in another order": {method: "GET", path: connections + "?limit=1&offset=0", after: func(r *http.Request) { r.URL.RawQuery = "offset=0&limit=1" }},
		"a header that is not signed": {after: header("X-Forwarded-For", "10.0.0.1")},
		"the true hash of the body":   {method: "POST", path: connections, body: body, before: header("X-Sdk-Content-Sha256", hashOf(body))},
	} {
		t.Run(name, func(t *testing.T) {
			if s.try(t, at) == "" {
				t.Fatal("a valid request fails")
			}
		})
	}
	list := func(change signed) signed {
		change.method, change.path = "GET", connections+"?limit=1&offset=0"
		return change
	}
	requests := map[string]signed{
		"another secret":                  {key: signing.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: canaries["TOKEN"]}},
		"an empty secret":                 {key: signing.Credentials{AccessKeyID: accessKeyID}},
		"another key":                     {key: signing.Credentials{AccessKeyID: "OTHER", SecretAccessKey: canaries["SK"]}},
		"the key in another case":         {authorization: replaced(accessKeyID, strings.ToLower(accessKeyID))},
		"no key":                          {authorization: replaced(accessKeyID, "")},
		"the scheme in another case":      {authorization: replaced("SDK-HMAC-SHA256", "sdk-hmac-sha256")},
		"the signature in another case":   {authorization: func(s string) string { i := strings.LastIndex(s, "="); return s[:i] + strings.ToUpper(s[i:]) }},
		"no signature":                    {authorization: func(s string) string { return s[:strings.LastIndex(s, "=")+1] }},
		"a signature of zeros":            {authorization: func(s string) string { return s[:strings.LastIndex(s, "=")+1] + strings.Repeat("0", 64) }},
		"a header less":                   {authorization: replaced("host;", "")},
		"signed headers in another order": {authorization: replaced("host;x-sdk-date", "x-sdk-date;host")},
		"a signed header twice":           {authorization: replaced("host;", "host;host;")},
		"the date is not signed":          {authorization: replaced(";x-sdk-date", "")},
		"no signed headers":               {authorization: replaced("host;x-sdk-date", "")},
		"two Authorization headers":       {after: header("Authorization", "SDK-HMAC-SHA256 x")},
		"a bearer first": {after: func(r *http.Request) {
			r.Header["Authorization"] = append([]string{"Bearer x"}, r.Header["Authorization"]...)
		}},
		"two dates":      {after: header("X-Sdk-Date", "20261128T000000Z")},
		"an old date":    {at: -16 * time.Minute},
		"a date to come": {at: 16 * time.Minute},
		"another date": {after: func(r *http.Request) {
			r.Header.Set("X-Sdk-Date", time.Now().Add(time.Minute).UTC().Format("20060102T150405Z"))
		}},
		"a date with a fraction":                   {after: func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20261128T000000.5Z") }},
		"another body":                             {bodyAfter: replaced("dest_network_id\":\"7", "dest_network_id\":\"8")},
		"a longer body":                            {bodyAfter: func(s string) string { return s + " " }},
		"no body":                                  {bodyAfter: func(string) string { return "" }},
		"another body, and the signed hash":        {bodyAfter: replaced("22094d8f", "22094d8e"), after: header("X-Sdk-Content-Sha256", hashOf(body))},
		"another body, and its own hash":           {bodyAfter: func(string) string { return body }, after: header("X-Sdk-Content-Sha256", hashOf(body))},
		"an unsigned body":                         {before: header("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")},
		"an unsigned body, in lower case":          {before: header("X-Sdk-Content-Sha256", "unsigned-payload")},
		"two hashes":                               {after: header("X-Sdk-Content-Sha256", hashOf(body), hashOf(body))},
		"another host":                             {after: func(r *http.Request) { r.Host = "evil.example.com" }},
		"another method":                           list(signed{after: func(r *http.Request) { r.Method = "DELETE" }}),
		"HEAD of a GET":                            list(signed{after: func(r *http.Request) { r.Method = "HEAD" }}),
		"a method in a header":                     list(signed{after: header("X-Http-Method-Override", "DELETE"), authorization: replaced("host;", "")}),
		"another project":                          list(signed{after: func(r *http.Request) { r.URL.Path = strings.Replace(connections, project, "other", 1) }}),
		"an escaped slash":                         list(signed{after: opaque(strings.Replace(connections, "/datasource/", "/datasource%2F", 1))}),
		"an escaped letter in another path":        list(signed{after: opaque(strings.Replace(connections, "4", "%35", 1))}),
		"a double slash":                           list(signed{after: opaque(strings.Replace(connections, "/datasource", "//datasource", 1))}),
		"a dot segment":                            list(signed{after: opaque(strings.Replace(connections, "/datasource", "/./datasource", 1))}),
		"a parent segment":                         list(signed{after: opaque(strings.Replace(connections, "/datasource", "/x/../datasource", 1))}),
		"an escaped parent segment":                list(signed{after: opaque("/v2.0/other/%2e%2e/" + project + "/datasource/enhanced-connections")}),
		"a slash at the end":                       list(signed{after: func(r *http.Request) { r.URL.Path += "/" }}),
		"another value in the query":               list(signed{after: func(r *http.Request) { r.URL.RawQuery = "limit=100&offset=0" }}),
		"one more parameter":                       list(signed{after: func(r *http.Request) { r.URL.RawQuery += "&status=ACTIVE" }}),
		"a parameter less":                         list(signed{after: func(r *http.Request) { r.URL.RawQuery = "limit=1" }}),
		"a parameter twice":                        list(signed{after: func(r *http.Request) { r.URL.RawQuery += "&limit=1" }}),
		"a parameter in another case":              list(signed{after: func(r *http.Request) { r.URL.RawQuery = "Limit=1&offset=0" }}),
		"a parameter behind a semicolon":           list(signed{after: func(r *http.Request) { r.URL.RawQuery = "limit=1&offset=0;status=ACTIVE" }}),
		"values of one parameter in another order": {method: "GET", path: connections + "?limit=1&limit=2", after: func(r *http.Request) { r.URL.RawQuery = "limit=2&limit=1" }},
	}
	var attempts []attempt
	for name, s := range requests {
		attempts = append(attempts, attempt{name, s.try})
	}
	attempts = append(attempts, attempt{"the same create again", func(t *testing.T, at *target) string { return replay(t, at, signed{}) }})
	attempts = append(attempts, attempt{"the same delete again", func(t *testing.T, at *target) string {
		return replay(t, at, signed{method: "DELETE", path: connections + "/2a620c33-5609-40c9-affd-2b6453071b0f"})
	}})
	for name, s := range map[string]signed{
		"a body that is no JSON": {method: "POST", path: connections, body: `{"name":`},
		"an unknown field":       {method: "POST", path: connections, body: `{"nom":1}`},
		"a bad query":            {method: "GET", path: connections + "?limit=x"},
		"a delete with a body":   {method: "DELETE", path: connections + "/2a620c33-5609-40c9-affd-2b6453071b0f", bodyAfter: func(string) string { return "{}" }},
	} {
		s.key = signing.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: canaries["TOKEN"]}
		if s.bodyAfter != nil {
			s.key = signing.Credentials{}
		}
		attempts = append(attempts, attempt{"what it thinks of " + name, func(t *testing.T, at *target) string {
			before := at.calls()
			if got := at.send(t, s.request(t, at)); got != http.StatusUnauthorized || at.calls() != before {
				return fmt.Sprintf("status %d", got)
			}
			return ""
		}})
	}
	attempts = append(attempts, attempt{"over gRPC", func(t *testing.T, at *target) string {
		md := metadata.MD{}
		for name, values := range (signed{}).request(t, at).Header {
			md.Append(name, values...)
		}
		conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err = connsvcv1.NewConnectionServiceClient(conn).ListEnhancedConnections(
			metadata.NewOutgoingContext(t.Context(), md), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}); err == nil {
			return "it lists"
		}
		return ""
	}})
	play(t, at, attempts)
	at.wantNothingShown(t)
}

// replay sends a valid request, and the same once more.
func replay(t *testing.T, at *target, s signed) string {
	t.Helper()
	r := s.request(t, at)
	content, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	before := at.calls()
	if at.send(t, r); at.calls() == before {
		t.Fatal("the valid request fails")
	}
	again := r.Clone(t.Context())
	again.Body = content
	before = at.calls()
	if got := at.send(t, again); got != http.StatusUnauthorized || at.calls() != before {
		return fmt.Sprintf("status %d", got)
	}
	return ""
}
