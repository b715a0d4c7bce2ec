package main

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// serviceConfigs are the copies of the service config, one within each client's package.
var serviceConfigs = []string{
	"gen/go/connsvc/service_config.json",
	"gen/java/src/main/resources/connsvc/service_config.json",
	"gen/python/connsvc/service_config.json",
	"gen/ts/service_config.json",
}

type (
	serviceConfig struct {
		LoadBalancing []map[string]struct{} `json:"loadBalancingConfig"`
		Methods       []methodConfig        `json:"methodConfig"`
		Throttling    map[string]float64    `json:"retryThrottling"`
	}
	methodConfig struct {
		Names []methodName `json:"name"`
		Retry retryPolicy  `json:"retryPolicy"`
	}
	methodName struct {
		Service protoreflect.FullName `json:"service"`
		Method  protoreflect.Name     `json:"method"`
	}
	retryPolicy struct {
		MaxAttempts    int      `json:"maxAttempts"`
		InitialBackoff string   `json:"initialBackoff"`
		MaxBackoff     string   `json:"maxBackoff"`
		Multiplier     float64  `json:"backoffMultiplier"`
		Codes          []string `json:"retryableStatusCodes"`
	}
)

// renderServiceConfig returns gRPC's service config for clients: all replicas take calls in
// turn, and calls that the contract declares idempotent are retried while UNAVAILABLE.
func renderServiceConfig() (string, error) {
	safe := methodConfig{Retry: retryPolicy{
		MaxAttempts: 4, InitialBackoff: "0.2s", MaxBackoff: "5s", Multiplier: 2, Codes: []string{"UNAVAILABLE"},
	}}
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services()
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			m := methods.Get(j)
			if m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
				safe.Names = append(safe.Names, methodName{m.Parent().FullName(), m.Name()})
			}
		}
	}
	text, err := json.MarshalIndent(serviceConfig{
		LoadBalancing: []map[string]struct{}{{"round_robin": {}}},
		Methods:       []methodConfig{safe},
		// An outage ends retries until ten calls have succeeded for each that failed.
		Throttling: map[string]float64{"maxTokens": 10, "tokenRatio": 0.1},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("the service config: %w", err)
	}
	return string(text) + "\n", nil
}
