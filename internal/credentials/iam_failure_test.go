package credentials_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
)

// says is a handler of IAM that answers always the same.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// raw answers with these bytes and cuts the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(c, text)
		_ = c.Close()
	}
}

const tokenBody = `{"token":{"issued_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-02T00:00:00Z"}}`

func TestIAMFailures(t *testing.T) {
	html := "<html><body>Bad Gateway</body></html>"
	long := tokenBody + strings.Repeat(" ", 1<<20)
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    credentials.Error
		pause   time.Duration // at least, before IAM is asked again
	}{
		"401": {
			says(401, `{"error_code":"IAM.0101","error_msg":"m"}`, "X-IAM-Trace-Id", "trace"),
			credentials.Error{Kind: credentials.Rejected, HTTPStatus: 401, Code: "IAM.0101", RequestID: "trace"},
			5 * time.Second,
		},
		"401 of Keystone": {
			says(401, `{"error":{"code":401,"message":"m","title":"Unauthorized"}}`, "X-Request-Id", "r"),
			credentials.Error{Kind: credentials.Rejected, HTTPStatus: 401, RequestID: "r"},
			5 * time.Second,
		},
		"401 for the password": {
			says(401, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`),
			credentials.Error{Kind: credentials.Rejected, HTTPStatus: 401},
			5 * time.Minute,
		},
		"401 for a locked user": {
			says(401, `{"error":{"code":401,"message":"The account is locked.","title":"Unauthorized"}}`),
			credentials.Error{Kind: credentials.Rejected, HTTPStatus: 401},
			5 * time.Minute,
		},
		"401 for the access key": {
			says(401, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: verify aksk signature fail"}`),
			credentials.Error{Kind: credentials.Rejected, HTTPStatus: 401},
			5 * time.Minute,
		},
		"400": {
			says(400, `{"error_code":1105,"error_msg":"m"}`),
			credentials.Error{Kind: credentials.Denied, HTTPStatus: 400, Code: "1105"},
			5 * time.Second,
		},
		"403":               {says(403, ""), credentials.Error{Kind: credentials.Denied, HTTPStatus: 403}, 5 * time.Second},
		"404":               {says(404, html), credentials.Error{Kind: credentials.Denied, HTTPStatus: 404}, 5 * time.Second},
		"429":               {says(429, ""), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 429}, time.Second},
		"429, told when":    {says(429, "", "Retry-After", "90"), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 429}, 90 * time.Second},
		"503, told a date":  {says(503, "", "Retry-After", "Thu, 01 Jan 2026 00:02:00 GMT", "Date", "Thu, 01 Jan 2026 00:00:00 GMT"), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 503}, 2 * time.Minute},
		"503, told never":   {says(503, "", "Retry-After", "99999999999999999999999"), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 503}, 5 * time.Minute},
		"503, told rubbish": {says(503, "", "Retry-After", "-1"), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 503}, time.Second},
		"500":               {says(500, ""), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 500}, time.Second},
		"502 in HTML":       {says(502, html), credentials.Error{Kind: credentials.Unavailable, HTTPStatus: 502}, time.Second},
		"redirect":          {says(302, "", "Location", "https://elsewhere.example.com/"), credentials.Error{Kind: credentials.Malformed, HTTPStatus: 302}, 5 * time.Second},
		"200":               {says(200, tokenBody, "X-Subject-Token", "t"), credentials.Error{Kind: credentials.Malformed, HTTPStatus: 200}, 5 * time.Second},
		"no header":         {says(201, tokenBody), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"a bad header":      {says(201, tokenBody, "X-Subject-Token", "a b"), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"a long header":     {says(201, tokenBody, "X-Subject-Token", strings.Repeat("x", 64<<10+1)), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"HTML":              {says(201, html, "X-Subject-Token", "t"), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"no end":            {says(201, `{"token":{}}`, "X-Subject-Token", "t"), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"too long":          {says(201, long, "X-Subject-Token", "t"), credentials.Error{Kind: credentials.Malformed}, 5 * time.Second},
		"truncated":         {says(201, tokenBody, "X-Subject-Token", "t", "Content-Length", "1000"), credentials.Error{Kind: credentials.Unavailable}, time.Second},
		"cut":               {raw(""), credentials.Error{Kind: credentials.Unavailable}, time.Second},
		"no HTTP":           {raw("SSH-2.0-OpenSSH\r\n\r\n"), credentials.Error{Kind: credentials.Unavailable}, time.Second},
		"long headers":      {raw("HTTP/1.1 201 Created\r\nX-Subject-Token: t\r\nX: " + strings.Repeat("x", 300<<10) + "\r\n\r\n" + tokenBody), credentials.Error{Kind: credentials.Unavailable}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				_, _ = io.Copy(io.Discard, r.Body)
				test.handler(w, r)
			}))
			defer server.Close()
			var told observed
			now := time.Now()
			p := provider(t, withPassword(server.URL, env("P")), credentials.Options{Observe: told.observe, Now: func() time.Time { return now }})
			e := refused(t, p, project)
			if e.Kind != test.want.Kind || e.HTTPStatus != test.want.HTTPStatus || e.Code != test.want.Code ||
				e.RequestID != test.want.RequestID || e.Source != "iam_password" {
				t.Errorf("got %+v, want %+v", *e, test.want)
			}
			if most := test.pause * 5 / 4; e.RetryAfter < test.pause || e.RetryAfter > most {
				t.Errorf("to ask again after %v, want %v to %v", e.RetryAfter, test.pause, most)
			}
			// The same holds for who comes in the meantime.
			now = now.Add(test.pause - time.Second/2)
			if again := refused(t, p, project); again.Kind != e.Kind || again.RetryAfter >= e.RetryAfter || again.RetryAfter <= 0 {
				t.Errorf("in the meantime %+v", *again)
			}
			if asked != 1 {
				t.Errorf("asked %d times in the meantime", asked)
			}
			now = now.Add(test.pause)
			if refused(t, p, project); asked != 2 {
				t.Errorf("asked %d times after it, want 2", asked)
			}
			if got := told.outcomes(); len(got) != 2 || got[0] != test.want.Kind.String() {
				t.Errorf("told %v", got)
			}
		})
	}
}

func TestIAMCannotBeReached(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	p := provider(t, withPassword("http://"+listener.Addr().String(), env("P")), credentials.Options{})
	e := refused(t, p, project)
	if e.Kind != credentials.Unavailable || !strings.Contains(e.Error(), "refused") {
		t.Errorf("error %v", e)
	}
}

func TestIAMIsNotWhoItShouldBe(t *testing.T) {
	var asked bool
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	p := provider(t, withPassword(server.URL, env("P")), credentials.Options{})
	e := refused(t, p, project)
	if e.Kind != credentials.Unavailable || !strings.Contains(e.Error(), "certificate") || asked {
		t.Errorf("asked %t, error %v", asked, e)
	}
}

// An IAM that takes the request and never answers.
func TestIAMHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{hold: make(chan struct{})}
		var told observed
		p := provider(t, withPassword("https://iam.example.com", env("P")), credentials.Options{Transport: direct{iam}, Observe: told.observe})
		for name, test := range map[string]struct {
			timeout time.Duration
			want    credentials.Kind
		}{
			"the caller's deadline": {time.Second, credentials.Timeout},
			"IAM's":                 {time.Hour, credentials.Unavailable},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			began := time.Now()
			r := request(t)
			e := failure(t, p.Authorize(ctx, r, nil, project, ""), r)
			cancel()
			if e.Kind != test.want || !errors.Is(e, context.DeadlineExceeded) || time.Since(began) > 15*time.Second {
				t.Errorf("%s: after %v: %v", name, time.Since(began), e)
			}
			time.Sleep(time.Hour)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		r := request(t)
		if e := failure(t, p.Authorize(ctx, r, nil, project, ""), r); e.Kind != credentials.Cancelled {
			t.Errorf("cancelled: %v", e)
		}
	})
}

// The connection to an IAM that hangs goes with the Provider.
func TestCloseEndsWhatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	gone := make(chan struct{})
	asked := make(chan struct{})
	go func() {
		defer close(gone)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		in := bufio.NewReader(c)
		_, _ = in.ReadString('\n')
		close(asked)
		_, _ = io.Copy(io.Discard, in)
	}()
	p := provider(t, withPassword("http://"+listener.Addr().String(), env("P")), credentials.Options{})
	failed := make(chan error, 1)
	go func() { failed <- p.Authorize(context.Background(), request(t), nil, project, "") }()
	<-asked
	p.Close()
	<-gone
	var e *credentials.Error
	if err := <-failed; !errors.As(err, &e) || e.Kind != credentials.Closed {
		t.Errorf("error %v", err)
	}
	if e := refused(t, p, project); e.Kind != credentials.Closed {
		t.Errorf("afterwards: %v", e)
	}
}
