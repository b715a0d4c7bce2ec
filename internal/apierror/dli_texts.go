package apierror

import (
	"regexp"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxPhrases limits the part of a text that is searched for phrases.
const maxPhrases = 1024

var (
	notExist     = regexp.MustCompile(`\b(does not exist|do not exist|doesn't exist|is not exist|not exist|not found|there is no|no such|no project)\b`)
	exists       = regexp.MustCompile(`\b(exists|already exist|duplicated?)\b`)
	beingCreated = regexp.MustCompile(`\b(being created|(is|are|in|status:?) creating|creating (state|status))\b`)
	failed       = regexp.MustCompile(`\b(failed|failure)\b`)
	thereIsNo    = regexp.MustCompile(`\b(?:(?:there is no|no such) (.*)|no (project\b.*))`)
	kindOfThing  = regexp.MustCompile(`\b(connection|queue|pool|route|vpc|subnet|network|project|user|agency|table)s?\b`)
)

// reasonOfText maps a text of DLI: something is missing, exists already or is being
// created. Missing comes first, as a name in the text may be "exists".
func reasonOfText(text string, s Subject) connsvcv1.ErrorReason {
	phrases := phrasesOf(text)
	switch {
	case notExist.MatchString(phrases):
		return missing(text, s)
	case exists.MatchString(phrases):
		return connsvcv1.ErrorReason_NAME_TAKEN
	case s.Operation != CreateConnection && beingCreated.MatchString(phrases):
		return connsvcv1.ErrorReason_CONNECTION_BUSY
	default:
		return NoReason
	}
}

func objectExists(text string) bool {
	phrases := phrasesOf(text)
	return !notExist.MatchString(phrases) && exists.MatchString(phrases)
}

// missing is the reason of a missing resource, by the first kind of resource beside the
// phrase, as callers' names come after it; without one, by what the call is about.
func missing(text string, s Subject) connsvcv1.ErrorReason {
	where := missingPart(phrasesOf(text))
	kind := ""
	if m := kindOfThing.FindStringSubmatch(where); m != nil {
		kind = m[1]
	}
	switch {
	case kind == "project", !s.Change && (s.ConnectionID == "" || kind != "" && kind != "connection"):
		// On a read, NOT_FOUND says that the connection is gone.
		return connsvcv1.ErrorReason_UPSTREAM_REFUSED
	case kind == "queue":
		return connsvcv1.ErrorReason_QUEUE_NOT_FOUND
	case kind == "pool":
		return connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND
	case kind == "connection":
		return connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
	case kind != "", s.ConnectionID == "":
		return connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
	case s.Operation == DeleteRoute && !strings.Contains(where, strings.ToLower(s.ConnectionID)):
		return connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
	default:
		return connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
	}
}

// missingPart is the part of a text that names the missing resource: what follows in
// "There is no queue named a", what precedes in "Connection b does not exist for queue
// c".
func missingPart(phrases string) string {
	if m := thereIsNo.FindStringSubmatch(phrases); m != nil {
		return m[1] + m[2]
	}
	if at := notExist.FindStringIndex(phrases); at != nil {
		return phrases[:at[0]]
	}
	return phrases
}

func phrasesOf(text string) string {
	return strings.ToLower(text[:min(len(text), maxPhrases)])
}
