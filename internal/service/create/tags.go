package create

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/config"
)

const (
	// maxTags is DLI's limit of a connection's tags (dli_02_0187).
	maxTags = 20
	// The suffixes follow the key of the tag that stores the request_id, in the keys of
	// the tags that store the hash of the request and its version. Only a connection with
	// this version, but not the hash, is proven to be of another request: it may have been
	// made by a connsvc that stores no hash, or another one.
	hashSuffix    = ".hash"
	versionSuffix = ".v"
	hashVersion   = "1"
)

// prepare sets the request for DLI: that of the caller, with tags for the request_id.
func (n *creation) prepare() error {
	n.post = n.req
	policy := n.dli.Idempotency()
	tagKey := cmp.Or(policy.GetTagKey(), config.DefaultTagKey)
	if err := rejectReserved(n.req.GetTags(), tagKey, tagKey+hashSuffix, tagKey+versionSuffix); err != nil && !policy.GetDisableTag() {
		return err
	}
	if n.req.GetRequestId() == "" {
		return nil
	}
	n.post = withoutRequestID(n.req)
	switch {
	case policy.GetDisableTag():
		n.notStored = "disable_tag is set"
	case len(n.req.GetTags()) >= maxTags:
		n.notStored = fmt.Sprintf("the request has %d tags already", maxTags)
	}
	if n.notStored != "" {
		n.warn("request_id is not stored (%s): a retry will not be recognised", n.notStored)
		return nil
	}
	n.tag = &connsvcv1.Tag{Key: tagKey, Value: proto.String(strings.ToLower(n.req.GetRequestId()))}
	n.hashTag = &connsvcv1.Tag{Key: tagKey + hashSuffix, Value: proto.String(ContentHash(n.req))}
	n.versionTag = &connsvcv1.Tag{Key: tagKey + versionSuffix, Value: proto.String(hashVersion)}
	free := min(maxTags-len(n.req.GetTags()), 3)
	n.post.Tags = slices.Concat(n.post.GetTags(), []*connsvcv1.Tag{n.tag, n.hashTag, n.versionTag}[:free])
	return nil
}

// rejectReserved rejects a caller's tag with a key of connsvc, in any case: with it, one
// caller could have another's create return his own connection.
func rejectReserved(tags []*connsvcv1.Tag, reserved ...string) error {
	for i, t := range tags {
		if slices.ContainsFunc(reserved, func(key string) bool { return strings.EqualFold(t.GetKey(), key) }) {
			return apierror.Invalid(fmt.Sprintf("tags[%d].key", i), "tags.request_id", "is reserved for the tags that store request_id")
		}
	}
	return nil
}

// withoutRequestID is a shallow copy of the fields that DLI knows.
func withoutRequestID(r *connsvcv1.CreateEnhancedConnectionRequest) *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:            r.GetProjectId(),
		Name:                 r.GetName(),
		DestVpcId:            r.GetDestVpcId(),
		DestNetworkId:        r.GetDestNetworkId(),
		Queues:               r.GetQueues(),
		ElasticResourcePools: r.GetElasticResourcePools(),
		RoutetableId:         r.GetRoutetableId(),
		Hosts:                r.GetHosts(),
		Tags:                 r.GetTags(),
	}
}

// ContentHash is equal for requests with the same content, in any order, and in any case
// where DLI has none. A change of what it returns needs another hashVersion.
func ContentHash(r *connsvcv1.CreateEnhancedConnectionRequest) string {
	const separator = "\x00" // in no name or value
	hosts := make([]string, 0, len(r.GetHosts()))
	for _, h := range r.GetHosts() {
		hosts = append(hosts, h.GetName()+separator+h.GetIp())
	}
	tags := make([]string, 0, len(r.GetTags()))
	for _, t := range r.GetTags() {
		tags = append(tags, t.GetKey()+separator+t.GetValue())
	}
	hash := sha256.New()
	for _, list := range [][]string{
		{r.GetName()},
		{strings.ToLower(r.GetDestVpcId())},
		{strings.ToLower(r.GetDestNetworkId())},
		{strings.ToLower(r.GetRoutetableId())},
		lowered(r.GetQueues()), lowered(r.GetElasticResourcePools()), hosts, tags,
	} {
		slices.Sort(list)
		_, _ = io.WriteString(hash, strings.Join(slices.Compact(list), "\n")+"\n\n")
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

func lowered(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ToLower(name)
	}
	return all
}
