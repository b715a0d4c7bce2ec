// Package iam_test plays every way in which IAM, or what one project's credentials need,
// fails, and checks what a healthy project sees meanwhile. Over one emulator, which is DLI
// and IAM, each scene runs the whole service.
package iam_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// figures has TestFigures take the figures of docs/reliability.md, for about a minute.
var figures = flag.Bool("figures", false, "take the figures of docs/reliability.md")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}
