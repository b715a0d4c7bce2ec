package compat_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The data source reads pages until one is empty.
func TestTerraformDataSource(t *testing.T) {
	tf := newTerraform(t, newProject())
	first := tf.create(strings.Replace(namedBody("tf_test"), `"tags":null`, `"tags":[{"key":"a","value":"b c"},{"key":"d","value":"e"}]`, 1))
	second := tf.create(strings.Replace(namedBody("tf_test_2"), `"tags":null`, `"tags":[{"key":"a","value":"b c"}]`, 1))
	tf.change(http.MethodPost, tf.connections("/"+first+"/routes"), `{"cidr":"10.169.0.0/24","name":"route_1"}`)
	gone := tf.create(namedBody("gone"))
	tf.change(http.MethodDelete, tf.connections("/"+gone), "")

	tests := []struct {
		name  string
		query string
		want  []string // IDs
	}{
		{"no filter", "status=ACTIVE", []string{first, second}},
		{"name", "name=tf_test&status=ACTIVE", []string{first}},
		{"part of a name", "name=tf_tes&status=ACTIVE", nil},
		{"one tag", "status=ACTIVE&tags=a%3Db%20c", []string{first, second}},
		{"two tags", "status=ACTIVE&tags=a%3Db%20c%2Cd%3De", []string{first}},
		{"deleted ones", "status=DELETED", []string{gone}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var ids []string
			for _, c := range newTerraform(t, tf.project).pages(test.query) {
				id, _ := c["id"].(string)
				ids = append(ids, id)
				wantMillis(t, c, "create_time")
			}
			if diff := cmp.Diff(set(test.want), set(ids)); diff != "" {
				t.Errorf("IDs (-want +got):\n%s", diff)
			}
		})
	}

	routes := list(t, tf.pages("name=tf_test&status=ACTIVE")[0], "routes")
	if len(routes) != 1 || routes[0]["name"] != "route_1" || routes[0]["cidr"] != "10.169.0.0/24" {
		t.Errorf("routes in a list: %v", routes)
	}
}

// More connections than fit into a page of 100.
func TestTerraformDataSourceOfManyPages(t *testing.T) {
	const connections = 205
	tf := newTerraform(t, newProject())
	want := map[string]int{}
	for i := range connections {
		want[tf.create(namedBody(fmt.Sprintf("c%d", i)))]++
	}
	got := map[string]int{}
	for _, c := range tf.pages("status=ACTIVE") {
		id, _ := c["id"].(string)
		got[id]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("IDs (-want +got):\n%s", diff)
	}
}

// pages collects every page of a list, as the provider's pager does.
func (tf *terraform) pages(query string) []map[string]any {
	tf.t.Helper()
	const most = 1000 // pages, the pager's limit
	var all []map[string]any
	for range most {
		at := tf.connections("?" + query)
		if len(all) > 0 {
			at = tf.connections("?" + withOffset(tf.t, query, len(all)))
		}
		page := tf.page(at)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
	tf.t.Fatalf("no page of %d was empty", most)
	return nil
}

func withOffset(t *testing.T, query string, offset int) string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatalf("query %q: %v", query, err)
	}
	values.Set("offset", strconv.Itoa(offset))
	return values.Encode()
}

// page reads one page as the provider's pager does: it treats the first top-level array
// that it meets as the page, so there must be exactly one.
func (tf *terraform) page(at string) []map[string]any {
	tf.t.Helper()
	header := http.Header{"Content-Type": {"application/json;charset=utf8"}, "User-Agent": {"golangsdk/2.0.0"}}
	got := call(tf.t, http.MethodGet, restURL+at, header, nil).success(tf.t, http.StatusOK)
	var arrays []string
	for key, v := range got {
		if _, ok := v.([]any); ok {
			arrays = append(arrays, key)
		}
	}
	if diff := cmp.Diff([]string{"connections"}, arrays); diff != "" {
		tf.t.Errorf("top-level arrays (-want +got):\n%s", diff)
	}
	return list(tf.t, got, "connections")
}

func TestTerraformEmptyList(t *testing.T) {
	tf := newTerraform(t, newProject())
	got := tf.do(http.MethodGet, tf.connections("?status=ACTIVE"), "")
	if got.success(t, http.StatusOK); !strings.Contains(string(got.body), `"connections":[]`) {
		t.Errorf(`an empty list has no "connections":[]: %s`, got.body)
	}
}
