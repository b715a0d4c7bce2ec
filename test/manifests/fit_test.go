package manifests_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// TestRestricted checks the pods against Kubernetes' restricted pod security standard.
func TestRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	each(t, func(t *testing.T, objects []object) {
		deployment := one[*appsv1.Deployment](t, objects)
		pods := map[string]*corev1.PodSpec{"server": &deployment.Spec.Template.Spec}
		for _, pod := range of[*corev1.Pod](objects) {
			pods[pod.Name] = &pod.Spec
		}
		for name, spec := range pods {
			for _, result := range evaluator.EvaluatePod(restricted, &metav1.ObjectMeta{}, spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
			checkBeyondRestricted(t, name, spec)
		}
	})
}

// checkBeyondRestricted checks for settings that the standard does not require.
func checkBeyondRestricted(t *testing.T, name string, spec *corev1.PodSpec) {
	t.Helper()
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Errorf("%s has the token of its service account", name)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("%s/%s can write to its root", name, c.Name)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s/%s does not say what it needs", name, c.Name)
		}
		for _, env := range c.Env {
			if env.Value != "" && strings.Contains(strings.ToLower(env.Name), "secret") {
				t.Errorf("%s/%s holds a secret in %s", name, c.Name, env.Name)
			}
		}
	}
}

// TestSelectors checks that every selector of pods selects those of the server.
func TestSelectors(t *testing.T) {
	each(t, func(t *testing.T, objects []object) {
		deployment := one[*appsv1.Deployment](t, objects)
		pod := labels.Set(deployment.Spec.Template.Labels)
		check := func(name string, selector *metav1.LabelSelector) {
			s, err := metav1.LabelSelectorAsSelector(selector)
			if err != nil || s.Empty() || !s.Matches(pod) {
				t.Errorf("%s selects %v (%v), the pods have %v", name, s, err, pod)
			}
		}
		check("Deployment", deployment.Spec.Selector)
		for _, s := range of[*corev1.Service](objects) {
			check("Service "+s.Name, &metav1.LabelSelector{MatchLabels: s.Spec.Selector})
		}
		for _, b := range of[*policyv1.PodDisruptionBudget](objects) {
			check("PodDisruptionBudget", b.Spec.Selector)
		}
		for _, p := range of[*networkingv1.NetworkPolicy](objects) {
			check("NetworkPolicy", &p.Spec.PodSelector)
		}
		for _, c := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
			check("topology spread", c.LabelSelector)
		}
		for _, h := range of[*autoscalingv2.HorizontalPodAutoscaler](objects) {
			if h.Spec.ScaleTargetRef.Name != deployment.Name || deployment.Spec.Replicas != nil {
				t.Error("the autoscaler and the Deployment do not agree on who counts the replicas")
			}
		}
	})
}

// TestPorts checks that every port that is named elsewhere is one of the container.
func TestPorts(t *testing.T) {
	each(t, func(t *testing.T, objects []object) {
		container := server(one[*appsv1.Deployment](t, objects))
		check := func(name string, port intstr.IntOrString) {
			if !slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool {
				return p.Name == port.StrVal || p.ContainerPort == port.IntVal
			}) {
				t.Errorf("%s: the container has no port %s", name, port.String())
			}
		}
		for name, probe := range map[string]*corev1.Probe{"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe} {
			if probe == nil {
				t.Fatalf("no %s probe", name)
			}
			check(name, probe.HTTPGet.Port)
		}
		exposed := map[string]bool{}
		for _, s := range of[*corev1.Service](objects) {
			for _, p := range s.Spec.Ports {
				check("Service "+s.Name, p.TargetPort)
				exposed[s.Name+":"+p.TargetPort.String()] = true
			}
		}
		for name := range exposed {
			if strings.HasSuffix(name, ":admin") && !strings.HasPrefix(name, "connsvc-metrics:") {
				t.Errorf("%s: the admin port belongs to the Service of metrics alone", name)
			}
		}
		for _, p := range of[*networkingv1.NetworkPolicy](objects) {
			for _, rule := range p.Spec.Ingress {
				for _, port := range rule.Ports {
					check("NetworkPolicy", *port.Port)
				}
			}
			for _, rule := range p.Spec.Egress {
				if len(rule.Ports) == 0 {
					t.Error("NetworkPolicy: egress to every port")
				}
			}
		}
	})
}

// TestMounts checks that every file of the configuration is in a mounted volume, and that
// every variable is set.
func TestMounts(t *testing.T) {
	each(t, func(t *testing.T, objects []object) {
		deployment := one[*appsv1.Deployment](t, objects)
		container := server(deployment)
		mounted := func(file string) bool {
			return slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool {
				return path.Dir(file) == m.MountPath && m.ReadOnly && m.SubPath == ""
			})
		}
		files, variables := sources(t, configuration(t, objects))
		for _, file := range files {
			if !mounted(file) {
				t.Errorf("%s is in no mounted folder", file)
			}
		}
		for _, name := range variables {
			if !slices.ContainsFunc(container.Env, func(e corev1.EnvVar) bool { return e.Name == name && e.ValueFrom != nil }) {
				t.Errorf("the variable %s is not set from a Secret", name)
			}
		}
		if !mounted(strings.TrimPrefix(container.Args[1], "--config=")) {
			t.Errorf("%s is in no mounted folder", container.Args[1])
		}
	})
}

func server(d *appsv1.Deployment) *corev1.Container {
	return &d.Spec.Template.Spec.Containers[0]
}
