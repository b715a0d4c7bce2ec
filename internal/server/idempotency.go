package server

import (
	"strings"

	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/apierror"
)

// idempotencyKey is the HTTP header that bears the request_id of a request.
const idempotencyKey = "Idempotency-Key"

// idempotencyField returns the field that the Idempotency-Key header sets, nil
// where the request has none: the RPC is then safe to repeat without one.
func idempotencyField(request protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	field := request.Fields().ByName("request_id")
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return nil
	}
	return field
}

// readIdempotencyKey sets the field by the headers. A body may say the same, but
// no other: connsvc must not choose between the two.
func (rc *restCall) readIdempotencyKey(m protoreflect.Message) error {
	field, sent := rc.method.idempotency, rc.r.Header[idempotencyKey]
	if field == nil || len(sent) == 0 {
		return nil
	}
	if len(sent) > 1 {
		return badIdempotencyKey("header.repeated", "must be sent once")
	}
	key := sent[0]
	// Clients that take the header for a structured field quote it.
	if n := len(key); n >= 2 && key[0] == '"' && key[n-1] == '"' {
		key = key[1 : n-1]
	}
	// The proto's rule would name a field that this caller did not send.
	if len(key) != len(uuid.Nil.String()) || uuid.Validate(key) != nil {
		return badIdempotencyKey("string.uuid", "must be a UUID")
	}
	if own := m.Get(field).String(); own != "" && !strings.EqualFold(own, key) {
		return badIdempotencyKey("header.contradiction", "must equal "+string(field.Name())+" of the body, where both are sent")
	}
	m.Set(field, protoreflect.ValueOfString(key))
	return nil
}

func badIdempotencyKey(rule, message string) error {
	return apierror.Invalid(idempotencyKey, rule, message)
}
