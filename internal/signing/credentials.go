package signing

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Credentials are an access key. They print as [redacted], whichever way they
// are printed; only fmt on an unexported field of another struct evades that, so
// hold them behind a pointer or a closure there.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SecurityToken   string // of temporary credentials; empty for permanent ones
}

// String returns [redacted].
func (Credentials) String() string { return redacted }

// GoString returns [redacted].
func (Credentials) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted]: JSON and YAML encoders use it.
func (Credentials) MarshalText() ([]byte, error) { return []byte(redacted), nil }
