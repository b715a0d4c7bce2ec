package compat_test

import (
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

// callerKey is an access key that connsvc gives to a caller.
const (
	callerKeyID  = "CALLER00000000000001"
	callerSecret = "CALLERS-SECRET-0123456789abcdef0123456789"

	callerKeys = `token: { file: ./token }
auth:
  access_keys:
    - { name: terraform, id: ` + callerKeyID + `, secret: { file: ./caller_secret } }
`
)

// sdkOf returns an unmodified client of the SDK with an access key.
func sdkOf(t *testing.T, url, project, id, secret string) *dli.DliClient {
	t.Helper()
	credentials, err := basic.NewCredentialsBuilder().WithAk(id).WithSk(secret).WithProjectId(project).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	client, err := dli.DliClientBuilder().WithEndpoint(url).WithCredential(credentials).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return dli.NewDliClient(client)
}

// TestSDKWithKeys calls every operation with a key of connsvc's. With another secret, or
// another key, each fails with 401 as an error of the SDK's own.
func TestSDKWithKeys(t *testing.T) {
	upstream := newStub(t)
	connsvc, url := serve(t, upstream.server.URL, callerKeys)
	calls := func(id, secret string) map[string]func() error {
		client := sdkOf(t, url, "p1", id, secret)
		all := connectionCalls(client, stubID)
		all["CreateEnhancedConnection"] = func() error {
			_, err := client.CreateEnhancedConnection(&model.CreateEnhancedConnectionRequest{
				Body: &model.CreateEnhancedConnectionRequestBody{Name: "n", DestVpcId: vpcID, DestNetworkId: subnetID},
			})
			return err
		}
		all["ListEnhancedConnections"] = func() error {
			_, err := client.ListEnhancedConnections(&model.ListEnhancedConnectionsRequest{Limit: new(int32(10)), Status: new("ACTIVE")})
			return err
		}
		return all
	}
	for name, call := range calls(callerKeyID, callerSecret) {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	upstream.mu.Lock()
	reached := len(upstream.headers)
	upstream.mu.Unlock()
	for _, wrong := range []map[string]func() error{calls(callerKeyID, "WRONG-SECRET-0123456789abcdef0123456789"), calls("OTHER", callerSecret)} {
		for name, call := range wrong {
			t.Run(name, func(t *testing.T) { wantError(t, call(), 401, "APIGW.0301", "credentials") })
		}
	}
	upstream.mu.Lock()
	defer upstream.mu.Unlock()
	if len(upstream.headers) != reached {
		t.Error("DLI was called for a caller who is not authenticated")
	}
	for _, header := range upstream.headers {
		if header.Get("Authorization") != "" || header.Get("X-Auth-Token") != "OWN-TOKEN" {
			t.Errorf("DLI saw the credentials %q and %q", header.Get("Authorization"), header.Get("X-Auth-Token"))
		}
	}
	if log := connsvc.stderr.String(); strings.Contains(log, callerSecret) || !strings.Contains(log, `"caller":"access_key:terraform"`) {
		t.Errorf("the log shows the secret, or not the caller:\n%s", log)
	}
}
