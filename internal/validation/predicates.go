package validation

import (
	"reflect"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A celRule is a CEL rule of the contract. The text of the expression is part of
// it: when it changes in the proto, its predicate is no longer used, and a test asks
// for another.
type celRule struct{ id, expression string }

// A predicate is a CEL rule in Go: on strings, or on values of one type, which may
// be an interface.
type predicate struct {
	text  func(string) bool
	of    reflect.Type
	check check
}

func onText(holds func(string) bool) predicate { return predicate{text: holds} }

func on[T any](holds func(T) bool) predicate {
	return predicate{of: reflect.TypeFor[T](), check: func(v reflect.Value) int {
		value, ok := reflect.TypeAssert[T](v)
		return count(!ok || !holds(value))
	}}
}

// predicates returns the predicate of each CEL rule. Where a predicate holds its
// rule does, which fuzz tests prove; those of hosts and of texts also hold wherever
// their rules do, but that isCIDR leaves some odd IPv6 addresses to protovalidate.
func predicates() map[celRule]predicate {
	all := textPredicates()
	all[celRule{"host.empty", `this.name != '' || this.ip != ''`}] = on(func(h *connsvcv1.Host) bool {
		return h.GetName() != "" || h.GetIp() != ""
	})
	all[celRule{"tags.unique", `this.map(tag, tag.key).unique()`}] = on(func(tags []*connsvcv1.Tag) bool {
		return distinct(len(tags), func(i int) string { return tags[i].GetKey() })
	})
	all[celRule{"queues.none", `size(this.queues) + size(this.elastic_resource_pools) > 0`}] = on(func(r naming) bool {
		return len(r.GetQueues())+len(r.GetElasticResourcePools()) > 0
	})
	all[celRule{"page_token.offset", `this.offset == 0 || this.page_token == ''`}] = on(
		func(r *connsvcv1.ListEnhancedConnectionsRequest) bool {
			return r.GetOffset() == 0 || r.GetPageToken() == ""
		})
	all[celRule{"privileges.none", `this.action == 'update' || this.privileges.all(p, size(p.privileges) > 0)`}] = on(
		func(r *connsvcv1.UpdatePrivilegesRequest) bool {
			for _, p := range r.GetPrivileges() {
				if len(p.GetPrivileges()) == 0 && r.GetAction() != "update" {
					return false
				}
			}
			return true
		})
	return all
}

// naming is a request that names queues and elastic resource pools.
type naming interface {
	GetQueues() []string
	GetElasticResourcePools() []string
}

func textPredicates() map[celRule]predicate {
	const (
		queueName = `size(this) <= 128 && this.matches('^([0-9]*[A-Za-z]|[0-9]+_)[A-Za-z0-9_]*$')`
		cidr      = `size(this) <= 64 && !this.contains('%') && (this.isIp() || this.isIpPrefix())`
		reserved  = `!this.matches('^(?i)(::ffff:)?100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]')`
		object    = `size(this) == 51 && this.startsWith('edsconnections.') && ` +
			`this.substring(15).matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')`
	)
	return map[celRule]predicate{
		{"project_id", `this.matches('^[A-Za-z0-9]{1,64}$')`}:       onText(made(1, 64, letters+digits)),
		{"connection.name", `this.matches('^[A-Za-z0-9_]{1,64}$')`}: onText(made(1, 64, letters+digits+"_")),
		{"route.name", `this.matches('^[A-Za-z0-9_-]{1,64}$')`}:     onText(made(1, 64, letters+digits+"_-")),
		{"queue.name", queueName}:                                   onText(isQueueName(128)),
		{"elastic_resource_pool.name", queueName}:                   onText(isQueueName(128)),
		{"queue.default", `this.lowerAscii() != 'default'`}: onText(func(s string) bool {
			return len(s) != len("default") || !strings.EqualFold(s, "default")
		}),
		{"host.name", `this.matches('^[A-Za-z][A-Za-z0-9_.-]{0,127}$')`}: onText(isHostName(128)),
		{"tag.key", `this.matches('^[\\p{L}\\p{N} _.:+@-]{1,128}$')`}:    onText(isTagText(1, 128)),
		{"tag.value", `this.matches('^[\\p{L}\\p{N} _.:+@-]{0,255}$')`}:  onText(isTagText(0, 255)),
		{"tag.key.space", `!this.startsWith(' ') && !this.endsWith(' ')`}: onText(func(s string) bool {
			return !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ")
		}),
		{"tag.key.reserved", `!this.startsWith('_sys_')`}: onText(func(s string) bool {
			return !strings.HasPrefix(s, "_sys_")
		}),
		{"route.cidr", cidr}:              onText(isCIDR(64)),
		{"route.cidr.reserved", reserved}: onText(func(s string) bool { return !isReserved(s) }),
		{"privilege.object", object}: onText(func(s string) bool {
			id, ok := strings.CutPrefix(s, "edsconnections.")
			return ok && isUUID(id)
		}),
	}
}
