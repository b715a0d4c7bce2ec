package validation

import (
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func validNames(names []string, valid func(string) bool) bool {
	if len(names) > 1000 {
		return false
	}
	for _, name := range names {
		if !valid(name) {
			return false
		}
	}
	return distinct(len(names), func(i int) string { return names[i] })
}

func validHosts(hosts []*connsvcv1.Host) bool {
	if len(hosts) > MaxHosts {
		return false
	}
	for _, host := range hosts {
		if !validHost(host) {
			return false
		}
	}
	return true
}

func validTags(tags []*connsvcv1.Tag) bool {
	if len(tags) > 20 {
		return false
	}
	for _, tag := range tags {
		if !isTagKey(tag.GetKey()) || tag.Value == nil || !isTagText(tag.GetValue(), 255) {
			return false
		}
	}
	return distinct(len(tags), func(i int) string { return tags[i].GetKey() })
}

// distinct reports whether n texts are different from each other.
func distinct(n int, text func(int) string) bool {
	const few = 16 // comparing all pairs of so few is cheaper than a map
	if n <= few {
		for i := range n {
			for j := range i {
				if text(i) == text(j) {
					return false
				}
			}
		}
		return true
	}
	seen := make(map[string]struct{}, n)
	for i := range n {
		seen[text(i)] = struct{}{}
	}
	return len(seen) == n
}
