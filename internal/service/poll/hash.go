package poll

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Hash is equal for connections that do not differ, in every replica and version of
// connsvc: callers keep it in resume tokens.
type Hash [8]byte

// HashOf returns the hash of a connection with all of its fields. A field without a value
// adds nothing, so that a field of a later version changes no hash where it is not set.
// The order of peerings and routes adds nothing: DLI does not document it. is_privis is
// left out, as not every response has it.
func HashOf(c *connsvcv1.EnhancedConnection) Hash {
	w := newHashWriter()
	w.text(1, c.GetId())
	w.text(2, c.GetName())
	w.number(3, int64(c.GetStatus()))
	w.set(4, hashes(c.GetAvailableQueueInfo(), hashOfPeering))
	w.set(5, hashes(c.GetElasticResourcePools(), hashOfPeering))
	w.text(6, c.GetDestVpcId())
	w.text(7, c.GetDestNetworkId())
	w.time(8, c.GetCreateTime())
	w.time(9, c.GetUpdateTime())
	for _, h := range c.GetHosts() {
		w.tag(10, 0)
		w.text(1, h.GetName())
		w.text(2, h.GetIp())
	}
	if c.GetIpv6Enable() {
		w.number(11, 1)
	}
	w.set(13, hashes(c.GetRoutes(), hashOfRoute))
	return w.sum()
}

func hashOfPeering(p *connsvcv1.Peering) Hash {
	w := newHashWriter()
	w.text(1, p.GetPeerId())
	w.number(2, int64(p.GetStatus()))
	w.text(3, p.GetName())
	w.text(4, p.GetErrMsg())
	w.time(5, p.GetUpdateTime())
	return w.sum()
}

func hashOfRoute(r *connsvcv1.Route) Hash {
	w := newHashWriter()
	w.text(1, r.GetName())
	w.text(2, r.GetCidr())
	w.time(3, r.GetCreateTime())
	return w.sum()
}

func hashes[T any](list []T, of func(T) Hash) []Hash {
	all := make([]Hash, len(list))
	for i, each := range list {
		all[i] = of(each)
	}
	slices.SortFunc(all, func(a, b Hash) int { return slices.Compare(a[:], b[:]) })
	return all
}

// A hashWriter hashes fields, each with its number and its length.
type hashWriter struct {
	digest interface{ Sum(b []byte) []byte }
	buf    *bufio.Writer
}

func newHashWriter() hashWriter {
	digest := sha256.New()
	return hashWriter{digest, bufio.NewWriterSize(digest, 1024)}
}

func (w hashWriter) tag(field, length int) {
	b := binary.AppendUvarint(w.buf.AvailableBuffer(), uint64(field)) //nolint:gosec // not negative
	b = binary.AppendUvarint(b, uint64(length))                       //nolint:gosec // not negative
	_, _ = w.buf.Write(b)                                             // a digest has no errors
}

func (w hashWriter) text(field int, s string) {
	if s != "" {
		w.tag(field, len(s))
		_, _ = w.buf.WriteString(s)
	}
}

func (w hashWriter) number(field int, n int64) {
	if n != 0 {
		w.tag(field, 8)
		_, _ = w.buf.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // as bits
	}
}

func (w hashWriter) time(field int, t *timestamppb.Timestamp) {
	if t != nil {
		w.number(field, t.AsTime().UnixMilli())
	}
}

func (w hashWriter) set(field int, all []Hash) {
	for _, h := range all {
		w.tag(field, len(h))
		_, _ = w.buf.Write(h[:])
	}
}

func (w hashWriter) sum() Hash {
	_ = w.buf.Flush()
	return Hash(w.digest.Sum(nil)[:8])
}
