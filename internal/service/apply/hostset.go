package apply

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"hash/maphash"
	"math/bits"
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
	set := newHostSet(len(wanted) + len(there))
	for _, h := range there {
		set.add(h)
	}
	was := len(set.hosts)
	stays := make([]bool, was)
	for _, h := range wanted {
		if at, added := set.add(h); !added && at < was {
			stays[at] = true
		}
	}
	for i, h := range set.hosts[:was] {
		if !stays[i] {
			remove = append(remove, h)
		}
	}
	return set.hosts[was:], remove
}

// A hostSet has hosts in the order in which they were added. It is a hash table with open
// addressing: of 20,000 hosts, a map costs several times as much.
type hostSet struct {
	hosts  []*connsvcv1.Host
	hashes []uint64
	slots  []int32 // one more than the index of a host; 0: free
	seed   maphash.Seed
}

// newHostSet returns a set with room for n hosts.
func newHostSet(n int) *hostSet {
	return &hostSet{
		hosts: make([]*connsvcv1.Host, 0, n), hashes: make([]uint64, 0, n), slots: make([]int32, 1<<bits.Len(uint(n+n/2))), seed: maphash.MakeSeed(),
	}
}

// add adds a host, unless it is there, and returns its index.
func (s *hostSet) add(h *connsvcv1.Host) (at int, added bool) {
	hash := maphash.String(s.seed, h.GetName()) ^ bits.RotateLeft64(maphash.String(s.seed, h.GetIp()), 1)
	mask := uint64(len(s.slots) - 1)
	for slot := hash & mask; ; slot = (slot + 1) & mask {
		at = int(s.slots[slot]) - 1
		switch {
		case at < 0:
			s.hosts, s.hashes = append(s.hosts, h), append(s.hashes, hash)
			s.slots[slot] = int32(len(s.hosts)) //nolint:gosec // fits into memory
			return len(s.hosts) - 1, true
		case s.hashes[at] == hash && hostOf(s.hosts[at]) == hostOf(h):
			return at, false
		}
	}
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
