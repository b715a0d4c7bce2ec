package credentials_test

import (
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

func BenchmarkAuthorize(b *testing.B) {
	for name, cfg := range map[string]*configv1.Upstream{
		"token":        withToken(env(canaryToken)),
		"token file":   withToken(file(written(b, canaryToken))),
		"access key":   withAccessKey(env(canaryID), env(canarySecret), env(canaryTemp)),
		"iam password": withPassword("https://iam.example.com", env("P")),
	} {
		b.Run(name, func(b *testing.B) {
			p := provider(b, cfg, credentials.Options{Transport: direct{&iamServer{}}})
			r := request(b)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Authorize(b.Context(), r, nil, project, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
