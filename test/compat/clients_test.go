package compat_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sdkBody is a create as the Go SDK was seen to send it, with a newline at its end.
const sdkBody = `{"name":"NAME","dest_vpc_id":"` + vpcID + `","dest_network_id":"` + subnetID +
	`","queues":["q1"],"hosts":[{"name":"ecs","ip":"192.168.0.1"}]}` + "\n"

func collection(project string) string {
	return restURL + "/v2.0/" + project + "/datasource/enhanced-connections"
}

// Clients send various Content-Types, with bodies and without; only the body counts.
func TestClientContentTypes(t *testing.T) {
	for _, contentType := range []string{
		"", "application/json", "application/json;charset=utf8", "application/json; charset=UTF-8",
		"application/octet-stream", "text/plain", "application/x-www-form-urlencoded", "nonsense",
	} {
		t.Run(contentType, func(t *testing.T) {
			at := collection(newProject())
			header := http.Header{}
			if contentType != "" {
				header.Set("Content-Type", contentType)
			}
			body := strings.NewReader(strings.Replace(sdkBody, "NAME", "n", 1))
			created := call(t, http.MethodPost, at, header, body).success(t, http.StatusCreated)
			id, _ := created["connection_id"].(string)
			for _, url := range []string{at, at + "?status=ACTIVE", at + "/" + id, at + "/" + id + "/privileges"} {
				call(t, http.MethodGet, url, header, nil).success(t, http.StatusOK)
			}
			call(t, http.MethodPut, at+"/"+id, header, strings.NewReader(`{"hosts":[]}`)).success(t, http.StatusOK)
			call(t, http.MethodDelete, at+"/"+id, header, nil).success(t, http.StatusOK)
		})
	}
}

// Empty values are sent as null, as an empty list, or not at all; JSON comes in any order,
// with spaces and line ends around it.
func TestClientCreateBodies(t *testing.T) {
	ids := `"dest_vpc_id":"` + vpcID + `","dest_network_id":"` + subnetID + `"`
	for name, body := range map[string]string{
		"absent": `{"name":"n",` + ids + `}`,
		"null": `{"name":"n",` + ids + `,"queues":null,"elastic_resource_pools":null,"hosts":null,"tags":null,` +
			`"routetable_id":null}`,
		"empty":       `{"name":"n",` + ids + `,"queues":[],"elastic_resource_pools":[],"hosts":[],"tags":[]}`,
		"terraform":   namedBody("n"),
		"line end":    `{"name":"n",` + ids + "}\n",
		"spaced":      "\r\n\t {\n  \"name\" : \"n\" ,\n  " + ids + "\n}\r\n ",
		"escaped":     `{"name":"\u006e",` + ids + `}`,
		"other order": `{"queues":[],"name":"n",` + ids + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			at := collection(newProject())
			created := call(t, http.MethodPost, at, nil, strings.NewReader(body)).success(t, http.StatusCreated)
			id, _ := created["connection_id"].(string)
			got := call(t, http.MethodGet, at+"/"+id, nil, nil).success(t, http.StatusOK)
			if got["name"] != "n" {
				t.Errorf("name is %v, want n", got["name"])
			}
			for _, key := range []string{"hosts", "routes", "available_queue_info", "elastic_resource_pools"} {
				if diff := cmp.Diff([]any{}, got[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
		})
	}
}

func TestClientClearsHosts(t *testing.T) {
	for _, body := range []string{`{"hosts":null}` + "\n", `{}`, `{"hosts":[]}`} {
		t.Run(body, func(t *testing.T) {
			at := collection(newProject())
			create := strings.NewReader(strings.Replace(sdkBody, "NAME", "n", 1))
			id, _ := call(t, http.MethodPost, at, nil, create).success(t, http.StatusCreated)["connection_id"].(string)
			call(t, http.MethodPut, at+"/"+id, nil, strings.NewReader(body)).success(t, http.StatusOK)
			got := call(t, http.MethodGet, at+"/"+id, nil, nil).success(t, http.StatusOK)
			if diff := cmp.Diff([]any{}, got["hosts"]); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
		})
	}
}

// A body may come without its length, or only after a 100 Continue, as curl sends large
// ones.
func TestClientTransfers(t *testing.T) {
	body := strings.Replace(sdkBody, "NAME", "n", 1)
	t.Run("chunked", func(t *testing.T) {
		hidden := struct{ io.Reader }{strings.NewReader(body)}
		call(t, http.MethodPost, collection(newProject()), nil, hidden).success(t, http.StatusCreated)
	})
	t.Run("expect", func(t *testing.T) {
		header := http.Header{"Expect": {"100-continue"}}
		call(t, http.MethodPost, collection(newProject()), header, bytes.NewReader([]byte(body))).success(t, http.StatusCreated)
	})
}

// The query of a list, escaped in the various ways of clients.
func TestClientListQueries(t *testing.T) {
	at := collection(newProject())
	tagged := strings.Replace(namedBody("tagged"), `"tags":null`, `"tags":[{"key":"k1","value":"v 1"},{"key":"k2","value":"v2"}]`, 1)
	call(t, http.MethodPost, at, nil, strings.NewReader(tagged)).success(t, http.StatusCreated)
	call(t, http.MethodPost, at, nil, strings.NewReader(namedBody("plain"))).success(t, http.StatusCreated)
	for query, want := range map[string]int{
		"": 2,
		"limit=0&offset=0&status=ACTIVE&tags=k1%3Dv%201%2Ck2%3Dv2": 1, // Go SDK, golangsdk
		"tags=k1%3Dv+1%2Ck2%3Dv2":                                  1, // forms: a space is +
		"tags=k1=v%201,k2=v2":                                      1, // by hand
		"status=active":                                            2,
		"status=Active&name=tagged":                                1,
		"limit=1":                                                  1,
		"offset=1":                                                 1,
		"offset=2":                                                 0,
	} {
		t.Run(query, func(t *testing.T) {
			got := call(t, http.MethodGet, at+"?"+query, nil, nil).success(t, http.StatusOK)
			if n := len(list(t, got, "connections")); n != want || got["count"] != float64(want) {
				t.Errorf("%d connections, count %v, want %d", n, got["count"], want)
			}
		})
	}
}

// For an escaped route name that DLI does not allow, the error is about the name, not
// about the path.
func TestClientEscapedRouteName(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(namedBody("routes"))
	for _, name := range []string{"a b:c", "a/b", "../x", "ä", "a%20b"} {
		path := "/v3/" + tf.project + "/datasource/enhanced-connections/" + id + "/routes/" + url.PathEscape(name)
		tf.do(http.MethodDelete, path, "").failure(t, 400, "DLI.0001", "name")
	}
}

// Errors outside of any operation have DLI's form, too.
func TestClientErrors(t *testing.T) {
	at := collection(newProject())
	for _, path := range []string{
		"/v2.0/p/queues",
		"//v2.0/p/datasource/enhanced-connections", // an endpoint that ends with a slash, and the SDK's path
	} {
		call(t, http.MethodGet, restURL+path, nil, nil).failure(t, 404, "APIGW.0101", "")
	}
	wrongMethod := call(t, http.MethodPatch, at, nil, nil)
	wrongMethod.failure(t, 405, "APIGW.0101", "")
	if got := wrongMethod.header.Get("Allow"); !strings.Contains(got, "GET") || !strings.Contains(got, "POST") {
		t.Errorf("Allow is %q, want GET and POST", got)
	}
	for body, text := range map[string]string{
		"":                    "",
		"{":                   "",
		"[]":                  "",
		"null":                "",
		`{"name":7}`:          "name",
		`{"elastic_pool":[]}`: "elastic_pool",
		"name=n":              "",
	} {
		call(t, http.MethodPost, at, nil, strings.NewReader(body)).failure(t, 400, "DLI.0001", text)
	}
}
