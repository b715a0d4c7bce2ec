package endpoint_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/endpoint"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		url, rule, metadataRule, allowedRule string
	}{
		{url: "https://dli.example.com"},
		{url: "https://dli.example.com:65535/base/"},
		{url: "http://127.0.0.1:1"},
		{url: "http://[::1]:1"},
		{url: "http://[::ffff:127.0.0.1]"},
		{url: "http://LOCALHOST"},
		{url: "http://169.254.169.254", rule: "plaintext"},
		{url: "http://[fe80::a9fe:a9fe]", rule: "plaintext"},
		{url: "http://dli.example.com", rule: "plaintext", metadataRule: "plaintext"},
		{url: "http://127.0.0.1.example.com", rule: "plaintext", metadataRule: "plaintext"},
		{url: "http://localhost.example.com", rule: "plaintext", metadataRule: "plaintext"},
		{url: "https://CANARY:x:y", rule: "url", metadataRule: "url", allowedRule: "url"},
		{url: "ftp://dli.example.com", rule: "scheme", metadataRule: "scheme", allowedRule: "scheme"},
		{url: "dli.example.com", rule: "scheme", metadataRule: "scheme", allowedRule: "scheme"},
		{url: "https:dli.example.com", rule: "scheme", metadataRule: "scheme", allowedRule: "scheme"},
		{url: "https://", rule: "host", metadataRule: "host", allowedRule: "host"},
		{url: "https://dlí.example.com", rule: "host", metadataRule: "host", allowedRule: "host"},
		{url: "https://dli.example.com:0", rule: "host", metadataRule: "host", allowedRule: "host"},
		{url: "https://dli.example.com:65536", rule: "host", metadataRule: "host", allowedRule: "host"},
		{url: "https://CANARY:CANARY@dli.example.com", rule: "userinfo", metadataRule: "userinfo", allowedRule: "userinfo"},
		{url: "https://dli.example.com?CANARY", rule: "query", metadataRule: "query", allowedRule: "query"},
		{url: "https://dli.example.com?", rule: "query", metadataRule: "query", allowedRule: "query"},
		{url: "http://CANARY@dli.example.com?CANARY", rule: "userinfo query plaintext", metadataRule: "userinfo query plaintext", allowedRule: "userinfo query"},
		{url: "http://CANARY@dli.example.com:0#", rule: "host userinfo query", metadataRule: "host userinfo query", allowedRule: "host userinfo query"},
		{url: "https://dli.example.com#CANARY", rule: "query", metadataRule: "query", allowedRule: "query"},
	} {
		_, err := endpoint.Parse(tt.url, false)
		want(t, tt.url, tt.rule, err)
		_, err = endpoint.Parse(tt.url, true)
		want(t, tt.url+", plaintext allowed", tt.allowedRule, err)
		_, err = endpoint.ParseMetadata(tt.url, false)
		want(t, tt.url+", metadata", tt.metadataRule, err)
		_, err = endpoint.ParseMetadata(tt.url, true)
		want(t, tt.url+", metadata, plaintext allowed", tt.allowedRule, err)
	}
}

func want(t *testing.T, name, rules string, err error) {
	t.Helper()
	var broken endpoint.Errors
	if err != nil && !errors.As(err, &broken) {
		t.Errorf("%s: %T", name, err)
	}
	var got []string
	for _, e := range broken {
		got = append(got, strings.TrimPrefix(e.Rule, "endpoint."))
	}
	if got := strings.Join(got, " "); got != rules {
		t.Errorf("%s: breaks rules %q, want %q", name, got, rules)
	}
	if err != nil && strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%s: the error quotes it: %v", name, err)
	}
}
