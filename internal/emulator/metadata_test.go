package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/signing"
)

// signedTo makes a signed POST.
func (d *dli) signedTo(path, body string, c signing.Credentials) *http.Request {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), "POST", d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	signing.Sign(r, []byte(body), c, d.clock.read())
	return r
}

// sign creates a connection by a signature, and deletes it again.
func (d *dli) sign(c signing.Credentials, want int) reply {
	d.t.Helper()
	r := d.send(d.signedTo(connectionsA, createBody("signed"), c))
	if r.status != want {
		d.t.Errorf("signed: %d %s, want %d", r.status, r.body, want)
	}
	if r.status == http.StatusCreated {
		gone, err := http.NewRequestWithContext(d.t.Context(), "DELETE", d.url+connectionsA+"/"+r.text("connection_id"), nil)
		if err != nil {
			d.t.Fatal(err)
		}
		signing.Sign(gone, nil, c, d.clock.read())
		d.send(gone).ok(`{"is_success":true,"message":"Deleted"}`)
	}
	return r
}

// machineKey asks the metadata service for credentials.
func (d *dli) machineKey() signing.Credentials {
	d.t.Helper()
	r := d.do("GET", "/openstack/latest/securitykey", "")
	credential, _ := r.object()["credential"].(map[string]any)
	text := func(name string) string {
		s, ok := credential[name].(string)
		if !ok || s == "" {
			d.t.Fatalf("no %s: %d %s", name, r.status, r.body)
		}
		return s
	}
	if _, err := time.Parse("2006-01-02T15:04:05Z", text("expires_at")); err != nil {
		d.t.Errorf("expires_at: %v", err)
	}
	return signing.Credentials{AccessKeyID: text("access"), SecretAccessKey: text("secret"), SecurityToken: text("securitytoken")}
}

func serveHTTP(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestMachineKeysRotate(t *testing.T) {
	d := startAll(t, emulator.Options{Identities: iam.Identities{MetadataLifetime: 2 * time.Hour}})
	first := d.machineKey()
	d.sign(first, 201)
	d.clock.advance(time.Hour - time.Millisecond)
	if again := d.machineKey(); again.AccessKeyID != first.AccessKeyID || again.SecurityToken != first.SecurityToken {
		t.Error("the key changed in the first half of its life")
	}
	d.clock.advance(time.Millisecond)
	second := d.machineKey()
	if second.AccessKeyID == first.AccessKeyID || second.SecretAccessKey == first.SecretAccessKey || second.SecurityToken == first.SecurityToken {
		t.Error("the key did not change at half of its life")
	}
	d.sign(first, 201)
	d.sign(second, 201)
	d.clock.advance(time.Hour)
	d.sign(first, 401).unauthorized("Get secretKey failed,ak:******,err:ak not exist")
	d.sign(second, 201)
}

// Version 2 gives keys only for a session token that has not ended.
func TestMachineSessions(t *testing.T) {
	d := startAll(t, emulator.Options{Identities: iam.Identities{MetadataLifetime: 2 * time.Hour, MetadataV2: true}})
	send := func(method, path string, header ...string) reply {
		r, err := http.NewRequestWithContext(t.Context(), method, d.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(header) == 2 {
			r.Header.Set(header[0], header[1])
		}
		return d.send(r)
	}
	const tokens, keys = "/meta-data/latest/api/token", "/openstack/latest/securitykey"
	for _, ttl := range []string{"", "0", "21601"} {
		if got := send("PUT", tokens, "X-Metadata-Token-Ttl-Seconds", ttl); got.status != http.StatusBadRequest {
			t.Errorf("%q: %d", ttl, got.status)
		}
	}
	session := send("PUT", tokens, "X-Metadata-Token-Ttl-Seconds", "60").body
	if got := send("GET", keys, "X-Metadata-Token", session); got.status != http.StatusOK {
		t.Errorf("with a session: %d %s", got.status, got.body)
	}
	send("GET", keys).keystone(401, "Unauthorized")
	d.clock.advance(time.Minute)
	send("GET", keys, "X-Metadata-Token", session).keystone(401, "Unauthorized")
}

func TestMachineWithoutAgency(t *testing.T) {
	startAll(t, known()).do("GET", "/openstack/latest/securitykey", "").keystone(401, "Please configure Cloud Service Agency first")
}

// A temporary key signs only together with its own security token.
func TestTemporaryKeys(t *testing.T) {
	d := startAll(t, emulator.Options{Identities: iam.Identities{TemporaryKeys: map[string]iam.TemporaryKey{
		"TAK":   {Secret: "TSK", SecurityToken: "TTOKEN", Expires: time.UnixMilli(startMillis).Add(time.Hour)},
		"OTHER": {Secret: "OSK", SecurityToken: "OTOKEN"},
	}}})
	good := signing.Credentials{AccessKeyID: "TAK", SecretAccessKey: "TSK", SecurityToken: "TTOKEN"}
	d.sign(good, 201)
	for _, token := range []string{"", "OTOKEN", "TTOKEN2"} {
		wrong := good
		wrong.SecurityToken = token
		d.sign(wrong, 401).unauthorized("decrypt token fail")
	}
	// Clients exist that do not sign the security token.
	r := d.signedTo(connectionsA, createBody("c"), signing.Credentials{AccessKeyID: "TAK", SecretAccessKey: "TSK"})
	r.Header.Set("X-Security-Token", "TTOKEN")
	if got := d.send(r); got.status != http.StatusCreated {
		t.Errorf("unsigned security token: %d %s", got.status, got.body)
	}
	d.clock.advance(time.Hour - time.Millisecond)
	d.sign(good, 201)
	d.clock.advance(time.Millisecond)
	d.sign(good, 401).unauthorized("Get secretKey failed,ak:******,err:ak not exist")
	d.sign(signing.Credentials{AccessKeyID: "OTHER", SecretAccessKey: "OSK", SecurityToken: "OTOKEN"}, 201)
	d.do("GET", connectionsA, "").unauthorized("Unauthorized")
}

// With a seed, keys and tokens are the same again.
func TestSecretsAreRepeatable(t *testing.T) {
	run := func(seed uint64) (signing.Credentials, string) {
		o := known()
		o.Seed, o.MetadataLifetime = seed, time.Hour
		d := startAll(t, o)
		return d.machineKey(), d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)))
	}
	key, token := run(1)
	if again, sameToken := run(1); again != key || sameToken != token {
		t.Error("the same seed gave other secrets")
	}
	if other, otherToken := run(2); other.AccessKeyID == key.AccessKeyID || otherToken == token {
		t.Error("two seeds gave the same secrets")
	}
}
