package config_test

import (
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/config"
)

// A secret that was written into the file by mistake is in no error, whatever character
// it begins with.
func TestErrorsDoNotQuoteValues(t *testing.T) {
	const secret = "S3cretS3cret"
	for _, first := range []string{"*", "&", "!", "!!", "%", "@", "`", "|", ">", "{", "[", `"`, "'", "?", "-", ",", "#", ":", "~", "", "=", "\\"} {
		for _, place := range []string{"token: ", "token: {env: ", "token:\n        env: ", "token:\n        file: x\n      "} {
			text := "upstreams:\n  - endpoint: https://dli.example.com\n    " + place + first + secret + "\n"
			if strings.Contains(place, "{") {
				if first == "," {
					continue // it is a key there
				}
				text = strings.TrimSuffix(text, "\n") + "}\n"
			}
			_, err := config.Parse("c.yaml", []byte(text))
			if err != nil && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(secret)) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

func TestValueThatBeginsWithAnAsterisk(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte("upstreams:\n  - endpoint: https://dli.example.com\n    token: *x\n"))
	if err == nil || err.Error() != "c.yaml:3:12: not YAML: put a value that begins with * into quotes" {
		t.Errorf("got %v", err)
	}
}
