package credentials_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

func TestNewNamesEveryProblem(t *testing.T) {
	const plaintext = "must be https beyond loopback; set allow_plaintext: true to send credentials in the clear"
	bad := func(s *configv1.Secret) (string, error) {
		switch s.GetEnv() {
		case "UNSET":
			return "", errors.New("not set")
		case "EMPTY":
			return "", nil
		case "SPACED":
			return "CANARY x", nil
		case "COMMA":
			return "CANARY,x", nil
		case "BOM":
			return "\ufeffCANARY", nil
		case "LATIN1":
			return "CANARY\xe4", nil
		}
		return s.GetEnv(), nil
	}
	agency := withAgency("http://iam.example.com")
	agency.GetIamAgency().AccessKey.Id = env("COMMA")
	agency.GetIamAgency().AccessKey.Secret = env("UNSET")
	for name, test := range map[string]struct {
		cfg  *configv1.Upstream
		want []string
	}{
		"nothing": {&configv1.Upstream{}, []string{"credentials: must be set"}},
		"access key": {withAccessKey(env("COMMA"), env("UNSET"), env("SPACED")), []string{
			"access_key.secret: not set", "access_key.id: must not contain a comma",
			"access_key.security_token: the secret must be printable ASCII without spaces",
		}},
		"no access key": {withAccessKey(nil, env("EMPTY"), nil), []string{
			"access_key.id: must be set", "access_key.secret: the secret is empty",
		}},
		"token":           {withToken(env("SPACED")), []string{"token: the secret must be printable ASCII without spaces"}},
		"password":        {withPassword("ftp://iam.example.com", env("EMPTY")), []string{"iam_password.endpoint: must start with https:// or http://", "iam_password.password: the secret is empty"}},
		"a BOM":           {withPassword("https://iam.example.com", env("BOM")), []string{"iam_password.password: the secret must not begin with a byte order mark"}},
		"bad UTF-8":       {withPassword("https://iam.example.com", env("LATIN1")), []string{"iam_password.password: the secret must be UTF-8"}},
		"agency":          {agency, []string{"iam_agency.endpoint: " + plaintext, "iam_agency.access_key.secret: not set", "iam_agency.access_key.id: must not contain a comma"}},
		"plaintext IAM":   {withPassword("http://iam.example.com", env("P")), []string{"iam_password.endpoint: " + plaintext}},
		"link-local IAM":  {withPassword("http://169.254.169.254", env("P")), []string{"iam_password.endpoint: " + plaintext}},
		"no loopback":     {withPassword("http://127.0.0.1.example.com", env("P")), []string{"iam_password.endpoint: " + plaintext}},
		"userinfo":        {withPassword("https://CANARY:CANARY@iam.example.com", env("P")), []string{"iam_password.endpoint: must not contain credentials"}},
		"query":           {withPassword("https://iam.example.com?CANARY", env("P")), []string{"iam_password.endpoint: must not have a query or a fragment"}},
		"no host":         {withPassword("https://", env("P")), []string{"iam_password.endpoint: must have an ASCII host (international names in xn-- form) and, if any, a port from 1 to 65535"}},
		"no URL":          {withPassword("https://CANARY:x:y", env("P")), []string{"iam_password.endpoint: must be a URL"}},
		"Unicode":         {withPassword("https://iäm.example.com", env("P")), []string{"iam_password.endpoint: must have an ASCII host (international names in xn-- form) and, if any, a port from 1 to 65535"}},
		"public metadata": {withMetadata("http://metadata.example.com"), []string{"ecs_metadata.endpoint: " + plaintext}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := credentials.New(test.cfg, credentials.Options{Secret: bad})
			if err == nil || p != nil {
				t.Fatalf("made %v, error %v", p, err)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewWithoutAReader(t *testing.T) {
	_, err := credentials.New(withToken(env("T")), credentials.Options{})
	if err == nil || err.Error() != "token: no reader of secrets is configured" {
		t.Errorf("error %v", err)
	}
}

func TestNewTakesEndpoints(t *testing.T) {
	allowed := func(u *configv1.Upstream) *configv1.Upstream {
		u.AllowPlaintext = true
		return u
	}
	for name, cfg := range map[string]*configv1.Upstream{
		"https":                  withPassword("https://iam.example.com", env("P")),
		"loopback":               withPassword("http://127.0.0.1:1", env("P")),
		"IPv6 loopback":          withPassword("http://[::1]:1", env("P")),
		"localhost":              withPassword("http://LOCALHOST:1", env("P")),
		"plaintext allowed":      allowed(withPassword("http://iam.example.com", env("P"))),
		"agency":                 withAgency("https://iam.example.com/v3"),
		"link-local":             withMetadata("http://169.254.169.254"),
		"IPv6 link-local":        withMetadata("http://[fe80::a9fe:a9fe]"),
		"metadata, allowed":      allowed(withMetadata("http://metadata.example.com")),
		"metadata, loopback":     withMetadata("http://127.0.0.1:1"),
		"metadata, over https":   withMetadata("https://metadata.example.com"),
		"the caller's own token": passThrough(),
	} {
		t.Run(name, func(t *testing.T) { provider(t, cfg, credentials.Options{}) })
	}
}
