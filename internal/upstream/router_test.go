package upstream_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestRouting(t *testing.T) {
	server := func(name string) string { return newServer(t, answer(200, `{"name":"`+name+`"}`)) }
	listed := signedBy(server("listed"), "p1", "p2")
	other := withToken(server("other"), "p3")
	rest := withToken(server("rest") + "/base/")
	for _, tt := range []struct {
		name      string
		upstreams []*configv1.Upstream
		want      map[string]string // project to server; "" for none
	}{
		{"none", nil, map[string]string{"p1": ""}},
		{"listed", []*configv1.Upstream{listed, other}, map[string]string{"p1": "listed", "p2": "listed", "p3": "other", "p4": "", "P1": ""}},
		{"catch-all", []*configv1.Upstream{rest, listed, other}, map[string]string{"p1": "listed", "p3": "other", "p4": "rest", "P1": "rest"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := router(t, upstream.Options{}, tt.upstreams...)
			for project, want := range tt.want {
				var c connsvcv1.EnhancedConnection
				err := callOf(t.Context(), r, get, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: "c"}, &c)
				if want == "" {
					wantKind(t, err, upstream.NotConfigured, false)
				} else if err != nil || c.GetName() != want {
					t.Errorf("%s was sent to %q, want %q: %v", project, c.GetName(), want, err)
				}
			}
		})
	}
}

func TestBasePath(t *testing.T) {
	var got []string
	endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.RequestURI)
		answer(200, `{}`)(w, r)
	})
	want := "/v2.0/" + project + "/datasource/enhanced-connections/" + connection
	for _, base := range []string{"", "/", "/a", "/a/", "/a%2Fb"} {
		if err := callGet(t.Context(), router(t, upstream.Options{}, signedBy(endpoint+base))); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{want, want, "/a" + want, "/a" + want, "/a%2Fb" + want}, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

// What New refuses, and with which words.
func TestNewRefuses(t *testing.T) {
	const good = "https://dli.example.com"
	plaintext := withToken("http://10.0.0.1")
	plaintext.AllowPlaintext = true
	key := func(id, secret, token *configv1.Secret) *configv1.Upstream {
		return &configv1.Upstream{Endpoint: good, Credentials: &configv1.Upstream_AccessKey{
			AccessKey: &configv1.AccessKey{Id: id, Secret: secret, SecurityToken: token},
		}}
	}
	file := &configv1.Secret{Source: &configv1.Secret_File{File: "f"}}
	for _, tt := range []struct {
		name      string
		upstreams []*configv1.Upstream
		want      []string // the start of each problem
	}{
		{"nothing", nil, nil},
		{"good", []*configv1.Upstream{signedBy(good + ":8443/base/")}, nil},
		{"loopback", []*configv1.Upstream{
			withToken("http://127.0.0.1:1", "a"), withToken("http://127.9.9.9", "b"), withToken("http://[::1]:1", "c"),
			withToken("http://LOCALHOST", "d"), withToken("http://[::ffff:127.0.0.1]", "e"),
		}, nil},
		{"allowed plaintext", []*configv1.Upstream{plaintext}, nil},
		{"no loopback", []*configv1.Upstream{
			withToken("http://dli.example.com", "a"), withToken("http://128.0.0.1", "b"), withToken("http://localhost.example.com", "c"),
			withToken("http://0.0.0.0", "d"), withToken("http://[::]", "e"), withToken("http://127.0.0.1.example.com", "f"),
		}, []string{
			"upstreams[0].endpoint: must be https", "upstreams[1].endpoint: must be https", "upstreams[2].endpoint: must be https",
			"upstreams[3].endpoint: must be https", "upstreams[4].endpoint: must be https", "upstreams[5].endpoint: must be https",
		}},
		{"no URL", []*configv1.Upstream{
			withToken("", "a"), withToken("dli.example.com", "b"), withToken("ftp://dli.example.com", "c"), withToken("https://", "d"),
			withToken("https:dli", "e"), withToken("https://:443", "f"), withToken("https://a:b", "g"), withToken("/x", "h"),
		}, []string{
			"upstreams[0].endpoint: must start with https:// or http://", "upstreams[1].endpoint: must start with https:// or http://", "upstreams[2].endpoint: must start with https:// or http://",
			"upstreams[3].endpoint: must have an ASCII host", "upstreams[4].endpoint: must start with https:// or http://", "upstreams[5].endpoint: must have an ASCII host",
			"upstreams[6].endpoint: must be a URL", "upstreams[7].endpoint: must start with https:// or http://",
		}},
		{"too much of a URL", []*configv1.Upstream{
			withToken("https://u:CANARY@h", "a"), withToken("https://u@h", "b"), withToken("https://h?", "c"), withToken("https://h?x=CANARY", "d"),
			withToken("https://h#", "e"), withToken("https://h/#x", "f"), withToken("https://h\u00e9", "g"),
		}, []string{
			"upstreams[0].endpoint: must not contain credentials", "upstreams[1].endpoint: must not contain credentials",
			"upstreams[2].endpoint: must not have a query", "upstreams[3].endpoint: must not have a query",
			"upstreams[4].endpoint: must not have a query", "upstreams[5].endpoint: must not have a query",
			"upstreams[6].endpoint: must have an ASCII host",
		}},
		{"secrets", []*configv1.Upstream{
			key(env("AK"), env("SK"), nil),
			{Endpoint: good, Projects: []string{"b"}},
			{Endpoint: good, Projects: []string{"c"}, Credentials: &configv1.Upstream_Token{}},
			{Endpoint: good, Projects: []string{"d"}, Credentials: &configv1.Upstream_Token{Token: file}},
			{Endpoint: good, Projects: []string{"e"}, Credentials: &configv1.Upstream_Token{Token: env("CANARY\r\nX: y")}},
		}, []string{
			"upstreams[1].credentials: must be set", "upstreams[2].token: must be set", "upstreams[3].token: no such secret",
			"upstreams[4].token: the secret must be printable",
		}},
		{"access key", []*configv1.Upstream{key(nil, file, file)}, []string{
			"upstreams[0].access_key.id: must be set", "upstreams[0].access_key.secret: no such secret",
			"upstreams[0].access_key.security_token: no such secret",
		}},
		{"comma", []*configv1.Upstream{key(env("A,K"), env("SK"), nil)}, []string{"upstreams[0].access_key.id: must not contain a comma"}},
		{"projects", []*configv1.Upstream{
			withToken(good, "a"), withToken(good), withToken(good, "b", "a", "b"), withToken(good),
		}, []string{
			"upstreams[2].projects: project a is listed already", "upstreams[2].projects: project b is listed already",
			"upstreams[3].projects: another upstream serves every project already",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := upstream.New(tt.upstreams, upstream.Options{Secret: secrets})
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(got), len(tt.want), err)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) || strings.Contains(got[i], "CANARY") {
					t.Errorf("problem %q, want %q", got[i], tt.want[i])
				}
			}
		})
	}
	if _, err := upstream.New([]*configv1.Upstream{withToken(good)}, upstream.Options{}); err == nil {
		t.Error("New takes secrets without a reader of secrets")
	}
}

// Each secret is read once, when the process starts.
func TestSecretsAreReadOnce(t *testing.T) {
	reads := make(map[string]int)
	endpoint := newServer(t, answer(200, `{}`))
	r, err := upstream.New([]*configv1.Upstream{signedBy(endpoint)}, upstream.Options{
		Secret: func(s *configv1.Secret) (string, error) {
			reads[s.GetEnv()]++
			return s.GetEnv(), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(t.Context())
	for range 3 {
		if err := callGet(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]int{canaryID: 1, canarySecret: 1, canaryTemp: 1}, reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
}

// The record of a call has the time of all its attempts and DLI's last request ID.
func TestAttemptsAreRecorded(t *testing.T) {
	cfg := retrying(2)
	for name, call := range map[string]func(context.Context, *upstream.Router) error{"read": callGet, "write": callRemove} {
		t.Run(name, func(t *testing.T) {
			n := 0
			inBubble(t, cfg, slowly(func(w http.ResponseWriter, r *http.Request) {
				n++
				if n == 1 {
					answer(503, ``, "X-Request-Id", "r1")(w, r)
					return
				}
				answer(200, `{}`)(w, r)
			}), func(t *testing.T, b *bubble) {
				c := &record.Call{}
				if err := call(record.NewContext(t.Context(), c), b.Router); err != nil {
					t.Fatal(err)
				}
				if took, id := c.Attempts(); took != 2*time.Second || id != "r1" {
					t.Errorf("recorded %v, %q", took, id)
				}
			})
		})
	}
}

// The caller's request is only read.
func TestRequestIsNotChanged(t *testing.T) {
	r := served(t, upstream.Options{}, answer(200, `{}`))
	req := createRequest()
	if err := callOf(t.Context(), r, create, req, &connsvcv1.CreateEnhancedConnectionResponse{}); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(req, createRequest()) {
		t.Errorf("the request became %v", req)
	}
}
