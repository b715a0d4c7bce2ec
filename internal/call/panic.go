package call

import (
	"fmt"
	"runtime/debug"
)

// Recovered returns the error of a panic, from the value that recover has returned, with the
// stack. It wraps the value if that is an error.
func Recovered(value any) error {
	if err, ok := value.(error); ok {
		return fmt.Errorf("%w\n%s", err, debug.Stack())
	}
	return fmt.Errorf("%v\n%s", value, debug.Stack())
}
