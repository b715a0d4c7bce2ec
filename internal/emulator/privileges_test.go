package emulator_test

import (
	"fmt"
	"testing"

	"github.com/connsvc/connsvc/internal/emulator"
)

const authorizationA = "/v1.0/" + projectA + "/authorization"

// authorize asks for a change of what project B may do with a connection.
func (d *dli) authorize(action, connectionID, privileges string) reply {
	d.t.Helper()
	return d.do("PUT", authorizationA, fmt.Sprintf(
		`{"projectId":%q,"action":%q,"privileges":[{"object":"edsconnections.%s","privileges":%s}]}`,
		projectB, action, connectionID, privileges))
}

func (d *dli) wantPrivileges(path, connectionID string, granted bool) {
	d.t.Helper()
	entries, count := "[]", "0"
	if granted {
		count = "1"
		entries = fmt.Sprintf(`[{"object":"edsconnections.%s","applicant_project_id":%q,"project_id":%q,"privileges":["BIND_QUEUE"]}]`,
			connectionID, projectB, projectB)
	}
	d.do("GET", path+"/privileges", "").
		ok(fmt.Sprintf(`{"is_success":true,"message":"","connection_id":%q,"privileges":%s}`, connectionID, entries))
	d.do("GET", authorizationA+"/privileges?object=edsconnections."+connectionID, "").
		ok(fmt.Sprintf(`{"is_success":true,"message":"","object_name":"edsconnections.%s","object_type":"edsconnections","count":%s,"privileges":%s}`,
			connectionID, count, entries))
	if got := d.do("GET", path, "").object()["isPrivis"]; got != !granted {
		d.t.Errorf("isPrivis is %v with granted %v", got, granted)
	}
}

func TestGrantRevokeUpdate(t *testing.T) {
	d := start(t, emulator.Options{})
	path, connectionID := d.create("c")
	d.wantPrivileges(path, connectionID, false)
	for _, step := range []struct {
		action, privileges string
		granted            bool
	}{
		{"revoke", `["BIND_QUEUE"]`, false}, // of nothing
		{"grant", `["BIND_QUEUE"]`, true},
		{"grant", `["BIND_QUEUE"]`, true}, // again
		{"revoke", `["BIND_QUEUE"]`, false},
		{"update", `["BIND_QUEUE"]`, true},
		{"update", `[]`, false},
	} {
		d.authorize(step.action, connectionID, step.privileges).ok(`{"is_success":true,"message":""}`)
		d.wantPrivileges(path, connectionID, step.granted)
	}
}

func TestGrantedProject(t *testing.T) {
	d := start(t, emulator.Options{})
	_, connectionID := d.create("c", `"queues":["q"]`)
	d.authorize("grant", connectionID, `["BIND_QUEUE"]`).ok(`{"is_success":true,"message":""}`)
	path := connectionsB + "/" + connectionID

	if got := d.do("GET", path, "").text("id"); got != connectionID {
		t.Errorf("the grantee's GET found %q", got)
	}
	// The owner's queue q and the grantee's are two queues.
	d.do("POST", path+"/associate-queue", `{"queues":["q"]}`).
		ok(`{"is_success":true,"message":"associated peer connection for queues: {q}."}`)
	d.wantBound("q ACTIVE", "q ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["q"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{q}."}`)
	d.wantBound("q ACTIVE")
	d.do("POST", path+"/routes", `{"name":"r","cidr":"10.0.0.0/8"}`).ok(`{"is_success":true,"message":""}`)
	d.do("GET", connectionsB, "").ok(`{"is_success":true,"message":"","count":0,"connections":[]}`)

	for action, call := range map[string][3]string{
		"DELETE_CONNECTION": {"DELETE", path, ""},
		"UPDATE_CONNECTION": {"PUT", path, "{}"},
		"DELETE_ROUTE":      {"DELETE", path + "/routes/r", ""},
		"SHOW_PRIVILEGES":   {"GET", path + "/privileges", ""},
		"GRANT_PRIVILEGE": {
			"PUT", "/v1.0/" + projectB + "/authorization",
			`{"projectId":"c","action":"grant","privileges":[{"object":"edsconnections.` + connectionID + `","privileges":["BIND_QUEUE"]}]}`,
		},
	} {
		d.do(call[0], call[1], call[2]).rejected(400, "DLI.0003", fmt.Sprintf(
			`Permission denied for resource 'edsconnections.%s', User = '%s', Action = "%s".`, connectionID, projectB, action))
	}

	d.authorize("revoke", connectionID, `["BIND_QUEUE"]`).ok(`{"is_success":true,"message":""}`)
	d.do("GET", path, "").rejected(400, "DLI.0001", missing(connectionID))
}

func TestGrantEndsWithTheConnection(t *testing.T) {
	d := start(t, emulator.Options{})
	path, connectionID := d.create("c")
	d.authorize("grant", connectionID, `["BIND_QUEUE"]`).ok(`{"is_success":true,"message":""}`)
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.do("GET", connectionsB+"/"+connectionID, "").rejected(400, "DLI.0001", missing(connectionID))
}

// With several objects, all are changed or none.
func TestAuthorizationOfSeveralObjects(t *testing.T) {
	body := func(first, second string) string {
		return fmt.Sprintf(`{"projectId":%q,"action":"grant","privileges":[
			{"object":"edsconnections.%s","privileges":["BIND_QUEUE"]},
			{"object":"edsconnections.%s","privileges":["BIND_QUEUE"]}]}`, projectB, first, second)
	}
	d := start(t, emulator.Options{})
	path1, id1 := d.create("c1")
	path2, id2 := d.create("c2")
	d.do("PUT", authorizationA, body(id1, id(99))).rejected(400, "DLI.0001", missing(id(99)))
	d.wantPrivileges(path1, id1, false)
	d.do("PUT", authorizationA, body(id1, id2)).ok(`{"is_success":true,"message":""}`)
	d.wantPrivileges(path1, id1, true)
	d.wantPrivileges(path2, id2, true)
}

func TestAuthorizationRules(t *testing.T) {
	d := start(t, emulator.Options{})
	_, connectionID := d.create("c")
	entry := `[{"object":"edsconnections.` + connectionID + `","privileges":["BIND_QUEUE"]}]`
	for body, part := range map[string]string{
		`{"action":"grant","privileges":` + entry + `}`:                                                              "projectId",
		`{"projectId":"a-b","action":"grant","privileges":` + entry + `}`:                                            "projectId",
		`{"projectId":"b","privileges":` + entry + `}`:                                                               "action",
		`{"projectId":"b","action":"GRANT","privileges":` + entry + `}`:                                              "action",
		`{"projectId":"b","action":"grant"}`:                                                                         "privileges",
		`{"projectId":"b","action":"grant","privileges":[{"object":"databases.x","privileges":["BIND_QUEUE"]}]}`:     "object",
		`{"projectId":"b","action":"grant","privileges":[{"object":"edsconnections.","privileges":["BIND_QUEUE"]}]}`: "object",
		`{"projectId":"b","action":"grant","privileges":[{"object":"edsconnections.x","privileges":["DROP"]}]}`:      "privileges[0]",
		`{"projectId":"b","action":"grant","privileges":[{"object":"edsconnections.x","privileges":[]}]}`:            "privileges[0]",
		`{"user_name":"u","action":"grant","privileges":` + entry + `}`:                                              "user_name",
	} {
		d.do("PUT", authorizationA, body).rejectedWith(part)
	}
	d.do("GET", authorizationA+"/privileges", "").rejectedWith("object")
	d.do("GET", authorizationA+"/privileges?user=u", "").rejectedWith("user")
	d.do("GET", authorizationA+"/privileges?object=queues.q", "").rejectedWith("object")
}
