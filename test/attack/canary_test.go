package attack_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// wantNothingShown looks for the canaries, and for more secrets, in all that a target has
// shown: log, responses and metrics. Callers' secrets must not be sent to DLI either.
func (at *target) wantNothingShown(t *testing.T, more ...string) {
	t.Helper()
	outputs := map[string]string{"log and responses": at.shown.String(), "requests to DLI": at.dli.String()}
	for _, path := range []string{"/metrics", "/version", "/"} {
		resp, err := at.client.Get(at.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, resp.Status, err)
		}
		outputs[path] = string(text)
	}
	for output, text := range outputs {
		for name, canary := range canaries {
			if name == "UPSTREAM" && output == "requests to DLI" {
				continue
			}
			tried.Add(1)
			if strings.Contains(text, canary) {
				succeeded.Add(1)
				t.Errorf("%s: shows %s", output, name)
			}
		}
		for _, s := range more {
			tried.Add(1)
			if strings.Contains(text, s[len(s)-40:]) {
				succeeded.Add(1)
				t.Errorf("%s: shows a caller's credentials", output)
			}
		}
	}
	if !strings.Contains(outputs["requests to DLI"], canaries["UPSTREAM"]) {
		t.Error("DLI was not called: there is nothing to find")
	}
}
