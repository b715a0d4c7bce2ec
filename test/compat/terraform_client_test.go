package compat_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// terraform sends requests as Terraform's provider does, with a signature that connsvc
// cannot check.
type terraform struct {
	t       *testing.T
	url     string // of the REST API
	project string
}

func newTerraform(t *testing.T, project string) *terraform {
	t.Helper()
	return &terraform{t, restURL, project}
}

// connections returns the v2.0 path of the project's connections, with a suffix.
func (tf *terraform) connections(rest string) string {
	return "/v2.0/" + tf.project + "/datasource/enhanced-connections" + rest
}

func (tf *terraform) do(method, path, body string) response {
	tf.t.Helper()
	header := http.Header{
		"Accept":           {"application/json"},
		"User-Agent":       {"golangsdk/2.0.0"},
		"X-Sdk-Date":       {"20261123T215316Z"},
		"X-Project-Id":     {tf.project},
		"X-Domain-Id":      {"0123456789abcdef0123456789abcdef"},
		"X-Security-Token": {"ST"},
		"Authorization": {"SDK-HMAC-SHA256 Access=AK, SignedHeaders=accept;content-type;user-agent;x-sdk-date, Signature=" +
			strings.Repeat("0f", 32)},
	}
	var reader io.Reader
	if body != "" {
		header.Set("Content-Type", "application/json")
		reader = strings.NewReader(body)
	}
	return call(tf.t, method, tf.url+path, header, reader)
}

// create creates a connection with exactly this body and returns its ID.
func (tf *terraform) create(body string) string {
	tf.t.Helper()
	created := tf.do(http.MethodPost, tf.connections(""), body).success(tf.t, http.StatusCreated)
	id, _ := created["connection_id"].(string)
	if !isUUID(id) {
		tf.t.Fatalf("connection_id %q is no UUID", id)
	}
	return id
}

// change sends a change, which must return 200.
func (tf *terraform) change(method, path, body string) {
	tf.t.Helper()
	tf.do(method, path, body).success(tf.t, http.StatusOK)
}

// read returns a connection as the resource's Read gets it.
func (tf *terraform) read(id string) map[string]any {
	tf.t.Helper()
	got := tf.do(http.MethodGet, tf.connections("/"+id), "").success(tf.t, http.StatusOK)
	if got["status"] != "ACTIVE" || got["id"] != id {
		tf.t.Errorf("connection %s is %v with id %v", id, got["status"], got["id"])
	}
	return got
}

// routes returns the CIDR of each route of a connection by its name.
func (tf *terraform) routes(id string) map[string]string {
	tf.t.Helper()
	routes := map[string]string{}
	for _, r := range list(tf.t, tf.read(id), "routes") {
		name, _ := r["name"].(string)
		routes[name], _ = r["cidr"].(string)
		wantMillis(tf.t, r, "create_time")
	}
	return routes
}

// names returns the name of each peering under key.
func (tf *terraform) names(id, key string) []string {
	tf.t.Helper()
	names := []string{}
	for _, p := range list(tf.t, tf.read(id), key) {
		name, _ := p["name"].(string)
		names = append(names, name)
	}
	return names
}

// list returns the objects under key, which must be an array even when empty.
func list(t *testing.T, object map[string]any, key string) []map[string]any {
	t.Helper()
	array, ok := object[key].([]any)
	if !ok {
		t.Fatalf("%s is %T, want an array", key, object[key])
	}
	objects := []map[string]any{}
	for _, element := range array {
		o, ok := element.(map[string]any)
		if !ok {
			t.Fatalf("%s has a %T, want objects", key, element)
		}
		objects = append(objects, o)
	}
	return objects
}

// wantMillis checks for a number of milliseconds: Terraform asserts float64, and other
// clients decode an int64, which must have no fraction and no exponent.
func wantMillis(t *testing.T, object map[string]any, key string) {
	t.Helper()
	ms, ok := object[key].(float64)
	if !ok || !isMillis(int64(ms)) {
		t.Errorf("%s is %T %v, want milliseconds as a number", key, object[key], object[key])
	}
}

// jsonOf writes a Go value as Terraform's JSON.
func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("writing JSON: %v", err)
	}
	return string(text)
}
