package compat_test

import (
	"regexp"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

// Placeholders for generated values, whose form alone is compared.
const (
	someMillis int64 = 1_566_888_011_125
	somePeer         = "d2ae6628-37cf-4a9b-a3a2-4d1f3d3f9d2e"
)

// DLI's times in milliseconds are in this range, times in seconds or microseconds are not.
const firstMillis, lastMillis = 1_500_000_000_000, 4_000_000_000_000

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func isUUID(s string) bool { return uuid.MatchString(s) }

func isMillis(ms int64) bool { return firstMillis < ms && ms < lastMillis }

// generated compares generated values by their form: times are equal if both are in
// milliseconds, peering IDs if both are UUIDs.
func generated() cmp.Option {
	last := func(p cmp.Path) string {
		for i := len(p) - 1; i >= 0; i-- {
			if f, ok := p[i].(cmp.StructField); ok {
				return f.Name()
			}
		}
		return ""
	}
	return cmp.Options{
		cmp.FilterPath(func(p cmp.Path) bool {
			return last(p) == "CreateTime" || last(p) == "UpdateTime"
		}, cmp.Comparer(func(a, b int64) bool { return isMillis(a) && isMillis(b) })),
		cmp.FilterPath(func(p cmp.Path) bool {
			return last(p) == "PeerId"
		}, cmp.Comparer(func(a, b string) bool { return isUUID(a) && isUUID(b) })),
	}
}

// peering returns the active peering of a queue or pool.
func peering(name string) model.EnhancedConnectionResource {
	return model.EnhancedConnectionResource{
		PeerId: new(somePeer), Status: new("ACTIVE"), Name: &name, ErrMsg: new(""), UpdateTime: new(someMillis),
	}
}

// value returns what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
