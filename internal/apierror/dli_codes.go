package apierror

import (
	"net/http"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// NoReason is the reason of what a part of the map does not decide.
const NoReason = connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED

// reasonOfCode maps an error_code of DLI. DLI has several codes for one cause and one
// code for several, so the text decides where the code does not.
func reasonOfCode(code string, httpStatus int, text string, s Subject) connsvcv1.ErrorReason {
	if isIAMCode(code) {
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	}
	rejected := httpStatus < http.StatusInternalServerError
	if !rejected {
		// The text of a server's fault may be about anything. This one is documented for
		// a taken name (DLI.0999).
		if s.creates() && (code == "DLI.0006" || code == "DLI.0999" && objectExists.MatchString(phrasesOf(text))) {
			return connsvcv1.ErrorReason_NAME_TAKEN
		}
		return NoReason
	}
	switch code {
	case "DLI.0003", "DLI.0011", "DLI.0016":
		return connsvcv1.ErrorReason_UPSTREAM_DENIED
	case "DLI.0013", "DLI.0014", "DLI.0015":
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	case "DLI.1028":
		return connsvcv1.ErrorReason_UPSTREAM_QUOTA
	case "DLI.0019":
		return connsvcv1.ErrorReason_UPSTREAM_TIMEOUT
	case "DLI.0006":
		if s.creates() {
			return connsvcv1.ErrorReason_NAME_TAKEN
		}
		return connsvcv1.ErrorReason_UPSTREAM_REFUSED
	case "DLI.0002":
		return missing(text, s)
	case "DLI.0023":
		// Seen for a connection, though its text names none. A missing route is DLI.0002,
		// also for DeleteRoute.
		if s.Operation == DeleteRoute {
			s.Operation = Other
		}
		return missing(text, s)
	}
	if code == "" {
		return NoReason
	}
	if reason := reasonOfText(text, s); reason != NoReason {
		return reason
	}
	return reasonOfVagueCode(code, text, s)
}

// reasonOfVagueCode maps the codes that decide only where the text does not.
func reasonOfVagueCode(code, text string, s Subject) connsvcv1.ErrorReason {
	switch code {
	case "DLI.0001", "DLI.0018":
		return connsvcv1.ErrorReason_VALIDATION_FAILED
	case "DLI.0007", "DLI.0012":
		switch {
		case s.Operation == DeleteConnection:
			// DLI deletes every connection but one that is being created (dli_02_0188).
			return connsvcv1.ErrorReason_CONNECTION_BUSY
		case s.Operation == DisassociateQueues && failed.MatchString(phrasesOf(text)):
			return connsvcv1.ErrorReason_PEERING_FAILED
		case code == "DLI.0012":
			return connsvcv1.ErrorReason_RESOURCE_UNAVAILABLE
		}
		return connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED
	case "DLI.0009":
		return connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED
	case "DLI.0004", "DLI.0005", "DLI.0008", "DLI.0100", "DLI.0999":
		// SQL, metadata and results: not about any call of connsvc.
		return connsvcv1.ErrorReason_UPSTREAM_FAULT
	default:
		return NoReason
	}
}

// isDLICode reports whether a code has the documented form. Five-digit ones, as
// DLI.10001, are internal errors of DLI whatever the HTTP status.
func isDLICode(code string) bool {
	const digits = 4
	number, ok := strings.CutPrefix(code, "DLI.")
	return ok && len(number) == digits
}

// isIAMCode reports whether a code is IAM's: IAM.0007, or 1100 to 1118 in older
// responses. IAM knows connsvc's account, no caller.
func isIAMCode(code string) bool {
	return strings.HasPrefix(code, "IAM.") || len(code) == len("1100") && strings.HasPrefix(code, "11")
}
