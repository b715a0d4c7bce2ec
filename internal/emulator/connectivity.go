package emulator

import (
	"strconv"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// A connectivityTest is a test of whether a queue reaches an address. Its result is that
// of the time when it began.
type connectivityTest struct {
	queue        target
	connectivity string
	done         time.Time // when it has the result
}

// createConnectivityTest is dli_02_0284.
func (e *Emulator) createConnectivityTest(c call) (any, error) {
	req := &wire.ConnectivityRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	queue, err := e.queueOf(c)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rule := e.network.address(queue.name, req.Address)
	test := connectivityTest{queue: queue, connectivity: rule.Connectivity, done: c.now.Add(e.options.TestDelay)}
	if rule.Takes != 0 {
		test.done = c.now.Add(time.Duration(rule.Takes))
	}
	if test.connectivity == "" {
		test.connectivity = wire.Unreachable
		if since, ok := e.activeSince(queue, c.now); ok && !c.now.Before(since.Add(time.Duration(rule.After))) {
			test.connectivity = wire.Reachable
		}
	}
	e.store.tests = append(e.store.tests, test)
	host, port, _ := strings.Cut(req.Address, ":")
	return wire.CreateConnectivityResponse{
		Result: wire.Success("check connectivity to address:" + host + " with port: " + port + " successfully"),
		TaskID: int64(len(e.store.tests)),
	}, nil
}

// getConnectivityTest is dli_02_0285. Until a test has a result, its connectivity is
// empty.
func (e *Emulator) getConnectivityTest(c call) (any, error) {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return nil, err
	}
	task, err := strconv.Atoi(c.task)
	if err != nil || strconv.Itoa(task) != c.task {
		return nil, wire.Errorf(wire.CodeParameter, "task_id: a whole number is required.")
	}
	queue, err := e.queueOf(c)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if task < 1 || task > len(e.store.tests) || e.store.tests[task-1].queue != queue {
		return nil, wire.Errorf(wire.CodeNoObject, "There is no connectivity test with the task ID %s", c.task)
	}
	test := e.store.tests[task-1]
	if c.now.Before(test.done) {
		test.connectivity = ""
	}
	return wire.ConnectivityResponse{
		Result:       wire.Success("Get node connectivity status successfully for addressId:" + c.task),
		Connectivity: test.connectivity,
	}, nil
}

// queueOf returns the queue of the path, which must exist.
func (e *Emulator) queueOf(c call) (target, error) {
	if err := wire.QueueName(c.queue); err != nil {
		return target{}, err
	}
	queue := target{project: c.project, name: strings.ToLower(c.queue)}
	if e.options.PoolOfQueue[queue.name] == "" && !e.knownQueues.exist(queue.name) {
		return target{}, e.unknownQueue(binding{asked: c.queue})
	}
	return queue, nil
}

// activeSince returns since when the queue, or the pool that contains it, has had an ACTIVE
// peering of an existing connection.
func (e *Emulator) activeSince(queue target, now time.Time) (first time.Time, ok bool) {
	if pool := e.options.PoolOfQueue[queue.name]; pool != "" {
		queue.name, queue.pool = pool, true
	}
	for _, c := range e.store.connections {
		i := indexOf(c.peerings, queue)
		if i < 0 {
			continue
		}
		if s := e.state(&c.peerings[i], now); s.status == wire.StatusActive && (!ok || s.since.Before(first)) {
			first, ok = s.since, true
		}
	}
	return first, ok
}
