package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// own is a name that the policy allows token:orders.
const own = `"name":"orders_`

// TestPolicy tries, as a caller who is known, what its policy does not allow: token:orders
// may use connections whose names begin with orders_.
func TestPolicy(t *testing.T) {
	at := newTarget(t)
	send := func(t *testing.T, method, path, content string, change ...func(*http.Request)) (int, int) {
		t.Helper()
		r := at.request(t, method, path, content)
		r.Header.Set("Authorization", "Bearer "+canaries["TOKEN"])
		for _, c := range change {
			c(r)
		}
		before := at.changes()
		status := at.send(t, r)
		return status, at.changes() - before
	}
	if status, _ := send(t, "POST", connections, strings.Replace(body, `"name":"`, own, 1)); status != http.StatusCreated {
		t.Fatalf("what is allowed gets %d", status)
	}
	// Another caller's connection.
	if status := at.send(t, signed{body: strings.Replace(body, "test", "CANARY_other", 1), method: "POST", path: connections}.request(t, at)); status != http.StatusCreated {
		t.Fatalf("another caller gets %d", status)
	}
	other := connections + "/" + at.connection(t, "CANARY_other")
	var attempts []attempt
	add := func(name, method, path, content string, change ...func(*http.Request)) {
		attempts = append(attempts, attempt{name, func(t *testing.T, _ *target) string {
			if status, changes := send(t, method, path, content, change...); status < 300 || changes > 0 {
				return fmt.Sprintf("status %d, %d changes", status, changes)
			}
			return ""
		}})
	}
	add("creates another name", "POST", connections, body)
	add("creates a name in another case", "POST", connections, strings.Replace(body, `"name":"`, `"name":"ORDERS_`, 1))
	add("creates a name that ends so", "POST", connections, strings.Replace(body, `"name":"test`, `"name":"test_orders_`, 1))
	add("sends two names", "POST", connections, strings.Replace(body, `{"name":"test"`, `{"name":"orders_x","name":"test"`, 1))
	add("hides a name behind an escape", "POST", connections, strings.Replace(body, `{"name"`, `{"name":"orders_x","n\u0061me"`, 1))
	add("sends a name in the query", "POST", connections+"?name=orders_x", body)
	add("says who it is", "POST", connections, body, func(r *http.Request) {
		r.Header.Set("X-Caller", "access_key:terraform")
		r.Header.Set("Grpc-Metadata-Caller", "access_key:terraform")
	})
	add("reads another's", "GET", other, "")
	add("HEAD of another's", "HEAD", other, "")
	add("deletes another's", "DELETE", other, "")
	add("deletes another's in upper case", "DELETE", connections+"/"+strings.ToUpper(other[len(connections)+1:]), "")
	add("replaces another's hosts", "PUT", other, `{"hosts":[{"name":"h","ip":"10.0.0.1"}]}`)
	add("binds a queue to another's", "POST", other+"/associate-queue", `{"queues":["q"]}`)
	add("unbinds a queue of another's", "POST", other+"/disassociate-queue", `{"queues":["q"]}`)
	add("adds a route to another's", "POST", strings.Replace(other, "v2.0", "v3", 1)+"/routes", `{"name":"r","cidr":"10.0.0.0/24"}`)
	add("deletes a route of another's", "DELETE", strings.Replace(other, "v2.0", "v3", 1)+"/routes/r", "")
	add("shares another's", "PUT", "/v1.0/"+project+"/authorization", `{"projectId":"p2","privileges":[{"object":"edsconnections.`+other[len(connections)+1:]+`","privileges":["BIND_QUEUE"]}]}`)
	for _, query := range []string{"", "?limit=1", "?limit=0", "?limit=1&offset=1", "?name=CANARY_other", "?status=ACTIVE"} {
		attempts = append(attempts, attempt{"lists another's" + query, func(t *testing.T, at *target) string {
			r := at.request(t, "GET", connections+query, "")
			r.Header.Set("Authorization", "Bearer "+canaries["TOKEN"])
			if status, text := at.read(t, r); status != http.StatusOK || strings.Contains(text, "CANARY_other") {
				return fmt.Sprint(status, " ", text)
			}
			return ""
		}})
	}
	play(t, at, attempts)
	at.wantNothingShown(t)
}
