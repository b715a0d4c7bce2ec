package stage

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
)

// A Project is the DLI of one project. It counts the requests that reach it.
type Project struct {
	emulator atomic.Pointer[emulator.Emulator]
	gate     atomic.Pointer[func(http.Handler) http.Handler]
	calls    atomic.Int64
	creates  atomic.Int64

	mu       sync.Mutex
	inFlight int
	idle     *sync.Cond // inFlight fell to 0
	onCreate func()
}

func newProject(e *emulator.Emulator) *Project {
	p := &Project{}
	p.idle = sync.NewCond(&p.mu)
	p.emulator.Store(e)
	return p
}

// Emulator returns the project's DLI.
func (p *Project) Emulator() *emulator.Emulator { return p.emulator.Load() }

// Connections returns what the project's DLI has, as Emulator.Connections does, in
// the types of the contract.
func (p *Project) Connections(project string) []*connsvcv1.EnhancedConnection {
	var all []*connsvcv1.EnhancedConnection
	for _, c := range p.Emulator().Connections(project) {
		converted := &connsvcv1.EnhancedConnection{
			Id: c.ID, Name: c.Name, Status: connsvcv1.EnhancedConnection_Status(connsvcv1.EnhancedConnection_Status_value[c.Status]),
			IsPrivis: proto.Bool(c.IsPrivis),
		}
		for _, h := range c.Hosts {
			converted.Hosts = append(converted.Hosts, &connsvcv1.Host{Name: h.Name, Ip: h.IP})
		}
		for _, q := range c.AvailableQueueInfo {
			converted.AvailableQueueInfo = append(converted.AvailableQueueInfo, &connsvcv1.Peering{Name: q.Name})
		}
		for _, r := range c.Routes {
			converted.Routes = append(converted.Routes, &connsvcv1.Route{Name: r.Name, Cidr: r.CIDR})
		}
		all = append(all, converted)
	}
	return all
}

// Replace replaces the project's DLI.
func (p *Project) Replace(e *emulator.Emulator) { p.emulator.Store(e) }

// Wrap puts a handler between connsvc and the project's DLI, such as a gateway that
// serves few requests at once.
func (p *Project) Wrap(gate func(dli http.Handler) http.Handler) { p.gate.Store(&gate) }

// Calls returns how many requests have reached DLI.
func (p *Project) Calls() int64 { return p.calls.Load() }

// Creates returns how many of them were creates of a connection.
func (p *Project) Creates() int64 { return p.creates.Load() }

// OnCreate calls f once, when the next create has reached DLI and before DLI executes
// it.
func (p *Project) OnCreate(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onCreate = f
}

// Wait waits until no request is in flight, including those of callers that gave up.
func (p *Project) Wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.inFlight > 0 {
		p.idle.Wait()
	}
}

func (p *Project) enter(r *http.Request) {
	p.calls.Add(1)
	creates := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/enhanced-connections")
	p.mu.Lock()
	p.inFlight++
	var before func()
	if creates {
		before, p.onCreate = p.onCreate, nil
	}
	p.mu.Unlock()
	if creates {
		p.creates.Add(1)
	}
	if before != nil {
		before()
	}
}

func (p *Project) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inFlight--; p.inFlight == 0 {
		p.idle.Broadcast()
	}
}

// ServeHTTP routes each request to the DLI of its project.
func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, _, _ := strings.Cut(rest, "/")
	p := s.projects[id]
	if p == nil {
		http.NotFound(w, r)
		return
	}
	p.enter(r)
	defer p.leave()
	var dli http.Handler = p.Emulator()
	if gate := p.gate.Load(); gate != nil {
		dli = (*gate)(dli)
	}
	dli.ServeHTTP(w, r)
}
