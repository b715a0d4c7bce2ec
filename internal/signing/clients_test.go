package signing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/signing"
)

// The ways in which real clients sign: what they send, which headers of it they
// sign, and the canonical request they make of it, written out by hand.
func TestVerifyClients(t *testing.T) {
	const path = "/v2.0/pid/datasource/enhanced-connections"
	const date = "20261123T120000Z"
	newline := createBody + "\n"
	for _, tt := range []struct {
		name, method, target, body, signed, canonical string
		headers                                       map[string]string
	}{
		{
			name: "huaweicloud-sdk-go-v3: no host, body with a line end", method: "POST", target: path, body: newline,
			headers: map[string]string{
				"Content-Type": "application/json", "User-Agent": "huaweicloud-usdk-go/3.0; os/linux",
				"X-Project-Id": "pid", "X-Sdk-Date": date, "X-Security-Token": "STOK",
			},
			signed: "user-agent;x-project-id;x-sdk-date;x-security-token",
			canonical: "POST\n" + path + "/\n\nuser-agent:huaweicloud-usdk-go/3.0; os/linux\nx-project-id:pid\nx-sdk-date:" + date +
				"\nx-security-token:STOK\n\nuser-agent;x-project-id;x-sdk-date;x-security-token\n" + hashOf([]byte(newline)),
		},
		{
			name: "huaweicloud-sdk-go-v3: escapes", method: "DELETE", target: "/v3/pid/datasource/enhanced-connections/c/routes/a%20b:c",
			headers: map[string]string{"User-Agent": "huaweicloud-usdk-go/3.0", "X-Project-Id": "pid", "X-Sdk-Date": date},
			signed:  "user-agent;x-project-id;x-sdk-date",
			canonical: "DELETE\n/v3/pid/datasource/enhanced-connections/c/routes/a%20b%3Ac/\n\nuser-agent:huaweicloud-usdk-go/3.0\n" +
				"x-project-id:pid\nx-sdk-date:" + date + "\n\nuser-agent;x-project-id;x-sdk-date\n" + hashOf(nil),
		},
		{
			name: "golangsdk: security token and project unsigned", method: "GET", target: path + "?status=ACTIVE&tags=a%3Db%20c%2Cd%3De",
			headers: map[string]string{
				"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "golangsdk/2.0.0",
				"X-Project-Id": "pid", "X-Domain-Id": "did", "X-Sdk-Date": date, "X-Security-Token": "ST",
			},
			signed: "accept;content-type;user-agent;x-sdk-date",
			canonical: "GET\n" + path + "/\nstatus=ACTIVE&tags=a%3Db%20c%2Cd%3De\naccept:application/json\ncontent-type:application/json\n" +
				"user-agent:golangsdk/2.0.0\nx-sdk-date:" + date + "\n\naccept;content-type;user-agent;x-sdk-date\n" + hashOf(nil),
		},
		{
			name: "huaweicloud-sdk-python-v3: host", method: "PUT", target: path + "/c", body: "{}",
			headers: map[string]string{
				"Content-Type": "application/json", "User-Agent": "huaweicloud-usdk-python/3.0", "X-Project-Id": "pid", "X-Sdk-Date": date,
			},
			signed: "content-type;host;user-agent;x-project-id;x-sdk-date",
			canonical: "PUT\n" + path + "/c/\n\ncontent-type:application/json\nhost:127.0.0.1:8080\nuser-agent:huaweicloud-usdk-python/3.0\n" +
				"x-project-id:pid\nx-sdk-date:" + date + "\n\ncontent-type;host;user-agent;x-project-id;x-sdk-date\n" + hashOf([]byte("{}")),
		},
		{
			name: "any client: a body it does not hash", method: "POST", target: path, body: createBody,
			headers: map[string]string{"X-Sdk-Date": date, "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"},
			signed:  "x-sdk-content-sha256;x-sdk-date",
			canonical: "POST\n" + path + "/\n\nx-sdk-content-sha256:UNSIGNED-PAYLOAD\nx-sdk-date:" + date +
				"\n\nx-sdk-content-sha256;x-sdk-date\nUNSIGNED-PAYLOAD",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
			r.Host = "127.0.0.1:8080"
			for name, value := range tt.headers {
				r.Header.Set(name, value)
			}
			r.Header.Set("Authorization", clientAuthorization(tt.signed, date, tt.canonical))
			if err := signing.Verify(r, []byte(tt.body), keys, noon); err != nil {
				t.Errorf("Verify: %v", err)
			}
			refusesOtherHeaders(t, r, tt.body, strings.Split(tt.signed, ";"))
		})
	}
}

// refusesOtherHeaders changes each signed header of r in turn.
func refusesOtherHeaders(t *testing.T, r *http.Request, body string, names []string) {
	t.Helper()
	for _, name := range names {
		changed := r.Clone(t.Context())
		if name == "host" {
			changed.Host += "1"
		} else {
			changed.Header.Set(name, changed.Header.Get(name)+"1")
		}
		if signing.Verify(changed, []byte(body), keys, noon) == nil {
			t.Errorf("a changed %s was taken", name)
		}
	}
}

func clientAuthorization(signed, date, canonical string) string {
	mac := hmac.New(sha256.New, []byte(secretKey))
	mac.Write([]byte("SDK-HMAC-SHA256\n" + date + "\n" + hashOf([]byte(canonical))))
	return "SDK-HMAC-SHA256 Access=" + accessKeyID + ", SignedHeaders=" + signed +
		", Signature=" + hex.EncodeToString(mac.Sum(nil))
}
