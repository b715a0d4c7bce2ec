package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/signing"
)

const tokens = "/v3/auth/tokens"

// known are the identities of these tests.
func known() emulator.Options {
	return emulator.Options{
		Identities: iam.Identities{
			AccessKeys: map[string]string{"AK": "SK"},
			Users:      []iam.User{{Domain: "acme", Name: "svc", Password: "p4ssw0rd", Projects: []string{projectA}}},
			Agencies:   []iam.Agency{{Domain: "partner", Name: "dli", Projects: []string{projectB}}},
		},
	}
}

func byPassword(user, password, domain, scope string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":%q,"domain":{"name":%q}}}}%s}}`,
		user, password, domain, scope)
}

func byAgency(name, agency, scope string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":["assume_role"],"assume_role":{"domain_name":"partner",%q:%q}}%s}}`, name, agency, scope)
}

func scoped(project string) string { return fmt.Sprintf(`,"scope":{"project":{"id":%q}}`, project) }

// keystone checks for an error as Keystone writes it.
func (r reply) keystone(status int, message string) {
	r.t.Helper()
	r.is(status, fmt.Sprintf(`{"error":{"code":%d,"message":%q,"title":%q}}`, status, message, http.StatusText(status)))
}

// login has a token issued.
func (d *dli) login(body string, header ...string) string {
	d.t.Helper()
	r := d.do("POST", tokens, body, header...)
	token := r.header.Get("X-Subject-Token")
	if r.status != http.StatusCreated || len(token) < 100 {
		d.t.Fatalf("logging in: %d %s, token %q", r.status, r.body, token)
	}
	return token
}

// lists checks whether a token is good for reading a project.
func (d *dli) lists(token, path string, want int) reply {
	d.t.Helper()
	r := d.do("GET", path, "", "X-Auth-Token", token)
	if r.status != want {
		d.t.Errorf("%s with a token: %d %s, want %d", r.request, r.status, r.body, want)
	}
	return r
}

func TestTokenByPassword(t *testing.T) {
	d := startAll(t, known())
	r := d.do("POST", tokens+"?nocatalog=1", byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)), "Content-Type", "application/json;charset=utf8")
	r.is(201, `{"token":{"methods":["password"],"issued_at":"2019-08-27T06:40:11.125000Z","expires_at":"2019-08-28T06:40:11.125000Z",
		"user":{"name":"svc","domain":{"name":"acme"}},"project":{"id":"`+projectA+`","domain":{"name":"acme"}},"roles":[],"catalog":[]}}`)
	first := r.header.Get("X-Subject-Token")
	if strings.Contains(r.body, first) || r.header.Get("X-IAM-Trace-Id") == "" {
		t.Errorf("header %v, body %s", r.header, r.body)
	}
	d.lists(first, connectionsA, 200)
	second := d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)))
	if first == second {
		t.Error("two tokens are the same")
	}
	// A new token does not end the one before.
	d.lists(first, connectionsA, 200)
	d.lists(second, connectionsA, 200)
}

func TestTokensAreForOneProject(t *testing.T) {
	d := startAll(t, known())
	token := d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)))
	r := d.lists(token, connectionsB, 403)
	r.is(403, `{"error_code":"APIGW.0302","error_msg":"The IAM user is not authorized to access the API","request_id":"`+r.header.Get("X-Request-Id")+`"}`)
	for _, scope := range []string{"", `,"scope":{"domain":{"name":"acme"}}`} {
		d.lists(d.login(byPassword("svc", "p4ssw0rd", "acme", scope)), connectionsA, 403)
	}
	const denied = "You are not authorized to perform the requested action."
	d.do("POST", tokens, byPassword("svc", "p4ssw0rd", "acme", scoped(projectB))).keystone(403, denied)

	o := known()
	o.Users[0].Projects, o.Projects = nil, []string{projectB}
	d = startAll(t, o)
	d.lists(d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectB))), connectionsB, 200)
	d.do("POST", tokens, byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))).keystone(403, denied)
}

func TestTokensExpire(t *testing.T) {
	for name, test := range map[string]struct{ option, lifetime time.Duration }{
		"by default": {0, 24 * time.Hour}, "as set": {time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			o := known()
			o.TokenLifetime = test.option
			d := startAll(t, o)
			token := d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)))
			d.clock.advance(test.lifetime - time.Millisecond)
			d.lists(token, connectionsA, 200)
			d.clock.advance(time.Millisecond)
			d.lists(token, connectionsA, 401).unauthorized("decrypt token fail")
			d.lists(d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))), connectionsA, 200)
		})
	}
}

func TestExpireTokens(t *testing.T) {
	o := known()
	o.Tokens = []string{"static"}
	o.MetadataLifetime = time.Hour
	d := startAll(t, o)
	token, key := d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))), d.machineKey()
	d.ExpireTokens()
	d.lists(token, connectionsA, 401)
	d.sign(key, 401)
	d.lists("static", connectionsA, 200)
	d.lists(d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))), connectionsA, 200)
	renewed := d.machineKey()
	if renewed.AccessKeyID == key.AccessKeyID {
		t.Error("the metadata service gives the key that was ended")
	}
	d.sign(renewed, 201)
}

func TestWrongPasswords(t *testing.T) {
	d := startAll(t, known())
	for _, body := range []string{
		byPassword("svc", "p4ssw0rd ", "acme", scoped(projectA)),
		byPassword("svc", "", "acme", scoped(projectA)),
		byPassword("Svc", "p4ssw0rd", "acme", scoped(projectA)),
		byPassword("svc", "p4ssw0rd", "acme2", scoped(projectA)),
	} {
		r := d.do("POST", tokens, body)
		r.keystone(401, "The username or password is wrong.")
		if token := r.header.Get("X-Subject-Token"); token != "" {
			t.Errorf("%s: token %s", body, token)
		}
	}
}

func TestTokenForAgency(t *testing.T) {
	d := startAll(t, known())
	for _, name := range []string{"xrole_name", "agency_name"} {
		body := byAgency(name, "dli", scoped(projectB))
		// By a token of the delegated user, and by a signature.
		user := d.login(byPassword("svc", "p4ssw0rd", "acme", ""))
		d.lists(d.login(body, "X-Auth-Token", user), connectionsB, 200)
		r := d.send(d.signedTo(tokens, body, signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK"}))
		if r.status != http.StatusCreated || !strings.Contains(r.body, `"methods":["assume_role"]`) {
			t.Fatalf("signed: %d %s", r.status, r.body)
		}
		d.lists(r.header.Get("X-Subject-Token"), connectionsB, 200)
		d.lists(r.header.Get("X-Subject-Token"), connectionsA, 403)
	}
	const denied = "The request you have made requires authentication."
	body := byAgency("xrole_name", "dli", scoped(projectB))
	d.do("POST", tokens, body).keystone(401, denied)
	d.do("POST", tokens, body, "X-Auth-Token", "x").keystone(401, denied)
	d.send(d.signedTo(tokens, body, signing.Credentials{AccessKeyID: "AK", SecretAccessKey: "Sk"})).keystone(401, denied)
	user := d.login(byPassword("svc", "p4ssw0rd", "acme", ""))
	d.do("POST", tokens, byAgency("xrole_name", "dli2", scoped(projectB)), "X-Auth-Token", user).keystone(404, "Could not find the agency.")
	d.do("POST", tokens, byAgency("xrole_name", "dli", scoped(projectA)), "X-Auth-Token", user).
		keystone(403, "You are not authorized to perform the requested action.")
}

func TestTokenRequestsAreReadStrictly(t *testing.T) {
	d := startAll(t, known())
	good := byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))
	for body, want := range map[string]string{
		"":  "body",
		"{": "body",
		strings.Replace(good, `"domain"`, `"domian"`, 1):                                                          "auth.identity.password.user.domian",
		strings.Replace(good, `"id"`, `"name"`, 1):                                                                "auth.scope.project.name",
		strings.Replace(good, `["password"]`, `["totp"]`, 1):                                                      "auth.identity",
		strings.Replace(good, `["password"]`, `["password","totp"]`, 1):                                           "auth.identity",
		strings.Replace(good, `["password"]`, `["assume_role"]`, 1):                                               "auth.identity",
		strings.Replace(good, projectA, "", 1):                                                                    "auth.scope",
		strings.Replace(good, `"scope":{`, `"scope":{"domain":{},`, 1):                                            "auth.scope",
		strings.Replace(good, `"password":{`, `"assume_role":{},"password":{`, 1):                                 "auth.identity",
		strings.Replace(byAgency("xrole_name", "dli", ""), `"assume_role":{`, `"password":{},"assume_role":{`, 1): "auth.identity",
		`{"auth":{"identity":{"methods":["password"]}}}`:                                                          "auth.identity",
		`{"auth":{"identity":{"methods":[],"password":{},"token":{}}}}`:                                           "auth.identity.token",
		good + strings.Repeat(" ", 64<<10):                                                                        "The request body",
		`{"auth":{"identity":{"methods":["password"],"password":null}}}`:                                          "auth.identity",
		`{"auth":{"identity":{"methods":"password","password":{}}}}`:                                              "auth.identity.methods",
		strings.Replace(good, `"password":"p4ssw0rd"`, `"password":1`, 1):                                         "auth.identity.password.user.password",
		strings.Replace(good, `"identity":{`, `"identity":{"x":"y",`, 1):                                          "auth.identity.x",
		strings.Replace(good, `{"auth":{`, `{"auth":{},"auth":{`, 1):                                              "auth",
		strings.Replace(good, `"user":{`, `"user":{"id":"0123456789",`, 1):                                        "auth.identity.password.user.id",
	} {
		r := d.do("POST", tokens, body)
		keystone, _ := r.object()["error"].(map[string]any)
		if message, _ := keystone["message"].(string); r.status != 400 || !strings.HasPrefix(message, want) {
			t.Errorf("%s: %d %s, want 400 and %s", body[:min(len(body), 300)], r.status, r.body, want)
		}
		if strings.Contains(r.body, "p4ssw0rd") {
			t.Errorf("the response contains the password: %s", r.body)
		}
	}
	d.do("POST", tokens+"?catalog=1", good).keystone(400, "catalog: there is no such query parameter")
}

func TestIAMAlone(t *testing.T) {
	d := startAll(t, known())
	handler := d.IAM()
	for _, path := range []string{connectionsA, "/v3/auth/projects", "/"} {
		w := serveHTTP(handler, "GET", path)
		if w.Code != 404 || !strings.Contains(w.Body.String(), `"title":"Not Found"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// IAM goes wrong on its own: * is DLI, and iam is IAM.
func TestFaultsOfIAM(t *testing.T) {
	o := known()
	o.MetadataLifetime = time.Hour
	d := startAll(t, o)
	body := byPassword("svc", "p4ssw0rd", "acme", scoped(projectA))
	set := func(operation string) {
		t.Helper()
		rule := faults.Rule{Operation: operation, Fault: faults.Fault{Kind: faults.Status, Status: 503}}
		if err := d.SetFaults([]faults.Rule{rule}); err != nil {
			t.Fatal(err)
		}
	}
	set("*")
	d.login(body)
	d.machineKey()
	set("iam")
	d.do("POST", tokens, body).keystone(503, "Backend unavailable")
	d.machineKey()
	set("metadata")
	d.login(body)
	d.do("GET", "/openstack/latest/securitykey", "").keystone(503, "Backend unavailable")

	if err := d.SetFaults([]faults.Rule{{Operation: "iam", Fault: faults.Fault{Kind: faults.DelayAnswer, Delay: 1}}}); err != nil {
		t.Fatal(err)
	}
	d.lists(d.login(body), connectionsA, 200)
	if err := d.SetFaults([]faults.Rule{{Operation: "iam", Fault: faults.Fault{Kind: faults.Status, Status: 500, Commit: true}}}); err != nil {
		t.Fatal(err)
	}
	if r := d.do("POST", tokens, body); r.status != 500 || r.header.Get("X-Subject-Token") != "" {
		t.Errorf("%d, header %v", r.status, r.header)
	}
}

// Rules may be for one project, of calls and of requests for tokens.
func TestFaultsOfOneProject(t *testing.T) {
	o := known()
	o.Users[0].Projects = nil
	o.Faults = []faults.Rule{
		{Operation: faults.IAMOperation, Project: projectB, Fault: faults.Fault{Kind: faults.Status, Status: 401}},
		{Operation: faults.IAMOperation, Project: "short*", Fault: faults.Fault{Kind: faults.ShortLife, Delay: faults.Duration(time.Second)}},
		{Operation: faults.AnyOperation, Project: projectB, Fault: faults.Fault{Kind: faults.Status, Status: 503}},
	}
	d := startAll(t, o)
	d.do("POST", tokens, byPassword("svc", "p4ssw0rd", "acme", scoped(projectB))).keystone(401, "The request you have made requires authentication.")
	token := d.login(byPassword("svc", "p4ssw0rd", "acme", scoped(projectA)))
	d.lists(token, connectionsA, 200)
	d.lists(token, connectionsB, 503)
	r := d.do("POST", tokens, byPassword("svc", "p4ssw0rd", "acme", scoped("short1")))
	if !strings.Contains(r.body, `"expires_at":"2019-08-27T06:40:12.125000Z"`) {
		t.Errorf("a short life: %s", r.body)
	}
}
