package restapi

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/apierror"
)

// idempotencyKey is the HTTP header that carries the request_id of a request.
const idempotencyKey = "Idempotency-Key"

// readIdempotencyKey sets request_id by the header, in a request that has that field. The
// body may say the same, but nothing else: connsvc must not choose between the two.
func readIdempotencyKey(header http.Header, request protoreflect.Message) error {
	sent := header[idempotencyKey]
	if len(sent) == 0 {
		return nil
	}
	field := request.Descriptor().Fields().ByName("request_id")
	if field == nil {
		return nil // the RPC is safe to repeat without it
	}
	if len(sent) > 1 {
		return apierror.Invalid(idempotencyKey, "header.repeated", "must be sent once")
	}
	key := sent[0]
	// Clients that treat the header as a structured field quote it.
	if n := len(key); n >= 2 && key[0] == '"' && key[n-1] == '"' {
		key = key[1 : n-1]
	}
	// The proto's rule would name a field that this caller did not send.
	if len(key) != len(uuid.Nil.String()) || uuid.Validate(key) != nil {
		return apierror.Invalid(idempotencyKey, "string.uuid", "must be a UUID")
	}
	if inBody := request.Get(field).String(); inBody != "" && !strings.EqualFold(inBody, key) {
		return apierror.Invalid(idempotencyKey, "header.contradiction", "must equal request_id of the body, where both are sent")
	}
	request.Set(field, protoreflect.ValueOfString(key))
	return nil
}
