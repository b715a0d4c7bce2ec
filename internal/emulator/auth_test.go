package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/signing"
)

// signed makes a signed create request. The body that travels is sent, the one
// that was signed is body.
func (d *dli) signed(body, sent string, c signing.Credentials, at time.Time) *http.Request {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), "POST", d.url+connectionsA, strings.NewReader(sent))
	if err != nil {
		d.t.Fatal(err)
	}
	signing.Sign(r, []byte(body), c, at)
	return r
}

func (r reply) unauthorized(reason string) {
	r.t.Helper()
	r.is(401, `{"error_code":"APIGW.0301","request_id":"`+r.header.Get("X-Request-Id")+`",
		"error_msg":"Incorrect IAM authentication information: `+reason+`"}`)
}

func TestSignatures(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{AccessKeys: map[string]string{"AK": "SK"}}})
	now := d.clock.read()
	good := signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}
	body := createBody("c")

	if r := d.send(d.signed(body, body, good, now)); r.status != http.StatusCreated {
		t.Fatalf("a right signature: %d %s", r.status, r.body)
	}
	d.do("POST", connectionsA, body).unauthorized("Unauthorized")
	d.do("POST", connectionsA, body, "X-Auth-Token", "t").unauthorized("Unauthorized")
	d.send(d.signed(body, strings.Replace(body, `"c"`, `"d"`, 1), good, now)).unauthorized("verify aksk signature fail")
	d.send(d.signed(body, body+"\n", good, now)).unauthorized("verify aksk signature fail")
	d.send(d.signed(body, body, signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "Sk"}, now)).
		unauthorized("verify aksk signature fail")
	d.send(d.signed(body, body, signing.Credentials{AccessKeyID: "AK2", SecretAccessKey: "SK"}, now)).
		unauthorized("Get secretKey failed,ak:******,err:ak not exist")
	d.send(d.signed(body, body, good, now.Add(-16*time.Minute))).
		unauthorized("calc aksk signature fail:signature expired, signature time:20190827T062411Z,server time:20190827T064011Z")

	if got := len(d.Connections(projectA)); got != 1 {
		t.Errorf("%d connections, want the one that was signed right", got)
	}
}

// Any one character of the signature, changed, makes it wrong.
func TestSignatureOffByOne(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{AccessKeys: map[string]string{"AK": "SK"}}})
	good := signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}
	body := createBody("c")
	for i := range 64 {
		r := d.signed(body, body, good, d.clock.read())
		authorization := []byte(r.Header.Get("Authorization"))
		authorization[len(authorization)-1-i] ^= 1
		r.Header.Set("Authorization", string(authorization))
		d.send(r).unauthorized("verify aksk signature fail")
	}
	if got := d.Connections(projectA); got != nil {
		t.Errorf("a wrong signature made %v", got)
	}
}

func TestTokens(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{Tokens: []string{"token1", "token2"}}})
	for _, token := range []string{"token1", "token2"} {
		d.do("GET", connectionsA, "", "X-Auth-Token", token).ok(`{"is_success":true,"message":"","count":0,"connections":[]}`)
	}
	for _, token := range []string{"token", "token3", "token11", "Token1"} {
		d.do("GET", connectionsA, "", "X-Auth-Token", token).unauthorized("decrypt token fail")
	}
	d.do("GET", connectionsA, "").rejected(401, "DLI.0013",
		"X-Auth-Token is not defined in request. It is mandatory. Please define and send the request.")
}

func TestTokensAndKeys(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{Tokens: []string{"token"}, AccessKeys: map[string]string{"AK": "SK"}}})
	body := createBody("c")
	good := signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}
	if r := d.send(d.signed(body, body, good, d.clock.read())); r.status != http.StatusCreated {
		t.Errorf("a right signature: %d %s", r.status, r.body)
	}
	if r := d.do("GET", connectionsA, "", "X-Auth-Token", "token"); r.status != http.StatusOK {
		t.Errorf("a valid token: %d %s", r.status, r.body)
	}
	d.do("GET", connectionsA, "").unauthorized("Unauthorized")
	r := d.signed(body, body, good, d.clock.read())
	r.Header.Set("X-Auth-Token", "wrong")
	d.send(r).unauthorized("decrypt token fail")
}

// Without keys and tokens, credentials are not looked at.
func TestEveryoneIsAccepted(t *testing.T) {
	d := start(t, emulator.Options{})
	if r := d.do("GET", connectionsA, "", "Authorization", "nonsense", "X-Auth-Token", "nonsense"); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// The gateway knows its paths before it asks who is there, and a caller that is
// not accepted learns nothing of what is in the project.
func TestUnauthenticatedCallersLearnNothing(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{Tokens: []string{"token"}}})
	if r := d.do("GET", "/nowhere", ""); r.status != 404 {
		t.Errorf("an unknown path: %d %s", r.status, r.body)
	}
	for _, test := range [][3]string{
		{"POST", connectionsA, "{"},
		{"GET", connectionsA + "?limit=x", ""},
		{"GET", connectionsA + "/" + id(1), ""},
	} {
		if r := d.do(test[0], test[1], test[2]); r.status != 401 {
			t.Errorf("%s: %d %s, want 401", r.request, r.status, r.body)
		}
	}
}
