package compat_test

import (
	"net/http"
	"strings"
	"testing"
)

// callerCredentials are the credentials that clients of DLI were seen to send. connsvc
// dev has no authentication and must ignore all of them.
var callerCredentials = map[string]http.Header{
	"none": {},
	"Go SDK": {
		"Authorization": {"SDK-HMAC-SHA256 Access=AK, " +
			"SignedHeaders=user-agent;x-project-id;x-sdk-date;x-security-token, Signature=" + fakeSignature},
		"User-Agent": {"huaweicloud-usdk-go/3.0; os/linux go/go1.26 app/0b1d"}, "X-Project-Id": {"pid"},
		"X-Sdk-Date": {"20261123T215316Z"}, "X-Security-Token": {"STOK"}, "Content-Type": {"application/json"},
	},
	"Python SDK": {
		"Authorization": {"SDK-HMAC-SHA256 Access=AK, " +
			"SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=" + fakeSignature},
		"User-Agent": {"huaweicloud-usdk-python/3.0"}, "X-Project-Id": {"pid"}, "X-Sdk-Date": {"20261123T215316Z"},
		"Content-Type": {"application/json"}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate"}, "Connection": {"keep-alive"},
	},
	"golangsdk": {
		"Authorization": {"SDK-HMAC-SHA256 Access=AK, SignedHeaders=accept;content-type;user-agent;x-sdk-date, Signature=" + fakeSignature},
		"User-Agent":    {"golangsdk/2.0.0"}, "Accept": {"application/json"}, "X-Sdk-Date": {"20261123T215316Z"},
		"X-Security-Token": {"ST"}, "X-Project-Id": {"pid"}, "X-Domain-Id": {"did"},
	},
	"gophertelekomcloud": {
		"Authorization": {"SDK-HMAC-SHA256 Credential=AK/20261123///sdk_request, SignedHeaders=host;x-sdk-date, Signature=" + fakeSignature},
		"X-Sdk-Date":    {"20261123T215316Z"},
	},
	"token":             {"X-Auth-Token": {"MIIFsQYJKoZIhvcNAQcCoIIFojCCBZ4CAQExDTALBglghkgBZQMEAgEwgg"}},
	"bearer and cookie": {"Authorization": {"Bearer abc"}, "Cookie": {"session=abc"}},
	"nonsense":          {"Authorization": {"SDK-HMAC-SHA256"}, "X-Sdk-Date": {"yesterday"}},
}

const fakeSignature = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"

func TestClientCredentials(t *testing.T) {
	for name, header := range callerCredentials {
		t.Run(name, func(t *testing.T) {
			at := collection(newProject())
			body := strings.NewReader(strings.Replace(sdkBody, "NAME", "n", 1))
			created := call(t, http.MethodPost, at, header, body).success(t, http.StatusCreated)
			id, _ := created["connection_id"].(string)
			got := call(t, http.MethodGet, at+"/"+id, header, nil).success(t, http.StatusOK)
			if got["id"] != id {
				t.Errorf("id is %v, want %v", got["id"], id)
			}
			call(t, http.MethodDelete, at+"/"+id, header, nil).success(t, http.StatusOK)
		})
	}
}
