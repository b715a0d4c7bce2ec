package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

func TestSecretRead(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"plain": "HIDDEN", "lf": "HIDDEN\n", "crlf": "HIDDEN\r\n", "spaces": " HIDDEN ", "two lines": "HIDDEN\n\n",
		"cr": "HIDDEN\r", "empty": "", "blank": " \n", "large": strings.Repeat("HIDDEN", 11_000),
		"largest": strings.Repeat("x", 64<<10), "larger": strings.Repeat("x", 64<<10+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environment := map[string]string{"TOKEN": "HIDDEN", "EMPTY": "", "BLANK": "\t ", "LINE": "HIDDEN\n"}
	secrets := config.Secrets{Dir: dir, LookupEnv: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}}
	for _, c := range []struct {
		name   string
		secret *configv1.Secret
		want   string
		err    string // a part of the error
	}{
		{"variable", env("TOKEN"), "HIDDEN", ""},
		{"variable missing", env("MISSING"), "", "environment variable MISSING is not set"},
		{"variable empty", env("EMPTY"), "", "environment variable EMPTY is empty"},
		{"variable blank", env("BLANK"), "", "environment variable BLANK is empty"},
		{"variable with line end", env("LINE"), "", "environment variable LINE contains a line end"},
		{"file", file("plain"), "HIDDEN", ""},
		{"file below the folder", file("./plain"), "HIDDEN", ""},
		{"file by absolute path", file(filepath.Join(dir, "plain")), "HIDDEN", ""},
		{"file with LF", file("lf"), "HIDDEN", ""},
		{"file with CRLF", file("crlf"), "HIDDEN", ""},
		{"file with spaces", file("spaces"), " HIDDEN ", ""},
		{"file of 64 KiB", file("largest"), strings.Repeat("x", 64<<10), ""},
		{"file with two line ends", file("two lines"), "", "two lines contains a line end"},
		{"file with CR", file("cr"), "", "cr contains a line end"},
		{"file empty", file("empty"), "", "empty is empty"},
		{"file blank", file("blank"), "", "blank is empty"},
		{"file too large", file("large"), "", "large: larger than 65536 bytes"},
		{"file one byte too large", file("larger"), "", "larger: larger than 65536 bytes"},
		{"file missing", file("missing"), "", filepath.Join(dir, "missing")},
		{"folder", file("."), "", "is a directory"},
		{"neither", &configv1.Secret{}, "", "set exactly one of file, env"},
		{"nil", nil, "", "set exactly one of file, env"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := secrets.Read(c.secret)
			if got != c.want {
				t.Errorf("Read = %.20q, want %.20q", got, c.want)
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if err != nil && strings.Contains(err.Error(), "HIDDEN") {
				t.Error("the error holds the secret")
			}
		})
	}
}
