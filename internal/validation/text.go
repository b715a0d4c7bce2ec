package validation

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// A byteSet is a set of ASCII characters.
type byteSet [256]bool

func setOf(characters string) *byteSet {
	var s byteSet
	for i := range len(characters) {
		s[characters[i]] = true
	}
	return &s
}

var (
	number       = setOf(digits)
	alphabetic   = setOf(letters)
	alphanumeric = setOf(letters + digits)
	word         = setOf(letters + digits + "_")
	hyphenated   = setOf(letters + digits + "_-")
	domainLabel  = setOf(letters + digits + "-")
	hostName     = setOf(letters + digits + "_.-")
	tagText      = setOf(letters + digits + " _.:+@-")
)

// only reports whether text consists of characters of the set.
func (s *byteSet) only(text string) bool {
	for i := range len(text) {
		if !s[text[i]] {
			return false
		}
	}
	return true
}

func isProjectID(s string) bool { return s != "" && len(s) <= 64 && alphanumeric.only(s) }

// IsConnectionName reports whether a connection can have the name.
func IsConnectionName(s string) bool { return s != "" && len(s) <= 64 && word.only(s) }

func isRouteName(s string) bool { return s != "" && len(s) <= 64 && hyphenated.only(s) }

func isHostName(s string) bool {
	return s != "" && len(s) <= 128 && alphabetic[s[0]] && hostName.only(s[1:])
}

func isPoolName(s string) bool {
	return len(s) <= 128 && word.only(s) && !number.only(s) && s[0] != '_'
}

func isQueueName(s string) bool { return isPoolName(s) && !strings.EqualFold(s, "default") }

func isPrivilegeObject(s string) bool {
	id, ok := strings.CutPrefix(s, ObjectPrefix)
	return ok && isUUID(id)
}

// isAddress tests for an IPv4 address or a domain name, and a port from 1 to 65535.
func isAddress(s string) bool {
	host, port, ok := strings.Cut(s, ":")
	if !ok || len(s) > 260 || len(port) > 5 || port == "" || port[0] == '0' || !number.only(port) {
		return false
	}
	if n, err := strconv.Atoi(port); err != nil || n > 65535 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || !domainLabel.only(label) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

func isTagKey(s string) bool {
	return s != "" && isTagText(s, 128) && s[0] != ' ' && s[len(s)-1] != ' ' && !strings.HasPrefix(s, "_sys_")
}

// isTagText tests for at most so many letters and numbers of any script and signs.
func isTagText(s string, most int) bool {
	n := 0
	for _, c := range s {
		if n++; n > most {
			return false
		}
		if c < utf8.RuneSelf && tagText[byte(c)] {
			continue
		}
		if c < utf8.RuneSelf || !unicode.IsLetter(c) && !unicode.IsNumber(c) {
			return false
		}
	}
	return true
}

// IsConnectionID reports whether a request can name a connection by the ID.
func IsConnectionID(s string) bool { return isUUID(s) }

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !isDigit(c) && (c|0x20 < 'a' || 'f' < c|0x20):
			return false
		}
	}
	return true
}

// isIPv4 wants four decimal numbers up to 255 without leading zeros.
func isIPv4(s string) bool {
	for octet := range 4 {
		if octet > 0 {
			if s == "" || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
		n, value := 0, 0
		for n < len(s) && n < 3 && isDigit(s[n]) {
			value = value*10 + int(s[n]-'0')
			n++
		}
		if n == 0 || n > 1 && s[0] == '0' || value > 255 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isCIDR tests for an address or a prefix, of IPv4 or IPv6, without a zone. It
// rejects a few unusual forms of IPv6 that protovalidate accepts.
func isCIDR(s string) bool {
	if len(s) > 64 {
		return false
	}
	if strings.Contains(s, "/") {
		_, err := netip.ParsePrefix(s)
		return err == nil
	}
	address, err := netip.ParseAddr(s)
	return err == nil && address.Zone() == ""
}

// isReserved tests for an address or a prefix in 100.64.0.0/10, also where it is
// mapped into IPv6.
func isReserved(s string) bool {
	const mapped = "::ffff:"
	if len(s) >= len(mapped) && strings.EqualFold(s[:len(mapped)], mapped) {
		s = s[len(mapped):]
	}
	s, first := strings.CutPrefix(s, "100.")
	octet, _, second := strings.Cut(s, ".")
	if !first || !second {
		return false
	}
	n, err := strconv.Atoi(octet)
	return err == nil && 64 <= n && n <= 127
}
