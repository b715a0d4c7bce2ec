package compat_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

func TestSDKConnectivity(t *testing.T) {
	client := newSDK(t, newProject())
	sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "c", Queues: new([]string{"q1"})})
	for queue, want := range map[string]string{"q1": "REACHABLE", "q2": "UNREACHABLE"} {
		created, err := client.CreateConnectivityTask(&model.CreateConnectivityTaskRequest{
			QueueName: queue, Body: &model.CreateConnectivityTaskRequestBody{Address: "db.example.com:5432"},
		})
		if err != nil {
			t.Fatalf("CreateConnectivityTask: %v", err)
		}
		if created.HttpStatusCode != 200 || !value(created.IsSuccess) || created.Message == nil || value(created.TaskId) == 0 {
			t.Errorf("CreateConnectivityTask returned %v, want 200, is_success, a message and a task_id", created)
		}
		task := strconv.FormatInt(value(created.TaskId), 10)
		got := &model.ShowConnectivityTaskResponse{}
		for begun := time.Now(); value(got.Connectivity) == "" && time.Since(begun) < callTimeout; time.Sleep(50 * time.Millisecond) {
			if got, err = client.ShowConnectivityTask(&model.ShowConnectivityTaskRequest{QueueName: queue, TaskId: task}); err != nil {
				t.Fatalf("ShowConnectivityTask: %v", err)
			}
		}
		wantShown := &model.ShowConnectivityTaskResponse{
			IsSuccess: new(true), Message: new("Get node connectivity status successfully for addressId:" + task),
			Connectivity: &want, HttpStatusCode: 200,
		}
		if diff := cmp.Diff(wantShown, got); diff != "" {
			t.Errorf("ShowConnectivityTask of %s (-want +got):\n%s", queue, diff)
		}
	}
}

func TestSDKConnectivityRefused(t *testing.T) {
	client := newSDK(t, newProject())
	_, err := client.CreateConnectivityTask(&model.CreateConnectivityTaskRequest{
		QueueName: "q1", Body: &model.CreateConnectivityTaskRequestBody{Address: "db.example.com"},
	})
	wantError(t, err, 400, "DLI.0001", "address")
	for task, want := range map[string]struct {
		status int
		code   string
	}{"latest": {400, "DLI.0018"}, "9223372036854775807": {404, "DLI.0002"}} {
		_, err := client.ShowConnectivityTask(&model.ShowConnectivityTaskRequest{QueueName: "q1", TaskId: task})
		wantError(t, err, want.status, want.code, "task")
	}
}
