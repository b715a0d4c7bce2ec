package apierror

import (
	"regexp"
	"slices"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxPhrases limits the part of a text that is searched for phrases.
const maxPhrases = 1024

var (
	notExist     = regexp.MustCompile(`\b(does not exist|do not exist|doesn't exist|is not exist|not exist|not found|there is no|no such|no project)\b`)
	exists       = regexp.MustCompile(`\b(exists|already exist|duplicated?)\b`)
	objectExists = regexp.MustCompile(`\bthe object (already )?exists\b`) // documented (DLI.0006)
	beingCreated = regexp.MustCompile(`\b(being created|(is|are|in|status:?) creating|creating (state|status))\b`)
	failed       = regexp.MustCompile(`\b(failed|failure)\b`)
	thereIsNo    = regexp.MustCompile(`\b(?:(?:there is no|no such) (.*)|no (project\b.*))`)
	ofConnection = regexp.MustCompile(`\b(host|peer|peering|queue|pool|route|tag|vpc|subnet|network|table|ip|address|cidr)(s|es)?\b`)
	kindOfTest   = regexp.MustCompile(`\b(queue|project|connectivity|test|task|address|addressid)(s|es)?\b`)
	kindOfThing  = regexp.MustCompile(`\b(connection|queue|pool|route|vpc|subnet|network|project|user|agency|table)s?\b`)
)

// reasonOfText maps a text of DLI: something is missing, exists already or is being
// created. Missing comes first, as a name in the text may be "exists".
func reasonOfText(text string, s Subject) connsvcv1.ErrorReason {
	phrases := phrasesOf(text)
	switch {
	case notExist.MatchString(phrases):
		return missing(text, s)
	case nameExists(text, s):
		return connsvcv1.ErrorReason_NAME_TAKEN
	case s.Operation != CreateConnection && !s.tests() && beingCreated.MatchString(phrases):
		return connsvcv1.ErrorReason_CONNECTION_BUSY
	default:
		return NoReason
	}
}

// nameExists reports whether a text is about the name of what the call was to make: it
// is the documented one, or has the thing or its name. Of a connection's parts, a host or
// a peering may exist already, too.
func nameExists(text string, s Subject) bool {
	phrases := phrasesOf(text)
	thing, name := "connection", s.Name
	switch s.Operation {
	case CreateConnection:
	case CreateRoute:
		thing, name = "route", s.Route
	default:
		return false
	}
	parts := ofConnection.FindAllString(phrases, -1)
	switch {
	case notExist.MatchString(phrases) || !exists.MatchString(phrases):
		return false
	case objectExists.MatchString(phrases):
		return true
	case slices.ContainsFunc(parts, func(part string) bool { return !strings.HasPrefix(part, thing) }):
		return false
	}
	words := strings.FieldsFunc(phrases, func(r rune) bool { return !isNameRune(r) })
	return slices.ContainsFunc([]string{thing, "name", strings.ToLower(name)}, func(w string) bool { return slices.Contains(words, w) })
}

// missing is the reason of a missing resource, by the first kind of resource beside the
// phrase, as callers' names come after it; without one, by what the call is about.
func missing(text string, s Subject) connsvcv1.ErrorReason {
	where := missingPart(phrasesOf(text))
	if s.tests() {
		return missingOfTest(where)
	}
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

// missingOfTest is missing for a connectivity test, of which the queue or the test itself may
// be missing, but no connection.
func missingOfTest(where string) connsvcv1.ErrorReason {
	kind := ""
	if m := kindOfTest.FindStringSubmatch(where); m != nil {
		kind = m[1]
	}
	switch kind {
	case "project":
		return connsvcv1.ErrorReason_UPSTREAM_REFUSED
	case "queue":
		return connsvcv1.ErrorReason_QUEUE_NOT_FOUND
	default:
		return connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
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
