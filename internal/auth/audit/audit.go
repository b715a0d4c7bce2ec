// Package audit writes the audit log: one JSON object a line for each change, and for each
// call that was rejected because of its caller. Records are written synchronously, so that
// none is lost when the process stops, and whatever the log level is. No record has a
// secret.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"golang.org/x/time/rate"
	"gopkg.in/natefinch/lumberjack.v2"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/watch"
)

const (
	// refusalsPerSecond limits the records of callers who are not known or who call too
	// often: a flood of them must not push the changes out of the files that are kept.
	refusalsPerSecond = 50
	refusalsBurst     = 500
	// alarmInterval is the time between two errors in the log.
	alarmInterval = time.Minute
)

// Options are what New needs beside the configuration.
type Options struct {
	Stdout io.Writer
	Dir    string // where a relative path starts
	Log    *slog.Logger
	Meter  metric.Meter
	Now    func() time.Time // nil: time.Now
}

// A Log is the audit log. It is safe for concurrent use; nil writes nothing.
type Log struct {
	refuses bool
	log     *slog.Logger
	records telemetry.Counter[string]
	now     func() time.Time

	mu         sync.Mutex
	out        io.Writer
	file       io.Closer // nil: standard output
	cut        bool      // the last line is not whole
	alarmed    time.Time
	refusals   *rate.Limiter
	suppressed int64
}

// New opens the log. Its error begins with the field of the configuration.
func New(cfg *configv1.Audit, o Options) (*Log, error) {
	if cfg == nil {
		return nil, nil
	}
	l := &Log{
		refuses: cfg.GetOnFailure() == configv1.Audit_REFUSE, log: o.Log, now: o.Now, out: o.Stdout,
		refusals: rate.NewLimiter(refusalsPerSecond, refusalsBurst),
	}
	if l.now == nil {
		l.now = time.Now
	}
	if path := watch.Path(o.Dir, cfg.GetFile()); path != "" {
		if err := check(path); err != nil {
			return nil, fmt.Errorf("audit.file: %w", err)
		}
		file := &lumberjack.Logger{Filename: path, MaxSize: int(cfg.GetMaxMegabytes()), MaxBackups: int(cfg.GetMaxBackups())}
		l.out, l.file = file, file
	}
	if l.out == nil {
		return nil, errors.New("audit.file: is required: there is no standard output")
	}
	var err error
	l.records, err = telemetry.NewCounter(o.Meter, "connsvc.audit.records", "Records of the audit log, by result.", "result", written, failed, suppressed)
	return l, err
}

// check opens the file once, so that a wrong path is found at the start.
func check(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// The results of records, as the metric names them.
const (
	written    = "written"
	failed     = "failed"
	suppressed = "suppressed"
)

func (l *Log) count(result string) { l.records.Add(context.Background(), result) }

// Refuses reports whether a change must not take place without a record.
func (l *Log) Refuses() bool { return l != nil && l.refuses }

// Write writes a record. If it cannot, it raises an alarm and returns the error.
func (l *Log) Write(ctx context.Context, r *Record) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.flood() && !l.refusals.AllowN(l.now(), 1) {
		l.suppressed++
		l.count(suppressed)
		return nil
	}
	r.Suppressed, l.suppressed = l.suppressed, 0
	line, err := json.Marshal(r)
	if err != nil {
		return l.alarm(ctx, err)
	}
	if l.cut {
		if _, err := l.out.Write([]byte("\n")); err != nil {
			return l.alarm(ctx, err)
		}
		l.cut = false
	}
	if n, err := l.out.Write(append(line, '\n')); err != nil {
		l.suppressed, l.cut = r.Suppressed, n > 0
		return l.alarm(ctx, err)
	}
	l.count(written)
	return nil
}

func (l *Log) alarm(ctx context.Context, err error) error {
	l.count(failed)
	if now := l.now(); now.Sub(l.alarmed) >= alarmInterval {
		l.alarmed = now
		l.log.ErrorContext(ctx, "the audit log cannot be written", "error", err.Error(), "changes_refused", l.refuses)
	}
	return fmt.Errorf("writing the audit log: %w", err)
}

// Close closes the file.
func (l *Log) Close() error {
	if l == nil || l.file == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
