package credentials_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
)

const createBody = `{"name":"n","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281"}`

// A cloud is the emulator's DLI and what belongs to it.
type cloud struct {
	*emulator.Emulator
	dli, iam string
}

func newCloud(t *testing.T, o emulator.Options) *cloud {
	t.Helper()
	c := &cloud{Emulator: emulator.New(o)}
	for at, handler := range map[*string]http.Handler{&c.dli: c.Emulator, &c.iam: c.IAM()} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		*at = server.URL
	}
	return c
}

// call creates a connection or lists them, and returns the request and the status.
func (c *cloud) call(ctx context.Context, t *testing.T, p credentials.Provider, method, project string) (*http.Request, int) {
	t.Helper()
	return c.callWith(ctx, "", t, p, method, project)
}

// callWith is call for a caller with a token.
func (c *cloud) callWith(ctx context.Context, callerToken string, t *testing.T, p credentials.Provider, method, project string) (*http.Request, int) {
	t.Helper()
	body := ""
	if method == http.MethodPost {
		body = createBody
	}
	r, err := http.NewRequest(method, c.dli+"/v2.0/"+project+"/datasource/enhanced-connections", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Project-Id", project)
	if err := p.Authorize(ctx, r, []byte(body), project, callerToken); err != nil {
		t.Fatalf("authorizing: %v", err)
	}
	client := &http.Transport{DisableKeepAlives: true}
	response, err := client.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode == http.StatusBadRequest {
		t.Errorf("DLI says %s", text)
	}
	return r, response.StatusCode
}

// Each kind of credentials opens DLI, and those that IAM or the machine renews do
// so again after they were revoked.
func TestEmulatorTakesCredentials(t *testing.T) {
	newKey := iam.TemporaryKey{Secret: canarySecret, SecurityToken: canaryTemp, Expires: time.Now().Add(time.Hour)}
	password := func(c *cloud) *configv1.Upstream { return withPassword(c.iam, env(canaryPassword)) }
	for name, test := range map[string]struct {
		options emulator.Options
		cfg     func(*cloud) *configv1.Upstream
		renewed bool
	}{
		"access key": {
			emulator.Options{Identities: iam.Identities{AccessKeys: map[string]string{canaryID: canarySecret}}},
			func(*cloud) *configv1.Upstream { return withAccessKey(env(canaryID), env(canarySecret), nil) }, false,
		},
		"temporary access key": {
			emulator.Options{Identities: iam.Identities{TemporaryKeys: map[string]iam.TemporaryKey{canaryID: newKey}}},
			func(*cloud) *configv1.Upstream {
				return withAccessKey(env(canaryID), env(canarySecret), env(canaryTemp))
			}, false,
		},
		"token": {
			emulator.Options{Identities: iam.Identities{Tokens: []string{canaryToken}}},
			func(*cloud) *configv1.Upstream { return withToken(env(canaryToken)) }, false,
		},
		"password": {
			emulator.Options{Identities: iam.Identities{Users: []iam.User{{Domain: "OTC-EU-1", Name: "connsvc", Password: canaryPassword}}}},
			password, true,
		},
		"agency": {
			emulator.Options{Identities: iam.Identities{
				AccessKeys: map[string]string{canaryID: canarySecret},
				Agencies:   []iam.Agency{{Domain: "OTC-EU-1", Name: "dli"}},
			}},
			func(c *cloud) *configv1.Upstream { return withAgency(c.iam) }, true,
		},
		"metadata": {
			emulator.Options{Identities: iam.Identities{MetadataLifetime: time.Hour}},
			func(c *cloud) *configv1.Upstream { return withMetadata(c.iam) }, true,
		},
		"metadata, version 2": {
			emulator.Options{Identities: iam.Identities{MetadataLifetime: time.Hour, MetadataV2: true}},
			func(c *cloud) *configv1.Upstream { return withMetadata(c.iam) }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, test.options)
			p := provider(t, test.cfg(c), credentials.Options{})
			if _, status := c.call(t.Context(), t, p, http.MethodPost, project); status != http.StatusCreated {
				t.Errorf("create: status %d", status)
			}
			for _, id := range []string{project, other} {
				if _, status := c.call(t.Context(), t, p, http.MethodGet, id); status != http.StatusOK {
					t.Errorf("list: status %d", status)
				}
			}
			if !test.renewed {
				return
			}
			c.ExpireTokens()
			r, status := c.call(t.Context(), t, p, http.MethodGet, project)
			if status != http.StatusUnauthorized || !p.Refresh(t.Context(), r, project) {
				t.Fatalf("status %d once revoked, or there are no other credentials", status)
			}
			if _, status := c.call(t.Context(), t, p, http.MethodGet, project); status != http.StatusOK {
				t.Errorf("status %d once renewed", status)
			}
		})
	}
}

func TestEmulatorTakesTheCallersToken(t *testing.T) {
	c := newCloud(t, emulator.Options{Identities: iam.Identities{Tokens: []string{canaryToken}}})
	p := provider(t, passThrough(), credentials.Options{})
	for token, want := range map[string]int{canaryToken: http.StatusOK, "wrong": http.StatusUnauthorized} {
		r, status := c.callWith(t.Context(), token, t, p, http.MethodGet, project)
		if status != want || p.Refresh(t.Context(), r, project) {
			t.Errorf("status %d, want %d and no other token", status, want)
		}
	}
}

func TestEmulatorRefusesCredentials(t *testing.T) {
	user := iam.User{Domain: "OTC-EU-1", Name: "connsvc", Password: "right", Projects: []string{project}}
	c := newCloud(t, emulator.Options{Identities: iam.Identities{
		Users: []iam.User{user}, AccessKeys: map[string]string{canaryID: canarySecret},
	}})
	for name, test := range map[string]struct {
		cfg     *configv1.Upstream
		project string
		want    credentials.Kind
	}{
		"wrong password":   {withPassword(c.iam, env("wrong")), project, credentials.Rejected},
		"no such agency":   {withAgency(c.iam), project, credentials.Denied},
		"another project":  {withPassword(c.iam, env("right")), other, credentials.Denied},
		"no machine's key": {withMetadata(c.iam), project, credentials.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			e := refused(t, provider(t, test.cfg, credentials.Options{}), test.project)
			if e.Kind != test.want || e.RequestID == "" {
				t.Errorf("got %+v, want %v", *e, test.want)
			}
		})
	}
}
