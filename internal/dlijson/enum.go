package dlijson

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// An enum travels as the name of its value. The zero value has no name in DLI.

// enumNumber returns the value with a name, in any case of letters.
func enumNumber(enum protoreflect.EnumDescriptor, name string) (protoreflect.EnumNumber, bool) {
	for i := range enum.Values().Len() {
		if v := enum.Values().Get(i); v.Number() != 0 && equalFoldASCII(string(v.Name()), name) {
			return v.Number(), true
		}
	}
	return 0, false
}

func enumName(enum protoreflect.EnumDescriptor, number protoreflect.EnumNumber) (string, bool) {
	v := enum.Values().ByNumber(number)
	if v == nil || number == 0 {
		return "", false
	}
	return string(v.Name()), true
}

func unknownName(enum protoreflect.EnumDescriptor, offset int64) *Error {
	var names []string
	for i := range enum.Values().Len() {
		if v := enum.Values().Get(i); v.Number() != 0 {
			names = append(names, string(v.Name()))
		}
	}
	return &Error{Kind: Type, Offset: offset, Message: "expected one of " + strings.Join(names, ", ") + ", got another word"}
}

// equalFoldASCII is strings.EqualFold for ASCII letters only: to that function
// "BAſIC" equals BASIC.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if upper(a[i]) != upper(b[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
