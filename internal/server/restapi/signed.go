package restapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"time"
)

// verifySignature reads the whole body of a signed request, also of an RPC that has none,
// and verifies the signature by it. Only then is anything decoded: a caller who does not
// have the key learns nothing about its request.
func (x *exchange) verifySignature(ctx context.Context) error {
	sum := sha256.New()
	if x.request.Body != nil && x.request.Body != http.NoBody {
		if err := x.checkLength(); err != nil {
			return err
		}
		x.body.start()
		// Below the body, which leaves out a byte-order mark.
		x.body.ReadCloser = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(x.body.ReadCloser, sum), x.body.ReadCloser}
		content, err := io.ReadAll(&x.body)
		x.call.BytesIn = x.body.n
		if err != nil {
			return notRead(ctx, err)
		}
		_ = x.body.conn.SetReadDeadline(time.Time{})
		x.body.verified = bytes.NewReader(content)
	}
	return x.call.VerifySignature(ctx, [sha256.Size]byte(sum.Sum(nil)), x.tests(x.call.Method))
}
