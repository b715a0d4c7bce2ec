package signing_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/connsvc/connsvc/internal/signing"
)

func BenchmarkSign(b *testing.B) {
	for _, bb := range []struct {
		name string
		body []byte
	}{{"small", []byte(createBody)}, {"1.2MB", bytes.Repeat([]byte("x"), 1_200_000)}} {
		b.Run(bb.name, func(b *testing.B) {
			r, err := http.NewRequest("POST", "https://dli.example.com/v2.0/48cc2c48765f481480c7db940d6409d1/datasource/enhanced-connections", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Project-Id", "48cc2c48765f481480c7db940d6409d1")
			b.ReportAllocs()
			for b.Loop() {
				signing.Sign(r, bb.body, permanent(), noon)
			}
		})
	}
}
