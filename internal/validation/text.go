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

// A set of bytes.
type set [256]bool

func setOf(characters string) *set {
	var s set
	for i := range len(characters) {
		s[characters[i]] = true
	}
	return &s
}

func (s *set) holdsAll(text string) bool {
	for i := range len(text) {
		if !s[text[i]] {
			return false
		}
	}
	return true
}

// made tests for texts of some length made of some ASCII characters.
func made(least, most int, characters string) func(string) bool {
	of := setOf(characters)
	return func(s string) bool { return least <= len(s) && len(s) <= most && of.holdsAll(s) }
}

func isHostName(most int) func(string) bool {
	first, rest := setOf(letters), setOf(letters+digits+"_.-")
	return func(s string) bool { return s != "" && len(s) <= most && first[s[0]] && rest.holdsAll(s[1:]) }
}

func isQueueName(most int) func(string) bool {
	of, number := setOf(letters+digits+"_"), setOf(digits)
	return func(s string) bool {
		return len(s) <= most && of.holdsAll(s) && !number.holdsAll(s) && s[0] != '_'
	}
}

// isTagText tests for texts of some length, in characters, of letters and numbers
// of any script and some signs.
func isTagText(least, most int) func(string) bool {
	ascii := setOf(letters + digits + " _.:+@-")
	return func(s string) bool {
		n := 0
		for _, c := range s {
			if n++; n > most {
				return false
			}
			if c < utf8.RuneSelf && ascii[byte(c)] {
				continue
			}
			if c < utf8.RuneSelf || !unicode.IsLetter(c) && !unicode.IsNumber(c) {
				return false
			}
		}
		return n >= least
	}
}

// noLongerThan counts characters, as protovalidate does.
func noLongerThan(most uint64) func(string) bool {
	return func(s string) bool {
		n := uint64(len(s))
		return n <= most || n/utf8.UTFMax <= most && uint64(utf8.RuneCountInString(s)) <= most //nolint:gosec // not negative
	}
}

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

// isCIDR tests for an address or a prefix, of IPv4 or IPv6, without a zone.
func isCIDR(most int) func(string) bool {
	return func(s string) bool {
		if len(s) > most {
			return false
		}
		if strings.Contains(s, "/") {
			_, err := netip.ParsePrefix(s)
			return err == nil
		}
		address, err := netip.ParseAddr(s)
		return err == nil && address.Zone() == ""
	}
}

// isReserved tests for the start of an address in 100.64.0.0/10, also where it is
// mapped into IPv6.
func isReserved(s string) bool {
	const mapped = "::ffff:"
	if len(s) >= len(mapped) && strings.EqualFold(s[:len(mapped)], mapped) {
		s = s[len(mapped):]
	}
	s, first := strings.CutPrefix(s, "100.")
	octet, _, second := strings.Cut(s, ".")
	if !first || !second || octet == "" || octet[0] == '0' || octet[0] == '+' {
		return false
	}
	n, err := strconv.Atoi(octet)
	return err == nil && 64 <= n && n <= 127
}

// uniqueTexts tests for a list without the same text twice.
func uniqueTexts(list []string) bool {
	return distinct(len(list), func(i int) string { return list[i] })
}

// distinct tests n texts for being different.
func distinct(n int, text func(int) string) bool {
	const few = 16 // of which comparing all pairs costs less than a map
	if n <= few {
		for i := range n {
			for j := range i {
				if text(i) == text(j) {
					return false
				}
			}
		}
		return true
	}
	seen := make(map[string]struct{}, n)
	for i := range n {
		seen[text(i)] = struct{}{}
	}
	return len(seen) == n
}
