package apierror

import (
	"net/http"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// NoReason is the reason of what a part of the map does not know.
const NoReason = connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED

// reasonOfCode places an error_code of DLI. DLI uses several codes for one fact
// and one code for several, so the text decides where a code leaves it open.
func reasonOfCode(code string, httpStatus int, text string, s Subject) connsvcv1.ErrorReason {
	if isIAMCode(code) {
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	}
	refused := httpStatus < http.StatusInternalServerError
	if !refused {
		// The text of a server's own fault may speak of anything. This one is
		// documented as an answer about a name (DLI.0999).
		if code == "DLI.0006" || code == "DLI.0999" && objectExists(text) {
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
		return connsvcv1.ErrorReason_NAME_TAKEN
	case "DLI.0002":
		return missing(text, s)
	case "DLI.0023":
		// Seen for a connection, though its text names none; a missing route, which
		// a DeleteRoute would suggest, is DLI.0002.
		s.Operation = Other
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

// reasonOfVagueCode places the codes that say something only where the text does
// not say more.
func reasonOfVagueCode(code, text string, s Subject) connsvcv1.ErrorReason {
	switch code {
	case "DLI.0001", "DLI.0018":
		return connsvcv1.ErrorReason_VALIDATION_FAILED
	case "DLI.0007", "DLI.0012":
		switch {
		case s.Operation == DeleteConnection:
			// A connection that is being created is the only one that DLI does not
			// delete (dli_02_0188).
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
		// SQL, metadata and results: nothing that a call of connsvc has to do with.
		return connsvcv1.ErrorReason_UPSTREAM_FAULT
	default:
		return NoReason
	}
}

// isDLICode tells a code of the documented form. The five-digit ones, as
// DLI.10001, are internal errors of DLI whatever the HTTP status.
func isDLICode(code string) bool {
	const digits = 4
	number, ok := strings.CutPrefix(code, "DLI.")
	return ok && len(number) == digits
}

// isIAMCode tells a code of IAM, who knows connsvc's account and no caller:
// IAM.0007, or 1100 to 1118 in older answers.
func isIAMCode(code string) bool {
	return strings.HasPrefix(code, "IAM.") || len(code) == len("1100") && strings.HasPrefix(code, "11")
}
