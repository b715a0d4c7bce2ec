package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/go-cmp/cmp"
)

// jsonDiff compares two JSON texts, numbers digit by digit.
func jsonDiff(wanted, got []byte) string {
	w, err := anyJSON(wanted)
	if err != nil {
		return fmt.Sprintf("wanted is no JSON: %v", err)
	}
	g, err := anyJSON(got)
	if err != nil {
		return fmt.Sprintf("got no JSON (%v): %.200q", err, got)
	}
	return cmp.Diff(w, g)
}

func anyJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows it")
	}
	return v, nil
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
