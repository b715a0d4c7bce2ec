package chain

import "github.com/google/uuid"

const maxRequestID = 128

// RequestID returns the ID that a caller sent, if it is safe to log and to send back, else
// a new one.
func RequestID(sent string) string {
	if isRequestID(sent) {
		return sent
	}
	return uuid.NewString()
}

func isRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		if b := id[i]; !isAlphanumeric(b) && b != '-' && b != '_' && b != '.' && b != ':' && b != '/' && b != '+' && b != '=' && b != '@' {
			return false
		}
	}
	return true
}
