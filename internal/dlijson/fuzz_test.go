package dlijson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/dynamicpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// seeds are texts with every kind of field and every kind of fault.
func seeds(f *testing.F) []string {
	f.Helper()
	texts := []string{
		``, ` `, `{}`, `[]`, `null`, `{"`, `{}x`, "{}\n", "\xff", `{"name":"\ud834\udd1e"}`, `{"name":"\ud834"}`,
		`{"name":null,"queues":null}`, `{"queues":["a","b",""]}`, `{"queues":[null]}`, `{"hosts":[{},{"ip":"1"}]}`,
		`{"hosts":[{"ip":"1","ip":"2"}]}`, `{"tags":[{"key":"k","value":""},{"key":"k"}]}`,
		`{"limit":0,"offset":-1}`, `{"limit":-0}`, `{"limit":1e2}`, `{"offset":2147483648}`, `{"limit":1.0}`,
		`{"status":"Active","view":"full"}`, `{"status":"STATUS_UNSPECIFIED"}`, `{"status":""}`,
		`{"create_time":1566888011125,"update_time":-1}`, `{"create_time":253402300799999}`, `{"create_time":1e3}`,
		`{"isPrivis":true,"ipv6_enable":false}`, `{"is_privis":true}`, `{"projectId":"p","project_id":"q"}`,
		`{"routes":[{"name":"r","cidr":"c","create_time":0}]}`, `{"reconciled":true}`,
		`{"is_success":true,"message":"m","connection_id":"c"}`, `{"x":{"y":[1,{"z":null}]},"is_success":false}`,
		`{"n\u0061me":"\u0000\"\\\/\b\f\n\r\t"}`, `{"x":` + strings.Repeat("[", 70),
	}
	for _, m := range []proto.Message{manyHosts(2), &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{{Id: "1"}}}} {
		text, err := dlijson.AppendResponse(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// addSeeds adds each text with a few types of message, and returns all types.
func addSeeds(f *testing.F) []protoreflect.MessageType {
	types := contract(f)
	for _, m := range []proto.Message{&connsvcv1.CreateEnhancedConnectionRequest{}, &listRequest{}, &connsvcv1.EnhancedConnection{}, &connsvcv1.CreateEnhancedConnectionResponse{}} {
		place := slices.Index(types, m.ProtoReflect().Type())
		for _, text := range seeds(f) {
			f.Add(uint8(place), []byte(text))
		}
	}
	return types
}

// What DecodeRequest accepts, AppendRequest writes and DecodeRequest reads back
// the same; protojson accepts it too, as the same message. Other texts give an
// Error. A dynamic message gives the same, so the code for the generated Host equals
// the general code.
func FuzzDecodeRequest(f *testing.F) {
	types := addSeeds(f)
	f.Fuzz(func(t *testing.T, place uint8, text []byte) {
		mt := types[int(place)%len(types)]
		got, dynamic := mt.New().Interface(), dynamicpb.NewMessage(mt.Descriptor())
		dynamicErr := dlijson.DecodeRequest(bytes.NewReader(text), dynamic)
		err := dlijson.DecodeRequest(bytes.NewReader(text), got)
		if diff := cmp.Diff(dynamicErr, err); diff != "" {
			t.Fatalf("error (-dynamic +generated):\n%s", diff)
		}
		if err != nil {
			var e *dlijson.Error
			if !errors.As(err, &e) || e.Kind.String() == "" || e.Message == "" || e.Offset < 0 || e.Offset > int64(len(text)) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if !proto.Equal(dynamic, got) {
			t.Errorf("dynamic %v, generated %v", dynamic, got)
		}
		again := mt.New().Interface()
		written, err := dlijson.AppendRequest(nil, got, len(text)%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		if dynamically, err := dlijson.AppendRequest(nil, dynamic, len(text)%2 == 0); string(dynamically) != string(written) {
			t.Errorf("dynamic %s, %v, generated %s", dynamically, err, written)
		}
		if err := dlijson.DecodeRequest(bytes.NewReader(written), again); err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, written)
		}
		if diff := cmp.Diff(got, again, protocmp.Transform()); diff != "" {
			t.Errorf("read back (-first +again):\n%s", diff)
		}
		theirs := mt.New().Interface()
		plain := toProtoJSON(t, mt.Descriptor(), text)
		if err := protojson.Unmarshal(plain, theirs); err != nil {
			t.Fatalf("protojson rejects it: %v\n%s", err, plain)
		}
		if diff := cmp.Diff(got, theirs, protocmp.Transform()); diff != "" {
			t.Errorf("(-dlijson +protojson):\n%s", diff)
		}
	})
}

// toProtoJSON translates what protojson does not accept: times as numbers and enum
// words in any case. Any other text is returned unchanged.
func toProtoJSON(t *testing.T, md protoreflect.MessageDescriptor, text []byte) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("encoding/json rejects it: %v", err)
	}
	if !translate(t, md, object) {
		return text
	}
	plain, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// translate changes an object in place, and reports whether it changed anything.
func translate(t *testing.T, md protoreflect.MessageDescriptor, object map[string]any) bool {
	t.Helper()
	changed := false
	for name, value := range object {
		f := md.Fields().ByJSONName(name)
		switch value := value.(type) {
		case json.Number:
			if f.Kind() != protoreflect.MessageKind {
				continue
			}
			millis, err := value.Int64()
			if err != nil {
				t.Fatal(err)
			}
			object[name], changed = time.UnixMilli(millis).UTC().Format(time.RFC3339Nano), true
		case string:
			if f.Kind() == protoreflect.EnumKind {
				object[name], changed = strings.ToUpper(value), true
			}
		case map[string]any:
			changed = translate(t, f.Message(), value) || changed
		case []any:
			for _, element := range value {
				if element, ok := element.(map[string]any); ok {
					changed = translate(t, f.Message(), element) || changed
				}
			}
		}
	}
	return changed
}

// What DecodeResponse accepts, AppendResponse writes and DecodeResponse reads back the
// same. A dynamic message gives the same, as in FuzzDecodeRequest.
func FuzzDecodeResponse(f *testing.F) {
	types := addSeeds(f)
	f.Fuzz(func(t *testing.T, place uint8, text []byte) {
		mt := types[int(place)%len(types)]
		got, dynamic := mt.New().Interface(), dynamicpb.NewMessage(mt.Descriptor())
		wantEnvelope, dynamicErr := dlijson.DecodeResponse(bytes.NewReader(text), dynamic)
		envelope, err := dlijson.DecodeResponse(bytes.NewReader(text), got)
		if diff := cmp.Diff(dynamicErr, err); diff != "" || envelope != wantEnvelope {
			t.Fatalf("envelope %v, want %v, error (-dynamic +generated):\n%s", envelope, wantEnvelope, diff)
		}
		if err != nil {
			var e *dlijson.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		written, err := dlijson.AppendResponse(nil, got)
		if err != nil {
			t.Fatal(err)
		}
		if dynamically, err := dlijson.AppendResponse(nil, dynamic); string(dynamically) != string(written) {
			t.Errorf("dynamic %s, %v, generated %s", dynamically, err, written)
		}
		again := mt.New().Interface()
		if _, err := dlijson.DecodeResponse(bytes.NewReader(written), again); err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, written)
		}
		if diff := cmp.Diff(got, again, protocmp.Transform()); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}
