package apply

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

type host struct{ name, ip string }

func hostOf(h *connsvcv1.Host) host { return host{h.GetName(), h.GetIp()} }

// compareHosts compares hosts as sets: order and repetitions have no effect. It returns
// those that are wanted and not there, and those that are there and not wanted.
func compareHosts(wanted, there []*connsvcv1.Host) (add, remove []*connsvcv1.Host) {
	if slices.EqualFunc(wanted, there, func(a, b *connsvcv1.Host) bool { return hostOf(a) == hostOf(b) }) {
		return nil, nil
	}
	const isThere, isWanted = 1, 2
	seen := make(map[host]uint8, max(len(wanted), len(there)))
	for _, h := range there {
		seen[hostOf(h)] = isThere
	}
	for _, h := range wanted {
		key := hostOf(h)
		if seen[key] == 0 {
			add = append(add, h)
		}
		seen[key] |= isWanted
	}
	for _, h := range there {
		if key := hostOf(h); seen[key]&isWanted == 0 {
			remove = append(remove, h)
			seen[key] |= isWanted // once
		}
	}
	return add, remove
}

// etagOf is a hash of hosts as a set: of a line for each, sorted, with its name, a space
// and its address.
func etagOf(hosts []*connsvcv1.Host) string {
	sorted := make([]host, len(hosts))
	for i, h := range hosts {
		sorted[i] = hostOf(h)
	}
	slices.SortFunc(sorted, func(a, b host) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.ip, b.ip)) })
	sum := sha256.New()
	var line []byte
	for _, h := range slices.Compact(sorted) {
		line = append(append(append(append(line[:0], h.name...), ' '), h.ip...), '\n')
		sum.Write(line)
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}
