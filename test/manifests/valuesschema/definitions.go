package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// kubernetes are the types that values.schema.base.json refers to as
// "#/definitions/NAME": values that the chart copies into objects as they are.
var kubernetes = byName(
	reflect.TypeFor[corev1.ResourceRequirements](),
	reflect.TypeFor[corev1.PodSecurityContext](),
	reflect.TypeFor[corev1.SecurityContext](),
	reflect.TypeFor[corev1.Affinity](),
	reflect.TypeFor[corev1.Toleration](),
	reflect.TypeFor[corev1.TopologySpreadConstraint](),
	reflect.TypeFor[corev1.EnvVar](),
	reflect.TypeFor[appsv1.RollingUpdateDeployment](),
	reflect.TypeFor[autoscalingv2.HorizontalPodAutoscalerBehavior](),
	reflect.TypeFor[networkingv1.NetworkPolicyPeer](),
	reflect.TypeFor[networkingv1.NetworkPolicyEgressRule](),
	reflect.TypeFor[gatewayv1.ParentReference](),
	reflect.TypeFor[monitoringv1.TLSConfig](),
)

func byName(types ...reflect.Type) map[string]reflect.Type {
	all := make(map[string]reflect.Type)
	for _, t := range types {
		all[t.Name()] = t
	}
	return all
}

// scalars are the types whose JSON is not that of their Go kind, or a closed set.
// Kubernetes has no list of the members of its sets.
var scalars = map[reflect.Type]map[string]any{
	reflect.TypeFor[resource.Quantity](): {
		"type": []string{"string", "number"}, "pattern": `^[0-9]+([.][0-9]+)?(m|k|M|G|T|P|E|[KMGTPE]i|[eE][0-9]+)?$`, "minimum": 0,
	},
	reflect.TypeFor[intstr.IntOrString]():                   {"type": []string{"integer", "string"}},
	reflect.TypeFor[corev1.TolerationOperator]():            enum(corev1.TolerationOpExists, corev1.TolerationOpEqual),
	reflect.TypeFor[corev1.TaintEffect]():                   enum(corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute),
	reflect.TypeFor[corev1.NodeSelectorOperator]():          enum(corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt),
	reflect.TypeFor[metav1.LabelSelectorOperator]():         enum(metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist),
	reflect.TypeFor[corev1.UnsatisfiableConstraintAction](): enum(corev1.DoNotSchedule, corev1.ScheduleAnyway),
	reflect.TypeFor[corev1.NodeInclusionPolicy]():           enum(corev1.NodeInclusionPolicyIgnore, corev1.NodeInclusionPolicyHonor),
	reflect.TypeFor[corev1.SeccompProfileType]():            enum(corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeUnconfined, corev1.SeccompProfileTypeLocalhost),
	reflect.TypeFor[corev1.AppArmorProfileType]():           enum(corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined, corev1.AppArmorProfileTypeLocalhost),
	reflect.TypeFor[corev1.PodFSGroupChangePolicy]():        enum(corev1.FSGroupChangeOnRootMismatch, corev1.FSGroupChangeAlways),
	reflect.TypeFor[corev1.SupplementalGroupsPolicy]():      enum(corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict),
	reflect.TypeFor[corev1.ProcMountType]():                 enum(corev1.DefaultProcMount, corev1.UnmaskedProcMount),
	reflect.TypeFor[corev1.Protocol]():                      enum(corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP),
	reflect.TypeFor[autoscalingv2.ScalingPolicySelect]():    enum(autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect),
	reflect.TypeFor[autoscalingv2.HPAScalingPolicyType]():   enum(autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy),
}

func enum[T ~string](members ...T) map[string]any {
	return map[string]any{"enum": members}
}

// labelMap is the schema of labels to select by.
var labelMap = map[string]any{
	"type":          "object",
	"propertyNames": map[string]any{"pattern": `^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`},
	"additionalProperties": map[string]any{
		"type": "string", "pattern": `^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`,
	},
}

// definitions returns the schema of every type in kubernetes, and of those below.
func definitions() (map[string]any, error) {
	all := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(kubernetes)) {
		if _, err := reference(all, kubernetes[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// reference returns the schema of a type; structs go to all, and are referred to.
func reference(all map[string]any, t reflect.Type) (map[string]any, error) {
	if scalar, ok := scalars[t]; ok {
		return scalar, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return reference(all, t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}, nil
	case reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}, nil
	case reflect.Slice:
		items, err := reference(all, t.Elem())
		return map[string]any{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := reference(all, t.Elem())
		return map[string]any{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		if _, ok := all[t.Name()]; !ok {
			all[t.Name()] = nil // ends recursion
			object := map[string]any{"type": "object", "additionalProperties": false}
			properties, required, err := fields(all, t)
			if err != nil {
				return nil, err
			}
			object["properties"] = properties
			if len(required) > 0 {
				object["required"] = required
			}
			all[t.Name()] = object
		}
		return map[string]any{"$ref": "#/definitions/" + t.Name()}, nil
	default:
		return nil, fmt.Errorf("no JSON Schema for %v", t)
	}
}

// fields returns the schemas of a struct's fields, those of embedded structs
// included, and which of them are required: those that Kubernetes never omits.
func fields(all map[string]any, t reflect.Type) (properties map[string]any, required []string, err error) {
	properties = make(map[string]any)
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			embedded, needed, err := fields(all, field.Type)
			if err != nil {
				return nil, nil, err
			}
			maps.Copy(properties, embedded)
			required = append(required, needed...)
			continue
		}
		if name == "matchLabels" {
			properties[name] = labelMap
			continue
		}
		schema, err := reference(all, field.Type)
		if err != nil {
			return nil, nil, err
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") && field.Type.Kind() != reflect.Struct && field.Type.Kind() != reflect.Slice {
			required = append(required, name)
		}
	}
	return properties, required, nil
}
