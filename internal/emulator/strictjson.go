package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// unmarshalStrictly reads JSON that has no member but v's, and none twice. It is
// for what is the emulator's own and for IAM; DLI's JSON is dlijson's. An error
// begins with the field's path.
func unmarshalStrictly(document []byte, v any) error {
	err := json.Unmarshal(document, v, json.RejectUnknownMembers(true))
	var wrong *json.SemanticError
	var malformed *jsontext.SyntacticError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("%s: there is no such field", fieldPath(wrong.JSONPointer))
	case errors.As(err, &wrong) && wrong.Err != nil:
		return fmt.Errorf("%s: %w", fieldPath(wrong.JSONPointer), wrong.Err)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s: must not be a JSON %s", fieldPath(wrong.JSONPointer), wrong.JSONKind)
	case errors.As(err, &malformed):
		return fmt.Errorf("%s: %w", fieldPath(malformed.JSONPointer), malformed.Err)
	}
	return err
}

// fieldPath writes a JSON pointer as in rules[0].fault; the document itself is body.
func fieldPath(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(token)
	}
	return cmp.Or(path.String(), "body")
}
