package grpcapi

import (
	"time"

	"golang.org/x/net/http2"

	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/server/refused"
)

// grpc-go rejects some calls without asking anyone: it shows them to no interceptor, no
// stats handler and no tap. So the connection counts the streams that its client begins,
// and those that become calls; the rest were rejected. The code of a reset tells more.

// The reasons of resets.
const (
	resetProtocol = iota
	resetMetadata
	resetStreams
	resetBroken
)

var reasonsOfReset = [...]string{
	resetProtocol: refused.BadHeaders,
	resetMetadata: refused.MetadataTooLong,
	resetStreams:  refused.TooManyStreams,
	resetBroken:   refused.BrokenFrame,
}

// Read counts the streams of the client.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.lastRead.Store(time.Now().UnixNano())
	if err != nil {
		c.ended.Store(true)
	}
	if c.in.skip == prefaceBytes && n > 0 && string(p[:min(n, prefaceBytes)]) != http2.ClientPreface[:min(n, prefaceBytes)] {
		c.ended.Store(true)
		c.resets[resetBroken].Add(1)
	}
	c.in.scan(p[:n])
	return n, err
}

// justRead is how long after a read gRPC closes a connection because of what it has read;
// later, because nothing comes any more.
const justRead = 5 * time.Second

// broken reports whether gRPC closes the connection without a word: it does so if it
// cannot read a frame.
func (c *connection) broken() bool {
	return !c.ended.Load() && time.Since(time.Unix(0, c.lastRead.Load())) < justRead
}

// Write finds out why streams are reset.
func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.scan(p[:n])
	return n, err
}

func (c *connection) received(kind http2.FrameType, stream uint32, _ http2.ErrCode) {
	if kind == http2.FrameHeaders && stream%2 == 1 && stream > c.asked {
		c.asked = stream
		c.begun.Add(1)
	}
}

func (c *connection) sent(kind http2.FrameType, _ uint32, code http2.ErrCode) {
	if kind == http2.FrameGoAway {
		c.ended.Store(true)
	}
	switch {
	case kind == http2.FrameGoAway && code != http2.ErrCodeNo && code != http2.ErrCodeEnhanceYourCalm:
		c.resets[resetBroken].Add(1)
	case kind != http2.FrameRSTStream:
	case code == http2.ErrCodeProtocol:
		c.resets[resetProtocol].Add(1)
	case code == http2.ErrCodeFrameSize:
		c.resets[resetMetadata].Add(1)
	case code == http2.ErrCodeRefusedStream:
		c.resets[resetStreams].Add(1)
	case code == http2.ErrCodeFlowControl, code == http2.ErrCodeCompression:
		c.resets[resetBroken].Add(1)
	}
}

// recordRefused records the streams that were rejected since the last time. Until the
// connection ends, those that began since the last look may still become calls.
func (c *connection) recordRefused(ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, reason := range reasonsOfReset {
		n := c.resets[i].Swap(0)
		if n == 0 {
			continue
		}
		c.all.refused.Requests(chain.GRPC, c.addr.String(), reason, n)
		if i != resetBroken { // that ends the connection, and perhaps no stream
			c.recorded += n
		}
	}
	begun := c.before
	if c.before = c.begun.Load(); ended {
		begun = c.before
	}
	if rejected := begun - c.served.Load() - c.recorded; rejected > 0 {
		c.recorded += rejected
		c.all.refused.Requests(chain.GRPC, c.addr.String(), refused.BadHeaders, rejected)
	}
}
