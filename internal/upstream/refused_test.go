package upstream_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// After a 401 a call is made once more if there are other credentials, a create too.
func TestRefusedCredentials(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/token"
	for _, method := range []string{create, get} {
		for _, changes := range []bool{true, false} {
			t.Run(fmt.Sprint(method[strings.LastIndexByte(method, '/')+1:], changes), func(t *testing.T) {
				write(t, file, "first-token")
				var tokens []string
				endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
					token := r.Header.Get("X-Auth-Token")
					tokens = append(tokens, token)
					if changes {
						write(t, file, "second-token")
					}
					if token == "second-token" {
						answer(200, `{}`)(w, r)
						return
					}
					answer(401, `{"error_code":"APIGW.0301","error_msg":"m"}`)(w, r)
				})
				u := &configv1.Upstream{Endpoint: endpoint, Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_File{File: file}}}}
				r, err := upstream.New([]*configv1.Upstream{u}, upstream.Options{Secret: fromFile})
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close(t.Context())
				req, resp := requestOf(t, method)
				err = callOf(t.Context(), r, method, req, resp)
				if changes && (err != nil || len(tokens) != 2) {
					t.Errorf("sent %v: %v", tokens, err)
				}
				if !changes && (failure(t, err).HTTPStatus != 401 || failure(t, err).CallersOwn || len(tokens) != 1) {
					t.Errorf("sent %v: %v", tokens, err)
				}
			})
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func fromFile(s *configv1.Secret) (string, error) {
	text, err := os.ReadFile(s.GetFile())
	return string(text), err
}
