package service

import (
	"regexp"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxPhrases is how much of a text is read for phrases; what matters stands first.
const maxPhrases = 1024

var (
	notExist        = regexp.MustCompile(`\b(does not exist|do not exist|doesn't exist|is not exist|not exist|not found|there is no)\b`)
	exists          = regexp.MustCompile(`\b(the object exists|exists|already exist|already been used|duplicated?)\b`)
	beingCreated    = regexp.MustCompile(`\b(being created|(is|are|in|status:?) creating|creating (state|status))\b`)
	connectionNoun  = regexp.MustCompile(`\bconnections?\b`)
	queueNoun       = regexp.MustCompile(`\bqueues?\b`)
	poolNoun        = regexp.MustCompile(`\bpools?\b`)
	otherNoun       = regexp.MustCompile(`\b(routes?|vpcs?|subnets?|networks?|projects?|users?|agency|tables?)\b`)
	queueNameLeadIn = regexp.MustCompile(`\bno queue named\b`)
)

// reasonOfText places what DLI's text alone tells: that something is missing, is
// there already or is being created. Missing comes first: "does not exist" tells
// it, and a name that the text quotes may be "exists".
func reasonOfText(text string, s subject) connsvcv1.ErrorReason {
	phrases := phrasesOf(text)
	switch {
	case notExist.MatchString(phrases):
		return missing(text, s)
	case exists.MatchString(phrases):
		return connsvcv1.ErrorReason_NAME_TAKEN
	case s.operation != createConnection && beingCreated.MatchString(phrases):
		return connsvcv1.ErrorReason_CONNECTION_BUSY
	default:
		return unplaced
	}
}

func objectExists(text string) bool {
	phrases := phrasesOf(text)
	return !notExist.MatchString(phrases) && exists.MatchString(phrases)
}

// missing says what it is that DLI misses: the noun before the phrase; without
// one, what the call is about.
func missing(text string, s subject) connsvcv1.ErrorReason {
	phrases := phrasesOf(text)
	if queueNameLeadIn.MatchString(phrases) {
		return connsvcv1.ErrorReason_QUEUE_NOT_FOUND
	}
	if at := notExist.FindStringIndex(phrases); at != nil && !strings.HasPrefix(phrases[at[0]:], "there is no") {
		phrases = phrases[:at[0]]
	}
	switch {
	case connectionNoun.MatchString(phrases), s.connectionID != "" && strings.Contains(phrases, strings.ToLower(s.connectionID)):
		return connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
	case poolNoun.MatchString(phrases):
		return connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND
	case queueNoun.MatchString(phrases):
		return connsvcv1.ErrorReason_QUEUE_NOT_FOUND
	case otherNoun.MatchString(phrases), s.operation == deleteRoute, s.connectionID == "":
		return connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
	default:
		return connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
	}
}

func phrasesOf(text string) string {
	return strings.ToLower(text[:min(len(text), maxPhrases)])
}
