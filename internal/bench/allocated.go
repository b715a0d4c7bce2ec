package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// allocated returns the bytes that connsvc has allocated since it started, read from its
// metrics.
func (s *stage) allocated() (float64, error) { return s.metric("go_memstats_alloc_bytes_total") }

// metric returns a metric without labels.
func (s *stage) metric(name string) (float64, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.adminURL+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := s.dli.Client().Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("connsvc does not serve " + name)
}
