package dlijson

import (
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// strings reads a list of strings.
func (d *decoder) strings(got jsontext.Kind, list *[]string) error {
	*list = nil
	return d.list(got, '"', "a string", func() error {
		s, err := d.string('"')
		if err != nil {
			return err
		}
		*list = append(*list, s)
		return nil
	})
}

// messages reads a list of objects into a []*M.
func (d *decoder) messages(got jsontext.Kind, list reflect.Value, p *plan) error {
	list.SetZero()
	alloc := allocator{plan: p}
	return d.list(got, '{', "an object", func() error {
		m := alloc.next()
		n := list.Len()
		if n == list.Cap() {
			list.Grow(1)
		}
		list.SetLen(n + 1)
		list.Index(n).Set(m)
		return d.object(m.Elem(), p, 0)
	})
}

// list reads a list whose elements start with the given kind, each by item.
func (d *decoder) list(got, kind jsontext.Kind, what string, item func() error) error {
	if got != '[' {
		return d.unexpected(got, "a list")
	}
	if err := d.enter(); err != nil {
		return err
	}
	for i := 0; ; i++ {
		got := d.json.PeekKind()
		if got == ']' {
			return d.leave()
		}
		if got != kind {
			return withinIndex(i, d.unexpected(got, what))
		}
		if d.items--; d.items < 0 {
			return d.tooMany()
		}
		if err := item(); err != nil {
			return withinIndex(i, err)
		}
	}
}

// An allocator hands out the messages of one list from blocks: 20,000 hosts are
// 80 allocations. A block lives as long as one message of it.
type allocator struct {
	plan  *plan
	block reflect.Value
	used  int
}

// A block is twice the one before it, so that a short list stays small.
const minBlock, maxBlock = 2, 256

func (a *allocator) next() reflect.Value {
	if !a.block.IsValid() || a.used == a.block.Len() {
		size := minBlock
		if a.block.IsValid() {
			size = min(2*a.block.Len(), maxBlock)
		}
		a.block, a.used = reflect.MakeSlice(a.plan.slice, size, size), 0
	}
	a.used++
	return a.block.Index(a.used - 1).Addr()
}
