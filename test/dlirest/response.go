package dlirest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Decode reads the body of a success into the response of the RPC. DLI's times are
// numbers of milliseconds (dli_02_0190), protojson's are texts; the rest is alike.
func Decode(body []byte, resp proto.Message) error {
	var tree map[string]any
	if err := decode(body, &tree); err != nil {
		return fmt.Errorf("response %.200q: %w", body, err)
	}
	if err := rewriteTimes(tree); err != nil {
		return fmt.Errorf("response %.200q: %w", body, err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return fmt.Errorf("response %.200q: %w", body, err)
	}
	// A read has is_success and message, which the connection itself has not.
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, resp); err != nil {
		return fmt.Errorf("response %.200q: %w", body, err)
	}
	return nil
}

func rewriteTimes(value any) error {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if err := rewriteTimes(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, field := range value {
			if !strings.HasSuffix(name, "_time") {
				if err := rewriteTimes(field); err != nil {
					return err
				}
				continue
			}
			number, ok := field.(json.Number)
			if !ok {
				return fmt.Errorf("%s is %v, no number", name, field)
			}
			ms, err := number.Int64()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			value[name] = time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
		}
	}
	return nil
}
