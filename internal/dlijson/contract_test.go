package dlijson_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// contract returns the type of every message of the API, sorted by name.
func contract(t testing.TB) []protoreflect.MessageType {
	t.Helper()
	var types []protoreflect.MessageType
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		if mt.Descriptor().ParentFile().Package() == "connsvc.v1" {
			types = append(types, mt)
		}
		return true
	})
	slices.SortFunc(types, func(a, b protoreflect.MessageType) int {
		return strings.Compare(string(a.Descriptor().FullName()), string(b.Descriptor().FullName()))
	})
	if len(types) < 20 {
		t.Fatalf("only %d messages in the contract", len(types))
	}
	return types
}

// fill sets the fields of m, each with the given chance of 0 to 1.
func fill(m protoreflect.Message, chance float64, random *rand.Rand) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if random.Float64() > chance {
			continue
		}
		if !f.IsList() {
			m.Set(f, fillValue(m.NewField(f), f, chance, random))
			continue
		}
		list := m.NewField(f).List()
		for range 1 + random.IntN(4) {
			var empty protoreflect.Value
			if f.Kind() == protoreflect.MessageKind {
				empty = list.NewElement()
			}
			list.Append(fillValue(empty, f, chance, random))
		}
		m.Set(f, protoreflect.ValueOfList(list))
	}
}

func fillValue(empty protoreflect.Value, f protoreflect.FieldDescriptor, chance float64, random *rand.Rand) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		texts := []string{"a", "withvpc_1", "\"\\/\b\f\n\r\t\x00\x7f", "ü€𝄞\u2028<&>", strings.Repeat("long", 400)}
		return protoreflect.ValueOfString(texts[random.IntN(len(texts))])
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32([]int32{1, -1 << 31, 1<<31 - 1}[random.IntN(3)])
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64([]int64{1, -1 << 63, 1<<63 - 1}[random.IntN(3)])
	case protoreflect.EnumKind:
		values := f.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(1 + random.IntN(values.Len()-1)).Number())
	}
	if f.Message().FullName() == "google.protobuf.Duration" {
		return protoreflect.ValueOfMessage(durationpb.New([]time.Duration{0, time.Minute, 1500 * time.Millisecond, -time.Nanosecond}[random.IntN(4)]).ProtoReflect())
	}
	if f.Message().FullName() == "google.protobuf.Timestamp" {
		millis := []int64{0, 1, -1, 1566888011125, -62_135_596_800_000, 253_402_300_799_999}[random.IntN(6)]
		seconds := (millis - (millis%1000+1000)%1000) / 1000
		return protoreflect.ValueOfMessage((&timestamppb.Timestamp{
			Seconds: seconds, Nanos: int32(millis-seconds*1000) * 1_000_000,
		}).ProtoReflect())
	}
	fill(empty.Message(), chance, random)
	return empty
}

// Every message of the API is read back as it was written: empty, full and anything
// between.
func TestRoundTripOfTheContract(t *testing.T) {
	for _, mt := range contract(t) {
		t.Run(string(mt.Descriptor().Name()), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			for _, chance := range []float64{0, 1, 0.2, 0.5, 0.7, 0.5, 0.5, 0.9} {
				want := mt.New()
				fill(want, chance, random)
				roundTripRequest(t, want.Interface())
				roundTripResponse(t, want.Interface())
			}
		})
	}
}

func roundTripRequest(t *testing.T, want proto.Message) {
	t.Helper()
	for _, emptyLists := range []bool{false, true} {
		text, err := dlijson.AppendRequest(nil, want, emptyLists)
		if err != nil {
			t.Fatal(err)
		}
		got := want.ProtoReflect().New().Interface()
		if err := dlijson.DecodeRequest(strings.NewReader(string(text)), got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

func roundTripResponse(t *testing.T, want proto.Message) {
	t.Helper()
	text, err := dlijson.AppendResponse(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	got := want.ProtoReflect().New().Interface()
	if _, err := dlijson.DecodeResponse(strings.NewReader(string(text)), got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

// A message in a message, as no request of DLI has one.
func TestMessageInMessage(t *testing.T) {
	type violation = errdetails.BadRequest_FieldViolation
	want := &violation{Field: "f", LocalizedMessage: &errdetails.LocalizedMessage{Locale: "de"}}
	roundTripRequest(t, want)
	roundTripResponse(t, want)
	roundTripRequest(t, &violation{LocalizedMessage: &errdetails.LocalizedMessage{}})
	text, err := dlijson.AppendRequest(nil, want, false)
	if want := `{"field":"f","localizedMessage":{"locale":"de"}}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	err = dlijson.DecodeRequest(strings.NewReader(`{"localizedMessage":[]}`), &violation{})
	checkError(t, "list", err, dlijson.Error{Kind: dlijson.Type, Path: "localizedMessage", Offset: 20, Message: "expected an object, got a list"})
	err = dlijson.DecodeRequest(strings.NewReader(`{"localizedMessage":{"x":1}}`), &violation{})
	checkError(t, "below", err, dlijson.Error{Kind: dlijson.UnknownField, Path: "localizedMessage.x", Offset: 21, Message: `unknown field "x"`})
}

func TestUnsupportedMessages(t *testing.T) {
	tests := []struct {
		name string
		m    proto.Message
		want string
	}{
		{"map", &structpb.Struct{}, "field fields: "},
		{"oneof", &structpb.Value{}, "field null_value: "},
		{"uint64", &wrapperspb.UInt64Value{}, "field value: optional uint64 is not supported"},
		{"bytes", &wrapperspb.BytesValue{}, "field value: optional bytes is not supported"},
		{"double", &wrapperspb.DoubleValue{}, "field value: optional double is not supported"},
		{"nothing", nil, "no message"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, responseErr := dlijson.DecodeResponse(strings.NewReader("{}"), test.m)
			_, appendErr := dlijson.AppendRequest(nil, test.m, false)
			_, appendResponseErr := dlijson.AppendResponse(nil, test.m)
			for i, err := range []error{dlijson.DecodeRequest(strings.NewReader("{}"), test.m), responseErr, appendErr, appendResponseErr} {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%d: error %v, want one with %q", i, err, test.want)
				}
			}
		})
	}
}

// manyHosts is a create with n hosts, like the one in DLI's documents.
func manyHosts(n int) *connsvcv1.CreateEnhancedConnectionRequest {
	m := &connsvcv1.CreateEnhancedConnectionRequest{
		Name:          "test_1",
		DestVpcId:     "22094d8f-c310-4621-913d-4c4d655d8495",
		DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
	}
	for i := range n {
		m.Hosts = append(m.Hosts, &connsvcv1.Host{
			Name: fmt.Sprintf("node-%05d.example.com", i),
			Ip:   fmt.Sprintf("10.1.%d.%d", i/256, i%256),
		})
	}
	return m
}
