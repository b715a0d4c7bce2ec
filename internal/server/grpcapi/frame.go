package grpcapi

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frameCodec wraps
	"google.golang.org/grpc/mem"
)

// A frame is an encoded response. gRPC sends a bare status when its codec fails, so an
// exchange encodes with errors of ours.
type frame struct{ data mem.BufferSlice }

// frameCodec passes frames on as they are, and every other message to protobuf.
type frameCodec struct{ encoding.CodecV2 }

func newFrameCodec() frameCodec { return frameCodec{encoding.GetCodecV2("proto")} }

// Marshal passes on the data of a frame, which gRPC then frees.
func (c frameCodec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return f.data, nil
	}
	return c.CodecV2.Marshal(v)
}
