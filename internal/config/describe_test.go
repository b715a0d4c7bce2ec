package config

import (
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// TestDescribeSections: of a section that changes there are its keys, and no value: it may have
// secrets.
func TestDescribeSections(t *testing.T) {
	none := &configv1.Config{}
	one := &configv1.Config{Policy: &configv1.Policy{Message: "a"}, Log: &configv1.Log{Level: configv1.Log_INFO}}
	two := &configv1.Config{Policy: &configv1.Policy{Message: "b", Shadow: true}, Log: &configv1.Log{Level: configv1.Log_DEBUG}}
	for _, tt := range []struct {
		from, to *configv1.Config
		want     string
	}{
		{one, two, "log.level: INFO to DEBUG; policy: message, shadow"},
		{none, &configv1.Config{Policy: one.GetPolicy()}, "policy: added"},
		{&configv1.Config{Auth: &configv1.Auth{}}, none, "auth: removed"},
	} {
		if got := strings.Join(describe(tt.from, tt.to), "; "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
