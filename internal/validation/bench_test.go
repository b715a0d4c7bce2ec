package validation_test

import (
	"fmt"
	"testing"

	"buf.build/go/protovalidate"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// BenchmarkValidate compares protovalidate with the Validator, for few and for many
// hosts.
func BenchmarkValidate(b *testing.B) {
	stock, err := protovalidate.New(protovalidate.WithMessages(&connsvcv1.CreateEnhancedConnectionRequest{}))
	if err != nil {
		b.Fatal(err)
	}
	ours, err := validation.New()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{2, 20_000} {
		request := create()
		request.Hosts = hosts(n)
		b.Run(fmt.Sprintf("hosts=%d/protovalidate", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := stock.Validate(request); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("hosts=%d/connsvc", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := ours.Validate(request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReject measures the largest invalid requests.
func BenchmarkReject(b *testing.B) {
	v, err := validation.New()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*connsvcv1.CreateEnhancedConnectionRequest)
	}{
		{"20000 bad hosts", func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			for range 20_000 {
				r.Hosts = append(r.Hosts, &connsvcv1.Host{Name: "_", Ip: "1"})
			}
		}},
		{"20001 hosts", func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Hosts = hosts(20_001) }},
		{"4000000 queues", func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Queues = make([]string, 4_000_000) }},
	} {
		request := with(create(), c.change)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v.Validate(request) == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
