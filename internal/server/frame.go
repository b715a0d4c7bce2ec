package server

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that frameCodec wraps
	"google.golang.org/grpc/mem"
)

// A frame is an encoded message. RecvMsg and SendMsg write a bare status of
// gRPC's own as soon as the codec fails, so the calls of the service move frames
// and are decoded and encoded inside of the chain, where an error is ours.
type frame struct{ data mem.BufferSlice }

// frameCodec passes frames on as they are, and every other message to protobuf.
type frameCodec struct{ encoding.CodecV2 }

func newFrameCodec() frameCodec { return frameCodec{encoding.GetCodecV2("proto")} }

// Marshal hands the data of a frame over: gRPC frees it.
func (c frameCodec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return f.data, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal keeps the data for a frame: whoever has the frame frees it.
func (c frameCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*frame); ok {
		data.Ref()
		f.data = data
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
