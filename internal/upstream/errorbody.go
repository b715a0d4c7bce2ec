package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/connsvc/connsvc/internal/credentials"
)

// An errorBody is the error of a response, in one of these forms:
//
//	{"error_code":"DLI.0001","error_msg":"..."}                        DLI
//	{"error_code":"APIGW.0301","error_msg":"...","request_id":"..."}   the API gateway
//	{"error":{"code":401,"message":"...","title":"..."}}               Keystone (IAM)
//	{"is_success":false,"message":"..."}                               DLI's responses
//
// It is empty if the body has none of them.
type errorBody struct{ code, message, requestID string }

// errorForms is all forms at once. Other fields (error_json_opt) are ignored.
type errorForms struct {
	Code      json.RawMessage `json:"error_code"`
	Message   *string         `json:"error_msg"`
	RequestID json.RawMessage `json:"request_id"`
	Keystone  json.RawMessage `json:"error"`
	IsSuccess json.RawMessage `json:"is_success"`
	Reply     json.RawMessage `json:"message"`
}

func decodeErrorBody(text []byte) errorBody {
	var f errorForms
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &f) != nil {
		return errorBody{}
	}
	b := errorBody{requestID: scalar(f.RequestID)}
	switch {
	case f.Code != nil || f.Message != nil:
		code := scalar(f.Code)
		if !validCode(code) {
			return errorBody{}
		}
		b.code = code
		if f.Message != nil {
			b.message = *f.Message
		}
	case f.Keystone != nil:
		var k struct{ Code, Message, Title json.RawMessage }
		if json.Unmarshal(f.Keystone, &k) != nil {
			return errorBody{}
		}
		// Its code repeats the HTTP status.
		if b.message = scalar(k.Message); b.message == "" {
			b.message = scalar(k.Title)
		}
	case string(f.IsSuccess) == "false":
		b.message = scalar(f.Reply)
	default:
		return errorBody{}
	}
	return b
}

// scalar returns a JSON string or number as text, "" for anything else: some
// codes of IAM are numbers.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// validCode reports whether s looks like an error code: DLI.0001, 1100.
func validCode(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// minSecret is the length from which credentials are searched for in DLI's texts.
const minSecret = 8

// redact removes from an error the credentials of h, the header of the request, which
// the upstream may have echoed, and from its message what could change a terminal or a
// log. Code and RequestID have passed identifier.
func (err *Error) redact(h http.Header) *Error {
	err.Message = printable(credentials.Redact(h, err.Message))
	if err.Err != nil {
		if text := err.Err.Error(); credentials.Redact(h, text) != text {
			err.Err = errors.New(credentials.Redact(h, text))
		}
	}
	return err
}

// printable replaces what is not printable with spaces: controls, line breaks, and marks
// that change the direction of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// identifier returns s if it can be a code or an ID and contains no credential of h,
// the header of the request; "" otherwise.
func identifier(h http.Header, s string) string {
	if len(s) > 128 || !plain(s) || containsCredential(h, s) || !hexID(s) && credentials.Redact(h, s) != s {
		return ""
	}
	return s
}

// hexID reports whether s is 32 hex digits or a UUID, as the request IDs of DLI are: in
// that form no part of a credential can be told.
func hexID(s string) bool {
	return (len(s) == 32 || len(s) == 36) && strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// containsCredential reports whether s contains a credential of h. It runs for every
// response, so it does not allocate as credentials.Redact does.
func containsCredential(h http.Header, s string) bool {
	contains := func(secret string) bool { return len(secret) >= minSecret && strings.Contains(s, secret) }
	if contains(h.Get("X-Auth-Token")) || contains(h.Get("X-Security-Token")) {
		return true
	}
	// SDK-HMAC-SHA256 Access=..., SignedHeaders=..., Signature=...
	for part := range strings.SplitSeq(h.Get("Authorization"), ", ") {
		if _, value, _ := strings.Cut(part, "="); contains(value) {
			return true
		}
	}
	return false
}

// plain reports whether s is printable ASCII without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
