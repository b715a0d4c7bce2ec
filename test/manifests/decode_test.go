package manifests_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// An object is a document decoded by Kubernetes.
type object struct {
	runtime.Object
	meta interface {
		GetName() string
		GetNamespace() string
		GetLabels() map[string]string
	}
	kind string
}

// decode reads documents as strictly as the API server does when it is asked to
// refuse unknown and double fields.
func decode(t *testing.T, documents []byte) []object {
	t.Helper()
	decoder := strictDecoder(t)
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(documents)))
	var objects []object
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if isBlank(document) {
			continue
		}
		decoded, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Errorf("%v:\n%s", err, document)
			continue
		}
		accessor, err := meta.Accessor(decoded)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object{decoded, accessor, kind.Kind})
	}
}

func strictDecoder(t *testing.T) runtime.Decoder {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		scheme.AddToScheme, monitoringv1.AddToScheme, gatewayv1.Install, certmanagerv1.AddToScheme,
	} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	return serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
}

// isBlank reports whether a document has nothing but comments.
func isBlank(document []byte) bool {
	for line := range bytes.Lines(document) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

// of returns the objects of a type.
func of[T runtime.Object](objects []object) []T {
	var found []T
	for _, o := range objects {
		if typed, ok := o.Object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// one returns the only object of a type.
func one[T runtime.Object](t *testing.T, objects []object) T {
	t.Helper()
	found := of[T](objects)
	if len(found) != 1 {
		t.Fatalf("%d of %T, want 1", len(found), *new(T))
	}
	return found[0]
}

func TestObjects(t *testing.T) {
	each(t, func(t *testing.T, objects []object) {
		seen := map[string]bool{}
		for _, o := range objects {
			key := o.kind + "/" + o.meta.GetName()
			if seen[key] {
				t.Errorf("%s is there twice", key)
			}
			seen[key] = true
			if o.kind == "Secret" {
				t.Errorf("%s: the chart makes no Secrets", key)
			}
			if ns := o.meta.GetNamespace(); ns != "" && ns != namespace {
				t.Errorf("%s is in the namespace %s", key, ns)
			}
		}
	})
}

// TestScenariosCoverTheChart checks that some scenario renders every kind of object.
func TestScenariosCoverTheChart(t *testing.T) {
	seen := map[string]bool{}
	each(t, func(_ *testing.T, objects []object) {
		for _, o := range objects {
			seen[o.kind] = true
		}
	})
	for _, kind := range []string{
		"Deployment", "Service", "ConfigMap", "ServiceAccount", "HorizontalPodAutoscaler", "PodDisruptionBudget",
		"NetworkPolicy", "Ingress", "HTTPRoute", "GRPCRoute", "Certificate", "ServiceMonitor", "PrometheusRule", "Pod",
	} {
		if !seen[kind] {
			t.Errorf("no scenario renders a %s", kind)
		}
	}
}
