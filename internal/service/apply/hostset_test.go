package apply

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// TestCompareHosts compares with maps.
func TestCompareHosts(t *testing.T) {
	draw := rapid.SliceOf(rapid.Custom(func(t *rapid.T) *connsvcv1.Host {
		return &connsvcv1.Host{Name: rapid.SampledFrom([]string{"", "a", "b", "ab"}).Draw(t, "name"), Ip: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "ip")}
	}))
	missing := func(from, in []*connsvcv1.Host) []host {
		there := map[host]bool{}
		for _, h := range in {
			there[hostOf(h)] = true
		}
		var all []host
		for _, h := range from {
			if key := hostOf(h); !there[key] {
				there[key] = true
				all = append(all, key)
			}
		}
		return all
	}
	same := func(hosts []*connsvcv1.Host, want []host) bool {
		return slices.EqualFunc(hosts, want, func(h *connsvcv1.Host, w host) bool { return hostOf(h) == w })
	}
	rapid.Check(t, func(t *rapid.T) {
		wanted, there := draw.Draw(t, "wanted"), draw.Draw(t, "there")
		add, remove := compareHosts(wanted, there)
		if !same(add, missing(wanted, there)) || !same(remove, missing(there, wanted)) {
			t.Errorf("add %v, remove %v", add, remove)
		}
		if (etagOf(wanted) == etagOf(there)) != (len(add)+len(remove) == 0) {
			t.Errorf("etags of %v and %v", wanted, there)
		}
	})
}

func BenchmarkCompareHosts(b *testing.B) {
	hosts := func() []*connsvcv1.Host {
		all := make([]*connsvcv1.Host, 20_000)
		for i := range all {
			all[i] = &connsvcv1.Host{Name: fmt.Sprintf("ecs-97f8-%05d.example", i), Ip: fmt.Sprintf("192.168.%d.%d", i/250, i%250)}
		}
		return all
	}
	there, same, reversed := hosts(), hosts(), hosts()
	slices.Reverse(reversed)
	for name, wanted := range map[string][]*connsvcv1.Host{"same order": same, "another order": reversed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if add, remove := compareHosts(wanted, there); len(add)+len(remove) > 0 {
					b.Fatal("they differ")
				}
			}
		})
	}
	b.Run("etag", func(b *testing.B) {
		for b.Loop() {
			etagOf(reversed)
		}
	})
}
