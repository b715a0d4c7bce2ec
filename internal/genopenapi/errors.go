package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// details are those that errors have.
var details = []proto.Message{
	&errdetails.ErrorInfo{}, &errdetails.BadRequest{}, &errdetails.PreconditionFailure{}, &errdetails.QuotaFailure{},
	&errdetails.ResourceInfo{}, &errdetails.RetryInfo{}, &errdetails.RequestInfo{}, &errdetails.Help{},
}

// outsideOperations are the reasons that no call of an operation gets over REST.
var outsideOperations = []connsvcv1.ErrorReason{
	connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED, connsvcv1.ErrorReason_METHOD_NOT_FOUND,
	connsvcv1.ErrorReason_METHOD_NOT_ALLOWED, connsvcv1.ErrorReason_CALLER_CANCELLED,
}

// reasonsByStatus returns the reasons of each HTTP status.
func reasonsByStatus() map[int][]*apierror.Error {
	all := map[int][]*apierror.Error{}
	values := connsvcv1.ErrorReason(0).Descriptor().Values()
	for i := range values.Len() {
		reason := connsvcv1.ErrorReason(values.Get(i).Number())
		if e := apierror.New(reason, "", nil); !slices.Contains(outsideOperations, reason) {
			all[e.HTTPStatus] = append(all[e.HTTPStatus], e)
		}
	}
	// REST alone has a status of its own for a body that is compressed.
	all[http.StatusUnsupportedMediaType] = []*apierror.Error{apierror.New(connsvcv1.ErrorReason_VALIDATION_FAILED, "", nil)}
	return all
}

func responseName(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

// addErrors adds one response for each HTTP status, and the schemas of details.
func (p *pass) addErrors() {
	for status, reasons := range reasonsByStatus() {
		headers := openapi3.Headers{requestIDHeader: headerRef(requestIDHeader)}
		names := make([]string, len(reasons))
		for i, e := range reasons {
			names[i] = "`" + e.Reason.String() + "`"
			if e.RetryAfter > 0 {
				headers["Retry-After"] = headerRef("Retry-After")
			}
		}
		if status == http.StatusUnauthorized {
			headers["WWW-Authenticate"] = headerRef("WWW-Authenticate")
		}
		response := openapi3.NewResponse().
			WithDescription(fmt.Sprintf("%s. Reasons: %s.", http.StatusText(status), strings.Join(names, ", "))).
			WithJSONSchemaRef(openapi3.NewSchemaRef(schemaPath+"Error", nil))
		response.Headers = headers
		p.doc.Components.Responses[responseName(status)] = &openapi3.ResponseRef{Value: response}
	}
	anyDetail := openapi3.NewSchema()
	for _, detail := range details {
		md := detail.ProtoReflect().Descriptor()
		s := detailSchema(md)
		typeURL := openapi3.NewStringSchema()
		typeURL.Const = "type.googleapis.com/" + string(md.FullName())
		s.WithProperty("@type", typeURL)
		s.Required = append(s.Required, "@type")
		p.doc.Components.Schemas[string(md.Name())] = openapi3.NewSchemaRef("", s)
		anyDetail.OneOf = append(anyDetail.OneOf, openapi3.NewSchemaRef(schemaPath+string(md.Name()), nil))
	}
	info := p.doc.Components.Schemas["ErrorInfo"].Value
	info.Properties["reason"].Value.Enum = words(connsvcv1.ErrorReason(0).Descriptor())
	info.Properties["domain"].Value.Const = apierror.Domain
	info.Required = append(info.Required, "domain", "reason")
	p.doc.Components.Schemas["ErrorDetail"] = openapi3.NewSchemaRef("", anyDetail)
}

// detailSchema returns the schema of a message in protobuf's JSON, which details have.
func detailSchema(md protoreflect.MessageDescriptor) *openapi3.Schema {
	if md.FullName() == "google.protobuf.Duration" {
		return openapi3.NewStringSchema().WithPattern(`^[0-9]+([.][0-9]{1,9})?s$`)
	}
	s := openapi3.NewObjectSchema()
	for i := range md.Fields().Len() {
		field := md.Fields().Get(i)
		value := openapi3.NewStringSchema() // of 64-bit integers, too
		if field.Kind() == protoreflect.MessageKind {
			value = detailSchema(field.Message())
		}
		switch {
		case field.IsMap():
			value = openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewStringSchema())
		case field.IsList():
			value = openapi3.NewArraySchema().WithItems(value)
		}
		s.WithProperty(field.JSONName(), value)
	}
	return s
}

// words returns the names of an enum, but that of its zero.
func words(ed protoreflect.EnumDescriptor) []any {
	var all []any
	for i := range ed.Values().Len() {
		if v := ed.Values().Get(i); v.Number() != 0 {
			all = append(all, string(v.Name()))
		}
	}
	return all
}
