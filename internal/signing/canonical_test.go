package signing

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

// The example of Huawei Cloud's signing guide (api-sign-algorithm-002): its
// canonical request is public, its secret key is not.
func TestCanonicalRequestOfTheGuide(t *testing.T) {
	const want = "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
	canonical, ok := appendCanonical(nil, canonicalInput{
		method:   "GET",
		path:     "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
		rawQuery: "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
		host:     "service.region.example.com",
		header: http.Header{
			"Content-Type": {"application/json"},
			"X-Sdk-Date":   {"20191115T033655Z"},
		},
		body:   sha256.Sum256(nil),
		signed: []header{{"content-type", "Content-Type"}, {"host", ""}, {"x-sdk-date", "X-Sdk-Date"}},
	})
	if !ok {
		t.Fatal("the query was taken for malformed")
	}
	hash := sha256.Sum256(canonical)
	if got := hex.EncodeToString(hash[:]); got != want {
		t.Errorf("hash %s, want %s, of\n%s", got, want, canonical)
	}
}

func TestCanonicalPath(t *testing.T) {
	for path, want := range map[string]string{
		"":                  "/",
		"/":                 "/",
		"/a":                "/a/",
		"/a/":               "/a/",
		"//a":               "//a/",
		"/a b:c":            "/a%20b%3Ac/",
		"/A-z_0.9~":         "/A-z_0.9~/",
		"/é/\xff":           "/%C3%A9/%FF/",
		"/..%":              "/..%25/",
		"*":                 "%2A/",
		"/v3/p/routes/a+b*": "/v3/p/routes/a%2Bb%2A/",
	} {
		if got := string(appendPath(nil, path)); got != want {
			t.Errorf("path %q: %q, want %q", path, got, want)
		}
	}
}

func TestCanonicalQuery(t *testing.T) {
	for raw, want := range map[string]string{
		"":                        "",
		"a":                       "a=",
		"a=":                      "a=",
		"b=2&a=1":                 "a=1&b=2",
		"a=2&a=10&a=1":            "a=1&a=10&a=2",
		"&a=1&&b=2&":              "a=1&b=2",
		"=1":                      "=1",
		"a=b=c":                   "a=b%3Dc",
		"a=x+y&b=x%20y&c=x%2By":   "a=x%20y&b=x%20y&c=x%2By",
		"tags=k1%3Dv%201%2Ck2%3D": "tags=k1%3Dv%201%2Ck2%3D",
		"a%2Db=1&a=2":             "a=2&a-b=1",
		"é=ü;1":                   "%C3%A9=%C3%BC%3B1",
		"enable=true&limit=1&multi=3&multi=1&multi=2&path=/tmp/123&test=%E4%B8%80%20(%26%3D%3F!%23%25.*)": "enable=true&limit=1&" +
			"multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29",
	} {
		got, ok := appendQuery(nil, raw)
		if string(got) != want || !ok {
			t.Errorf("query %q: %q, %t, want %q, true", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"%", "a=%", "a=%2", "a=%zz", "%zz=a", "b=1&a=%"} {
		if got, ok := appendQuery(nil, raw); ok {
			t.Errorf("query %q was taken, as %q", raw, got)
		}
	}
}

func TestCanonicalHeaders(t *testing.T) {
	in := canonicalInput{host: " example.com ", header: http.Header{
		"X-Many": {"b ", "a"}, "X-Empty": {""}, "X-Space": {" \t x  y "},
	}}
	var got []byte
	for _, h := range []header{
		{"host", ""},
		{"x-absent", "X-Absent"},
		{"x-empty", "X-Empty"},
		{"x-many", "X-Many"},
		{"x-space", "X-Space"},
	} {
		got = appendHeader(got, h, in)
	}
	want := "host:example.com\nx-empty:\nx-many:a\nx-many:b\nx-space:x  y\n"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if in.header["X-Many"][0] != "b " {
		t.Error("the request's values were reordered")
	}
}

func TestSignableIsSorted(t *testing.T) {
	for i := 1; i < len(signable); i++ {
		if strings.Compare(signable[i-1].name, signable[i].name) >= 0 {
			t.Errorf("%s stands before %s", signable[i-1].name, signable[i].name)
		}
	}
}
