package attack_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer   = "https://login.example.com"
	audience = "connsvc"
)

var (
	rsaKey   = newKey(rsa.GenerateKey(rand.Reader, 2048))
	ecKey    = newKey(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	otherKey = newKey(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) // nobody publishes it
)

func newKey[T any](key T, err error) T {
	if err != nil {
		panic(err)
	}
	return key
}

// publishedKeys is the issuer's key set.
func publishedKeys(t *testing.T) []byte {
	t.Helper()
	set := jwkset.NewMemoryStorage()
	for id, key := range map[string]crypto.PublicKey{"rsa": rsaKey.Public(), "ec": ecKey.Public()} {
		jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
		if err != nil {
			t.Fatal(err)
		}
		if err := set.KeyWrite(t.Context(), jwk); err != nil {
			t.Fatal(err)
		}
	}
	text, err := set.JSONPublic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A forgery is a token to be made.
type forgery struct {
	algorithm jwt.SigningMethod // nil: ES256
	key       any               // nil: the issuer's
	header    map[string]any
	claims    jwt.MapClaims // added to valid ones; nil values are left out
}

func (f forgery) token(t *testing.T) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range f.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	if f.algorithm == nil {
		f.algorithm = jwt.SigningMethodES256
	}
	if f.key == nil {
		f.key = ecKey
	}
	token := jwt.NewWithClaims(f.algorithm, claims)
	token.Header["kid"] = "ec"
	for name, value := range f.header {
		token.Header[name] = value
	}
	text, err := token.SignedString(f.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestJWTs forges tokens. The valid one shows that the others fail for what they forge.
func TestJWTs(t *testing.T) {
	at := newTarget(t)
	valid := forgery{}.token(t)
	if got := at.bearer(t, valid); got != "REST answers 200, gRPC lists" {
		t.Fatalf("a valid token: %s", got)
	}
	public, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	parts := strings.Split(valid, ".")
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	texts := map[string]string{
		"alg none":                       forgery{algorithm: jwt.SigningMethodNone, key: jwt.UnsafeAllowNoneSignatureType}.token(t),
		"alg None":                       encode(map[string]any{"alg": "None", "typ": "JWT"}) + "." + parts[1] + ".",
		"alg none with a signature":      encode(map[string]any{"alg": "none"}) + "." + parts[1] + "." + parts[2],
		"no alg":                         encode(map[string]any{"typ": "JWT"}) + "." + parts[1] + "." + parts[2],
		"alg is a list":                  encode(map[string]any{"alg": []string{"ES256"}}) + "." + parts[1] + "." + parts[2],
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"two parts":                      parts[0] + "." + parts[1],
		"four parts":                     valid + "." + parts[2],
		"other claims, same signature":   parts[0] + "." + encode(map[string]any{"iss": issuer, "aud": audience, "sub": "root", "exp": time.Now().Add(time.Hour).Unix()}) + "." + parts[2],
		"HS256 with the public key, PEM": forgery{algorithm: jwt.SigningMethodHS256, key: publicPEM, header: map[string]any{"kid": "rsa"}}.token(t),
		"HS256 with the public key, DER": forgery{algorithm: jwt.SigningMethodHS256, key: public, header: map[string]any{"kid": "rsa"}}.token(t),
		"HS256 with an empty key":        forgery{algorithm: jwt.SigningMethodHS256, key: []byte{}}.token(t),
		"PS256, which is not accepted":   forgery{algorithm: jwt.SigningMethodPS256, key: rsaKey, header: map[string]any{"kid": "rsa"}}.token(t),
		"RS256 with the EC key's ID":     forgery{algorithm: jwt.SigningMethodRS256, key: rsaKey}.token(t),
		"ES256 with the RSA key's ID":    forgery{header: map[string]any{"kid": "rsa"}}.token(t),
		"another key":                    forgery{key: otherKey}.token(t),
		"another key, no kid":            forgery{key: otherKey, header: map[string]any{"kid": ""}}.token(t),
		"kid is a path":                  forgery{key: otherKey, header: map[string]any{"kid": "../../../../dev/null"}}.token(t),
		"kid is a query":                 forgery{key: otherKey, header: map[string]any{"kid": "x' UNION SELECT 'k"}}.token(t),
		"kid is a number":                forgery{key: otherKey, header: map[string]any{"kid": 1}}.token(t),
		"a key of its own":               forgery{key: otherKey, header: map[string]any{"jwk": map[string]any{"kty": "EC"}}}.token(t),
		"a key set of its own":           forgery{key: otherKey, header: map[string]any{"jku": "http://127.0.0.1:1/keys", "kid": "x"}}.token(t),
		"a certificate of its own":       forgery{key: otherKey, header: map[string]any{"x5u": "http://127.0.0.1:1/cert", "kid": "x"}}.token(t),
		"crit":                           forgery{header: map[string]any{"crit": []string{"b64"}, "b64": false}}.token(t),
		"expired":                        forgery{claims: jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix()}}.token(t),
		"never expires":                  forgery{claims: jwt.MapClaims{"exp": nil}}.token(t),
		"expires at a text":              forgery{claims: jwt.MapClaims{"exp": "tomorrow"}}.token(t),
		"expires before 1970":            forgery{claims: jwt.MapClaims{"exp": -1}}.token(t),
		"not valid yet":                  forgery{claims: jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}}.token(t),
		"another audience":               forgery{claims: jwt.MapClaims{"aud": "grafana"}}.token(t),
		"no audience":                    forgery{claims: jwt.MapClaims{"aud": nil}}.token(t),
		"the audience in another case":   forgery{claims: jwt.MapClaims{"aud": "CONNSVC"}}.token(t),
		"another issuer":                 forgery{claims: jwt.MapClaims{"iss": "https://evil.example.com"}}.token(t),
		"the issuer with a slash":        forgery{claims: jwt.MapClaims{"iss": issuer + "/"}}.token(t),
		"no issuer":                      forgery{claims: jwt.MapClaims{"iss": nil}}.token(t),
		"nobody":                         forgery{claims: jwt.MapClaims{"sub": ""}}.token(t),
		"huge":                           forgery{claims: jwt.MapClaims{"fill": strings.Repeat("a", 20<<10)}}.token(t),
		"deep":                           encode(map[string]any{"alg": "ES256"}) + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 8000))) + "." + parts[2],
		"dots":                           strings.Repeat(".", 15<<10),
		"padding":                        parts[0] + "=." + parts[1] + "." + parts[2],
		"line ends":                      parts[0] + ".\t" + parts[1] + "." + parts[2],
		"cut":                            valid[:len(valid)-2],
	}
	var attempts []attempt
	for name, text := range texts {
		attempts = append(attempts, attempt{name, func(t *testing.T, at *target) string { return at.bearer(t, text) }})
	}
	attempts = append(attempts,
		attempt{"two tokens, one valid", func(t *testing.T, at *target) string { return at.bearer(t, valid, "x") }},
		attempt{"two tokens, the second valid", func(t *testing.T, at *target) string { return at.bearer(t, "x", valid) }},
		attempt{"a list with a valid one", func(t *testing.T, at *target) string { return at.bearer(t, "x, Bearer "+valid) }},
	)
	play(t, at, attempts)
	at.wantNothingShown(t, valid)
}
