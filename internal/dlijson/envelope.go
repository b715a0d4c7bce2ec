package dlijson

import "reflect"

// clearEnvelope sets is_success and message of a struct, where it has them, to
// what an answer means that leaves them out.
func (p *plan) clearEnvelope(v reflect.Value) {
	if p.isSuccess >= 0 {
		v.Field(p.fields[p.isSuccess].index).SetBool(true)
	}
	if p.message >= 0 {
		v.Field(p.fields[p.message].index).SetString("")
	}
}

// envelopeOf returns is_success and message of a struct, from absent what it has
// no fields for.
func (p *plan) envelopeOf(v reflect.Value, absent Envelope) Envelope {
	answer := absent
	if p.isSuccess >= 0 {
		answer.IsSuccess = v.Field(p.fields[p.isSuccess].index).Bool()
	}
	if p.message >= 0 {
		answer.Message = v.Field(p.fields[p.message].index).String()
	}
	return answer
}
