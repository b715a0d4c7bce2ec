package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/watch"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sums := map[any]string{}
	differs := func(name string) watch.Content {
		c := watch.Read(8, a, "", b)
		if other, ok := sums[c.Sum]; ok {
			t.Errorf("%s has the hash of %s", name, other)
		}
		sums[c.Sum] = name
		return c
	}
	if c := differs("nothing"); strings.Count(c.Err.Error(), "no such file") != 2 {
		t.Errorf("both are missing: %v", c.Err)
	}
	write(a, "12345678")
	if c := differs("one file"); !errors.Is(c.Err, os.ErrNotExist) {
		t.Errorf("one is missing: %v", c.Err)
	}
	write(b, "")
	c := differs("two files")
	if diff := cmp.Diff([][]byte{[]byte("12345678"), nil, {}}, c.Files); diff != "" || c.Err != nil {
		t.Errorf("error %v, files (-want +got):\n%s", c.Err, diff)
	}
	write(a, "1234567")
	write(b, "8")
	differs("the same bytes in other files")
	write(a, "123456789")
	if c := differs("too large"); c.Err == nil || !strings.Contains(c.Err.Error(), "larger than 8 bytes") {
		t.Errorf("one is too large: %v", c.Err)
	}
}

func TestReadArgument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want, wantErr string
		limit               int64
	}{
		{path, "of a file", "", 9},
		{path, "", path + ": larger than 8 bytes", 8},
		{"-", "of stdin", "", 8},
		{"-", "", "standard input: larger than 7 bytes", 7},
	} {
		got, err := watch.ReadArgument(c.path, strings.NewReader("of stdin"), c.limit)
		if string(got) != c.want || (err == nil) != (c.wantErr == "") || err != nil && err.Error() != c.wantErr {
			t.Errorf("%s, at most %d bytes: %q, error %v", c.path, c.limit, got, err)
		}
	}
}

func TestConsistent(t *testing.T) {
	failed := errors.New("failed")
	for _, tt := range []struct {
		name     string
		readings string // '!' is an error
		want     string
		wantErr  error
		reads    int
	}{
		{"at rest", "aa", "a", nil, 2},
		{"changes between", "abb", "b", nil, 3},
		{"fails at first", "!bb", "b", nil, 3},
		{"fails always", "!!!!", "", failed, 4},
		{"never at rest", "abcd", "d", nil, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reads := 0
			got, err := watch.Consistent(func() (string, error) {
				reads++
				if tt.readings[reads-1] == '!' {
					return "", failed
				}
				return tt.readings[reads-1 : reads], nil
			})
			if got != tt.want || !errors.Is(err, tt.wantErr) || reads != tt.reads {
				t.Errorf("%q, %v after %d readings; want %q, %v after %d", got, err, reads, tt.want, tt.wantErr, tt.reads)
			}
		})
	}
}

// TestRun changes what is read at times, and compares what Changed gets and when.
func TestRun(t *testing.T) {
	type event struct {
		at   time.Duration
		text string
	}
	for _, tt := range []struct {
		name     string
		interval time.Duration
		writes   []event
		signal   time.Duration // 0: none
		again    int           // how often Changed asks for more
		want     []event
	}{
		{"nothing changes", 5 * time.Second, nil, 0, 0, nil},
		{"settles", 5 * time.Second, []event{{time.Second, "new"}}, 0, 0, []event{{6 * time.Second, "new"}}},
		{"is written in parts", 5 * time.Second, []event{{4500 * time.Millisecond, "n"}, {5500 * time.Millisecond, "new"}}, 0, 0, []event{{7 * time.Second, "new"}}},
		{"is as before when it settles", 5 * time.Second, []event{{4 * time.Second, "n"}, {5500 * time.Millisecond, "old"}}, 0, 0, nil},
		{"changes back later", 5 * time.Second, []event{{time.Second, "new"}, {8 * time.Second, "old"}}, 0, 0, []event{{6 * time.Second, "new"}, {12 * time.Second, "old"}}},
		{"short interval", 10 * time.Millisecond, []event{{time.Second + time.Millisecond, "new"}}, 0, 0, []event{{time.Second + 20*time.Millisecond, "new"}}},
		{"is wanted again", 5 * time.Second, []event{{time.Second, "new"}}, 0, 2, []event{{6 * time.Second, "new"}, {11 * time.Second, "new"}, {16 * time.Second, "new"}}},
		{"signal", 5 * time.Second, []event{{time.Second, "new"}}, 2 * time.Second, 0, []event{{2 * time.Second, "new, signalled"}}},
		{"signal without a change", 5 * time.Second, nil, 2 * time.Second, 0, []event{{2 * time.Second, "old, signalled"}}},
		{"never polls", 0, []event{{time.Second, "new"}}, time.Minute, 0, []event{{time.Minute, "new, signalled"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			write := func(text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("old")
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
				defer stop()
				for _, w := range tt.writes {
					time.AfterFunc(w.at, func() { write(w.text) })
				}
				signals := make(chan os.Signal, 1)
				if tt.signal > 0 {
					time.AfterFunc(tt.signal, func() { signals <- syscall.SIGHUP })
				}
				var got []event
				read := func() watch.Content { return watch.Read(100, path) }
				watch.Watcher{
					Read:     read,
					Interval: func() time.Duration { return tt.interval },
					Signals:  signals,
					Changed: func(c watch.Content, signalled bool) bool {
						text := string(c.Files[0])
						if signalled {
							text += ", signalled"
						}
						got = append(got, event{time.Since(start), text})
						return len(got) <= tt.again
					},
				}.Run(ctx, read().Sum)
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(event{})); diff != "" {
					t.Errorf("Changed got (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestRunFollowsLinks swaps a symlink as Kubernetes does: the file's times and size
// stay the same.
func TestRunFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	swap := func(version int) {
		name, link := "..version"+strconv.Itoa(version), filepath.Join(dir, "..data")
		file := filepath.Join(dir, name, "file")
		if err := errors.Join(
			os.Mkdir(filepath.Join(dir, name), 0o700),
			os.WriteFile(file, []byte(strconv.Itoa(version)), 0o600),
			os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)),
			os.Symlink(name, link+"_tmp"),
			os.Rename(link+"_tmp", link),
		); err != nil {
			t.Fatal(err)
		}
	}
	swap(1)
	if err := os.Symlink("..data/file", filepath.Join(dir, "file")); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		time.AfterFunc(time.Second, func() { swap(2) })
		read := func() watch.Content { return watch.Read(100, filepath.Join(dir, "file")) }
		got := ""
		watch.Watcher{
			Read:     read,
			Interval: func() time.Duration { return 5 * time.Second },
			Changed:  func(c watch.Content, _ bool) bool { got += string(c.Files[0]); return false },
		}.Run(ctx, read().Sum)
		if got != "2" {
			t.Errorf("Changed got %q, want 2", got)
		}
	})
}

// A reading that hangs does not keep Run from ending.
func TestRunEndsWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		release := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			watch.Watcher{
				Read:     func() watch.Content { <-release; return watch.Content{} },
				Interval: func() time.Duration { return time.Second },
				Changed:  func(watch.Content, bool) bool { return false },
			}.Run(ctx, [32]byte{})
		}()
		time.Sleep(time.Minute)
		stop()
		<-ended
		close(release)
	})
}

func TestPath(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"a/b", "/etc/connsvc/a/b"}, {"/run/a", "/run/a"}, {"", ""},
	} {
		if got := watch.Path("/etc/connsvc", tt.path); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.path, got, tt.want)
		}
	}
}
