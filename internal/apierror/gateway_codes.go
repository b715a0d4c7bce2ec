package apierror

import (
	"net/http"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// reasonOfGateway maps an error of the API gateway in front of DLI by its code or by
// the HTTP status. Codes start with APIGW. in Huawei's shared gateway, with APIG. or
// APIC. in its products.
func reasonOfGateway(code string, httpStatus int) connsvcv1.ErrorReason {
	switch gatewayNumber(code) {
	case "0101":
		// The region does not have this API: the resource may exist all the same, so it
		// is no 404 for the caller.
		return connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED
	case "0201":
		return connsvcv1.ErrorReason_BODY_TOO_LARGE
	case "0202":
		return connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE
	case "0203":
		return connsvcv1.ErrorReason_UPSTREAM_TIMEOUT
	case "0301":
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	case "0302":
		return connsvcv1.ErrorReason_UPSTREAM_DENIED
	case "0308":
		return connsvcv1.ErrorReason_UPSTREAM_THROTTLED
	}
	switch httpStatus {
	case http.StatusUnauthorized:
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return connsvcv1.ErrorReason_BODY_TOO_LARGE
	case http.StatusTooManyRequests:
		return connsvcv1.ErrorReason_UPSTREAM_THROTTLED
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return connsvcv1.ErrorReason_UPSTREAM_TIMEOUT
	}
	return NoReason
}

func gatewayNumber(code string) string {
	prefix, number, _ := strings.Cut(code, ".")
	switch prefix {
	case "APIGW", "APIG", "APIC":
		return number
	default:
		return ""
	}
}
