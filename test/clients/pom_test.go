package clients_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPOM compares the versions that pom.xml names with those of Debian, which the scenes
// run with.
func TestPOM(t *testing.T) {
	var pom struct {
		Properties struct {
			GRPC string `xml:"grpc.version"`
		} `xml:"properties"`
		Dependencies []struct {
			Group    string `xml:"groupId"`
			Artifact string `xml:"artifactId"`
			Version  string `xml:"version"`
		} `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal([]byte(read(t, root+"/gen/java/pom.xml")), &pom); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, d := range pom.Dependencies {
		folder := filepath.Join("/usr/share/maven-repo", strings.ReplaceAll(d.Group, ".", "/"), d.Artifact)
		if _, err := os.Stat(folder); err != nil {
			continue // Debian has no such package: the shaded netty, and an annotation
		}
		version := strings.ReplaceAll(d.Version, "${grpc.version}", pom.Properties.GRPC)
		if _, err := os.Stat(filepath.Join(folder, version)); err != nil {
			t.Errorf("%s:%s: Debian has no %s", d.Group, d.Artifact, version)
		}
		compared++
	}
	if compared != 4 {
		t.Errorf("%d dependencies were compared", compared)
	}
}
