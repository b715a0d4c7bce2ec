package compat_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bareBody is a create of Terraform's connection resource with required fields only: it
// always sends queues, and tags as null.
const bareBody = `{"dest_network_id":"` + subnetID + `","dest_vpc_id":"` + vpcID + `","name":"NAME","queues":[],"tags":null}`

func namedBody(name string) string { return strings.Replace(bareBody, "NAME", name, 1) }

// The lifecycle of a connection resource: create, read, update in Terraform's order,
// destroy, and read again as a refresh does.
func TestTerraformConnection(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(`{"dest_network_id":"` + subnetID + `","dest_vpc_id":"` + vpcID + `","hosts":[{"ip":"192.168.0.1","name":"ecs1"}],` +
		`"name":"tf_test","queues":["q1"],"routetable_id":"` + tableID + `","tags":[{"key":"foo","value":"bar"}]}`)
	got := tf.read(id)
	for key, want := range map[string]any{
		"name": "tf_test", "dest_vpc_id": vpcID, "dest_network_id": subnetID,
		"hosts": []any{map[string]any{"name": "ecs1", "ip": "192.168.0.1"}}, "routes": []any{},
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	wantMillis(t, got, "create_time")
	if diff := cmp.Diff([]string{"q1"}, tf.names(id, "available_queue_info")); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}

	at := tf.connections("/" + id)
	tf.change(http.MethodPut, at, `{"hosts":[{"ip":"192.168.0.2","name":"ecs2"}]}`)
	tf.change(http.MethodPost, at+"/associate-queue", `{"queues":["q2"]}`)
	tf.change(http.MethodPost, at+"/disassociate-queue", `{"queues":["q1"]}`)
	tf.change(http.MethodPost, at+"/routes", `{"cidr":"10.169.0.0/24","name":"route_1"}`)
	tf.change(http.MethodPost, at+"/routes", `{"cidr":"10.170.0.0/24","name":"route-2"}`)
	if diff := cmp.Diff(map[string]string{"route_1": "10.169.0.0/24", "route-2": "10.170.0.0/24"}, tf.routes(id)); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	tf.change(http.MethodDelete, at+"/routes/route-2", "")
	if diff := cmp.Diff([]string{"q2"}, tf.names(id, "available_queue_info")); diff != "" {
		t.Errorf("queues after the update (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{map[string]any{"name": "ecs2", "ip": "192.168.0.2"}}, tf.read(id)["hosts"]); diff != "" {
		t.Errorf("hosts after the update (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"route_1": "10.169.0.0/24"}, tf.routes(id)); diff != "" {
		t.Errorf("routes after the update (-want +got):\n%s", diff)
	}

	tf.change(http.MethodDelete, at, "")
	// Read treats 404 as deleted; on a 400 every later refresh would fail.
	tf.do(http.MethodGet, at, "").failure(t, 404, "DLI.0001", "Connection "+id+" does not exist.")
	// Deleting a missing connection is an error to Terraform, too.
	tf.do(http.MethodDelete, at, "").failure(t, 404, "DLI.0001", "Connection "+id+" does not exist.")
}

func TestTerraformBareConnection(t *testing.T) {
	tf := newTerraform(t, newProject())
	got := tf.read(tf.create(namedBody("bare")))
	for _, key := range []string{"hosts", "routes", "available_queue_info", "elastic_resource_pools"} {
		if diff := cmp.Diff([]any{}, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

// Removing all hosts from the resource sends an empty object.
func TestTerraformClearsHosts(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(namedBody("hosts"))
	tf.change(http.MethodPut, tf.connections("/"+id), `{"hosts":[{"ip":"192.168.0.2","name":"ecs2"}]}`)
	if got := len(list(t, tf.read(id), "hosts")); got != 1 {
		t.Fatalf("%d hosts, want 1", got)
	}
	tf.change(http.MethodPut, tf.connections("/"+id), `{}`)
	if got := len(list(t, tf.read(id), "hosts")); got != 0 {
		t.Errorf("%d hosts, want none", got)
	}
}

// Terraform does not escape route names in the URL. Every allowed name is safe there.
func TestTerraformRouteNames(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(namedBody("routes"))
	for _, name := range []string{"a", "0", "-", "_", "A-Z_a-z_0-9", strings.Repeat("r", 64)} {
		at := tf.connections("/" + id + "/routes")
		tf.change(http.MethodPost, at, jsonOf(t, map[string]string{"name": name, "cidr": "10.169.0.0/24"}))
		if diff := cmp.Diff(map[string]string{name: "10.169.0.0/24"}, tf.routes(id)); diff != "" {
			t.Errorf("routes (-want +got):\n%s", diff)
		}
		tf.change(http.MethodDelete, at+"/"+name, "")
		if got := tf.routes(id); len(got) != 0 {
			t.Errorf("routes after %q was deleted: %v", name, got)
		}
	}
}

// The associate resource binds pools and reads them back; no pools means deleted.
func TestTerraformAssociate(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(namedBody("associate"))
	at := tf.connections("/" + id)
	tf.change(http.MethodPost, at+"/associate-queue", `{"elastic_resource_pools":["pool1","pool2"]}`)
	if diff := cmp.Diff([]string{"pool1", "pool2"}, tf.names(id, "elastic_resource_pools")); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	tf.change(http.MethodPost, at+"/disassociate-queue", `{"elastic_resource_pools":["pool1","pool2"]}`)
	if diff := cmp.Diff([]string{}, tf.names(id, "elastic_resource_pools")); diff != "" {
		t.Errorf("pools after the unbind (-want +got):\n%s", diff)
	}
}

// The privilege resource grants, and finds its grant by project_id.
func TestTerraformPrivilege(t *testing.T) {
	tf := newTerraform(t, newProject())
	id := tf.create(namedBody("privilege"))
	authorize := func(action string) {
		t.Helper()
		tf.change(http.MethodPut, "/v1.0/"+tf.project+"/authorization", `{"action":"`+action+`","privileges":[{"object":"edsconnections.`+id+
			`","privileges":["BIND_QUEUE"]}],"projectId":"`+grantee+`"}`)
	}
	found := func() []any {
		t.Helper()
		got := tf.do(http.MethodGet, tf.connections("/"+id+"/privileges"), "").success(t, http.StatusOK)
		for _, p := range list(t, got, "privileges") {
			if p["project_id"] == grantee && p["object"] == "edsconnections."+id {
				privileges, _ := p["privileges"].([]any)
				return privileges
			}
		}
		return nil
	}
	for _, action := range []string{"grant", "update"} {
		authorize(action)
		if diff := cmp.Diff([]any{"BIND_QUEUE"}, found()); diff != "" {
			t.Errorf("privileges after %s (-want +got):\n%s", action, diff)
		}
		authorize("revoke")
		if got := found(); got != nil {
			t.Errorf("privileges after the revoke of %s: %v", action, got)
		}
	}
	tf.change(http.MethodDelete, tf.connections("/"+id), "")
	tf.do(http.MethodGet, tf.connections("/"+id+"/privileges"), "").failure(t, 404, "DLI.0001", "Connection "+id+" does not exist.")
}
