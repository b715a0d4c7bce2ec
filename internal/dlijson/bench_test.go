package dlijson_test

import (
	"bytes"
	"runtime"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

var hostCounts = []int{2, 20_000}

// BenchmarkDecode and BenchmarkEncode compare with protojson in one run.
func BenchmarkDecode(b *testing.B) {
	for _, hosts := range hostCounts {
		text, err := dlijson.AppendRequest(nil, manyHosts(hosts), false)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("dlijson/"+strconv.Itoa(hosts), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := dlijson.DecodeRequest(bytes.NewReader(text), &connsvcv1.CreateEnhancedConnectionRequest{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("protojson/"+strconv.Itoa(hosts), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := protojson.Unmarshal(text, &connsvcv1.CreateEnhancedConnectionRequest{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, hosts := range hostCounts {
		m := manyHosts(hosts)
		var text []byte
		var err error
		b.Run("dlijson/"+strconv.Itoa(hosts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if text, err = dlijson.AppendRequest(text[:0], m, false); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(text)))
		})
		b.Run("protojson/"+strconv.Itoa(hosts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if text, err = (protojson.MarshalOptions{}).MarshalAppend(text[:0], m); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(text)))
		})
	}
}

// Decoding allocates at most five times the length of the text, the message included.
func TestDecodeMemory(t *testing.T) {
	text, err := dlijson.AppendRequest(nil, manyHosts(20_000), false)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	m := &connsvcv1.CreateEnhancedConnectionRequest{}
	runtime.ReadMemStats(&before)
	if err := dlijson.DecodeRequest(bytes.NewReader(text), m); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 5*uint64(len(text)) {
		t.Errorf("allocated %d bytes for a text of %d", allocated, len(text))
	}
	runtime.KeepAlive(m)
}
