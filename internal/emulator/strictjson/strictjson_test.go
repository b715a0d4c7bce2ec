package strictjson_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator/strictjson"
)

type inner struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

type outer struct {
	Text   string   `json:"text"`
	Number int      `json:"number,omitzero"`
	Flag   bool     `json:"flag"`
	Words  []string `json:"words"`
	Inner  inner    `json:"inner"`
	Maybe  *inner   `json:"maybe"`
	List   []inner  `json:"list"`
}

func TestUnmarshal(t *testing.T) {
	value := "v"
	for document, want := range map[string]outer{
		`{}`: {},
		`{"text":null,"number":null,"flag":null,"words":null,"inner":null,"maybe":null,"list":null}`: {},
		` {"text":"\u00e4","number":-1,"flag":true,"words":["a",""]}` + "\n":                         {Text: "ä", Number: -1, Flag: true, Words: []string{"a", ""}},
		`{"inner":{"name":"n"},"maybe":{},"list":[{"value":"v"},{}]}`: {
			Inner: inner{Name: "n"}, Maybe: &inner{}, List: []inner{{Value: &value}, {}},
		},
		`{"words":[],"list":[]}`: {Words: []string{}, List: []inner{}},
		`{"te\u0078t":"t"}`:      {Text: "t"},
	} {
		var got outer
		err := strictjson.Unmarshal([]byte(document), &got)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", document, err, diff)
		}
	}
}

func TestUnmarshalRejects(t *testing.T) {
	for document, want := range map[string]string{
		``:                                "body: unexpected EOF",
		`null`:                            "body: must be a JSON object",
		`[]`:                              "body: must be a JSON object",
		`"text"`:                          "body: must be a JSON object",
		`{} {}`:                           "body: must end after the JSON object",
		`{}]`:                             "body: must end after the JSON object",
		`{`:                               "body: unexpected EOF",
		`{"text":"a",}`:                   "body: ",
		`{"text":"a" "number":1}`:         "body: ",
		`{"text" "a"}`:                    "text: ",
		`{1:2}`:                           "body: ",
		`{"text":"a]`:                     "text: unexpected EOF",
		"{\"text\":\"\xff\"}":             "body: invalid UTF-8",
		`{"Text":"a"}`:                    "Text: there is no such field",
		`{"":"a"}`:                        "body: there is no such field",
		`{"text":"a","te\u0078t":"b"}`:    "text: is given twice",
		`{"text":null,"text":null}`:       "text: is given twice",
		`{"text":1}`:                      "text: must not be a JSON number",
		`{"text":{"a":1}}`:                "text: must not be a JSON object",
		`{"number":"1"}`:                  "number: must not be a JSON string",
		`{"number":1.5}`:                  "number: must not be a JSON number 1.5",
		`{"flag":"true"}`:                 "flag: must not be a JSON string",
		`{"words":"a"}`:                   "words: must be a JSON list",
		`{"words":["a",null]}`:            "words[1]: must not be null",
		`{"words":["a",1]}`:               "words[1]: must not be a JSON number",
		`{"words":["a",]}`:                "words",
		`{"words":["a"}`:                  "words: ",
		`{"inner":[]}`:                    "inner: must be a JSON object",
		`{"inner":{"nmae":"n"}}`:          "inner.nmae: there is no such field",
		`{"list":[{},null]}`:              "list[1]: must not be null",
		`{"list":[{},{"value":[]}]}`:      "list[1].value: must not be a JSON array",
		`{"maybe":{"name":"","name":""}}`: "maybe.name: is given twice",
	} {
		err := strictjson.Unmarshal([]byte(document), &outer{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", document, err, want)
		}
	}
}

// Whatever is accepted, encoding/json reads alike.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"text":"a","number":1,"flag":true,"words":["a"],"inner":{"name":"n"},"maybe":null,"list":[{"value":""}]}`))
	f.Add([]byte(`{"list":[{"value":null},{}],"words":[1]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		var got, want outer
		if strictjson.Unmarshal(document, &got) != nil {
			return
		}
		if err := json.Unmarshal(document, &want); err != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: read as %+v, want %+v (%v)", document, got, want, err)
		}
	})
}
