package create

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// made is the response where DLI gave one.
func (n *creation) made(resp *connsvcv1.CreateEnhancedConnectionResponse) *connsvcv1.CreateEnhancedConnectionResponse {
	resp.IsSuccess = true
	addWarning(resp, n.warning)
	return resp
}

// found is the response where DLI gave none, but its lists show the connection.
func (n *creation) found(ctx context.Context, conn *connsvcv1.EnhancedConnection, how outcome) *connsvcv1.CreateEnhancedConnectionResponse {
	n.outcomes.Add(ctx, how)
	resp := &connsvcv1.CreateEnhancedConnectionResponse{
		IsSuccess: true, ConnectionId: conn.GetId(), Reconciled: proto.Bool(true),
	}
	addWarning(resp, n.warning)
	return resp
}

// warn adds to the warning of the response, once.
func (n *creation) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if strings.Contains(n.warning, text) {
		return
	}
	if n.warning != "" {
		n.warning += "; "
	}
	n.warning += text
}

func addWarning(resp *connsvcv1.CreateEnhancedConnectionResponse, text string) {
	if before := resp.GetWarning(); before != "" && text != "" {
		text = before + "; " + text
	}
	if text != "" {
		resp.Warning = proto.String(text)
	}
}

// takenBy is the error where the name is proven to be another connection's.
func (n *creation) takenBy(ctx context.Context, holders []*connsvcv1.EnhancedConnection, taken error) error {
	e := apierror.From(taken)
	n.describe(e, holders)
	if len(holders) > 0 {
		n.outcomes.Add(ctx, differs)
	}
	return e
}

// unknown is the error where nothing proves the outcome.
func (n *creation) unknown(ctx context.Context, cause error) error {
	n.outcomes.Add(ctx, notFound)
	return n.outcomeUnknown(cause)
}

// outcomeUnknown is the error of an unknown outcome. It describes what was seen. If the
// request_id is not stored it does not ask for a retry, which would not recognise what was
// made.
func (n *creation) outcomeUnknown(cause error) error {
	e := apierror.From(cause)
	if apierror.ReasonOf(cause) != connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN {
		e = apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", cause)
	}
	if n.notStored != "" {
		e.Message = "the outcome of the create is unknown, and request_id is not stored (" + n.notStored + "): list by name before creating again"
	}
	n.describe(e, n.seen.byAge(nil))
	return e
}

// describe adds to an error the connection that has the name and the fields in which it
// differs; of several that the caller may see the one that differs least.
func (n *creation) describe(e *apierror.Error, holders []*connsvcv1.EnhancedConnection) {
	e.Metadata = map[string]string{}
	if n.notStored != "" {
		e.Metadata["request_id_stored"] = "false"
	}
	holders = slices.DeleteFunc(slices.Clone(holders), func(c *connsvcv1.EnhancedConnection) bool { return !n.sees(c) })
	if len(holders) == 0 {
		return
	}
	conn := slices.MinFunc(holders, func(a, b *connsvcv1.EnhancedConnection) int {
		return cmp.Compare(len(differences(n.req, a)), len(differences(n.req, b)))
	})
	fields := differences(n.req, conn)
	e.Resource = &apierror.Resource{Type: apierror.TypeConnection, Name: conn.GetId(), Description: "has the name " + conn.GetName()}
	e.Metadata["existing_connection_id"] = conn.GetId()
	e.Metadata["same_spec"] = strconv.FormatBool(len(fields) == 0)
	if len(fields) > 0 {
		e.Metadata["differs"] = strings.Join(fields, ",")
	}
}

// isCode reports whether DLI's response had the error_code.
func isCode(err error, code string) bool {
	r := apierror.From(err).Response
	return r != nil && r.Code == code
}
