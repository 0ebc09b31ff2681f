// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The benchmark's peer on Go's net/http: a goroutine a connection, on one processor.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"
)

type cluster struct {
	Name       string `json:"NAME"`
	RegionName string `json:"REGION_NAME"`
}

type deployment struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

type version struct {
	ID         int64       `json:"id"`
	Version    json.Number `json:"version"`
	Stage      *string     `json:"stage"`
	Deployment deployment  `json:"model_deployment"`
}

type model struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Prefix struct {
		Key    string `json:"key"`
		Prefix string `json:"prefix"`
	} `json:"model_prefix"`
	Versions []version `json:"model_versions"`
}

type peer struct {
	client *http.Client
	url    string
	bearer string
}

func newPeer(url, caFile string, connections int) (*peer, error) {
	transport := &http.Transport{
		MaxIdleConns:        connections,
		MaxIdleConnsPerHost: connections,
		MaxConnsPerHost:     connections,
		// The other peers ask for no compression either.
		DisableCompression: true,
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New(caFile + " holds no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	return &peer{client, url, "Bearer " + strings.Repeat("a", 300)}, nil
}

func (p *peer) get(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, p.url+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	return p.send(request)
}

func (p *peer) send(request *http.Request) ([]byte, error) {
	request.Header.Set("User-Agent", "benchmark/1.0")
	request.Header.Set("Authorization", p.bearer)
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	return body, nil
}

func (p *peer) exchange() error {
	body, err := p.get("/console/api/central/clusterdefinition/")
	if err != nil {
		return err
	}
	var found cluster
	if err := json.Unmarshal(body, &found); err != nil {
		return err
	}
	if found.RegionName != "benchmark" || !strings.HasPrefix(found.Name, "eyJ") {
		return errors.New("a wrong answer")
	}
	return nil
}

func (p *peer) list() (int, error) {
	body, err := p.get("/console/api/modelhost/models/")
	if err != nil {
		return 0, err
	}
	var models []model
	err = json.Unmarshal(body, &models)
	return len(models), err
}

func rowsOf(bytes int) []byte {
	text := []byte("carat,cut,colour,clarity,depth,table,x,y,z\n")
	for i := 0; len(text) < bytes; i++ {
		text = fmt.Appendf(text, "0.%d,Ideal,E,SI2,6%d.5,55,3.%d,3.98,2.43\n", 20+i%79, i%7, 100+i*31%899)
	}
	return text[:bytes]
}

func (p *peer) predict(body []byte, answerSize int) error {
	path := fmt.Sprintf("/models/lean/answer-%d/", answerSize)
	request, err := http.NewRequest(http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Content-Type", "text/csv")
	answer, err := p.send(request)
	if err != nil {
		return err
	}
	if len(answer) != answerSize || !bytes.HasPrefix(answer, []byte("prediction\n")) {
		return errors.New("a wrong answer")
	}
	return nil
}

// Every connection's calls: so many, or as many as begin before the end.
func repeat(connections, each int, end time.Time, call func() error) (int, error) {
	var group sync.WaitGroup
	done := make([]int, connections)
	failures := make([]error, connections)
	for i := 0; i < connections; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for each == 0 && time.Now().Before(end) || done[i] < each {
				if failures[i] = call(); failures[i] != nil {
					return
				}
				done[i]++
			}
		}(i)
	}
	group.Wait()
	all := 0
	for i, failure := range failures {
		if failure != nil {
			return 0, failure
		}
		all += done[i]
	}
	return all, nil
}

func openSockets() int {
	links, _ := filepath.Glob("/proc/self/fd/*")
	count := 0
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:") {
			count++
		}
	}
	return count
}

// Memory in use: makes the collector return free memory at once.
func resident() (int, error) {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var all, pages int
	_, err = fmt.Sscan(string(text), &all, &pages)
	return pages * os.Getpagesize(), err
}

// Opens all connections. A pool opens fewer than it may, if the first are free again before the last are there.
func (p *peer) openAll(connections, before int) (int, error) {
	all := 0
	for round := 0; round < 3 || openSockets()-before != connections; round++ {
		if round == 50 {
			return 0, fmt.Errorf("%d of %d connections are open", openSockets()-before, connections)
		}
		done, err := repeat(connections, 1, time.Time{}, p.exchange)
		if err != nil {
			return 0, err
		}
		all += done
	}
	return all, nil
}

// User and system time of this process: getrusage is coarse, the clock exact, so the sum is the clock's.
func cpuTimes() (user, system float64) {
	// CLOCK_PROCESS_CPUTIME_ID, for which package syscall has neither a name nor a function.
	const clock = 2
	var used syscall.Rusage
	var all syscall.Timespec
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&all)), 0)
	system = float64(used.Stime.Nano()) / 1e9
	return float64(all.Nano())/1e9 - system, system
}

type stopwatch struct {
	began        time.Time
	user, system float64
}

func start() stopwatch {
	user, system := cpuTimes()
	return stopwatch{time.Now(), user, system}
}

func (w stopwatch) stop(exchanges int, line map[string]any) {
	took := time.Since(w.began)
	user, system := cpuTimes()
	line["exchanges"] = exchanges
	line["seconds"] = took.Seconds()
	line["cpu_user"] = user - w.user
	line["cpu_system"] = system - w.system
}

type command struct {
	url, caFile, work             string
	connections, exchanges, bytes int
	seconds, rate                 float64
}

// The memory of an idle connection.
func memory(c command, line map[string]any) error {
	pages, err := resident()
	if err != nil {
		return err
	}
	sockets := openSockets()
	p, err := newPeer(c.url, c.caFile, c.connections)
	if err != nil {
		return err
	}
	watch := start()
	done, err := p.openAll(c.connections, sockets)
	if err != nil {
		return err
	}
	watch.stop(done, line)
	now, err := resident()
	line["resident_each"] = float64(now-pages) / float64(c.connections)
	// So that the connections are in use until here.
	runtime.KeepAlive(p)
	return err
}

func measure(c command, line map[string]any) error {
	p, err := newPeer(c.url, c.caFile, c.connections)
	if err != nil {
		return err
	}
	call := p.exchange
	models := 0
	if c.work == "listing" {
		call = func() (err error) {
			models, err = p.list()
			return err
		}
	}
	if c.work == "predict" {
		body := rowsOf(c.bytes)
		call = func() error { return p.predict(body, c.bytes/4) }
		line["bytes"] = c.bytes + c.bytes/4
	}
	each, warm := 0, 0
	if c.exchanges != 0 {
		each, warm = (c.exchanges+c.connections-1)/c.connections, 10
	}
	if c.work == "listing" {
		warm = 1
	}
	span := time.Duration(c.seconds * float64(time.Second))
	if _, err := repeat(c.connections, warm, time.Now().Add(span/4), call); err != nil {
		return err
	}
	watch := start()
	done, err := repeat(c.connections, each, watch.began.Add(span), call)
	if err != nil {
		return err
	}
	watch.stop(done, line)
	if models != 0 {
		line["models"] = models
	}
	return nil
}

// Go's own timers wake up to a millisecond late. To look again between turns, as the other peers do when a call is
// due soon, is no way here: as long as a goroutine can run, the scheduler hardly looks at the sockets.
type alarm struct {
	descriptor uintptr
	file       *os.File
}

func newAlarm() (*alarm, error) {
	const clockMonotonic = 1
	descriptor, _, failed := syscall.RawSyscall(
		syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if failed != 0 {
		return nil, failed
	}
	return &alarm{descriptor, os.NewFile(descriptor, "timer")}, nil
}

func (a *alarm) sleep(span time.Duration) error {
	if span <= 0 {
		return nil
	}
	// struct itimerspec, without an interval.
	spec := [4]int64{2: int64(span / time.Second), 3: int64(span % time.Second)}
	_, _, failed := syscall.RawSyscall6(
		syscall.SYS_TIMERFD_SETTIME, a.descriptor, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if failed != 0 {
		return failed
	}
	var ticks [8]byte
	_, err := a.file.Read(ticks[:])
	return err
}

// Calls that arrive at a fixed rate, independently of earlier ones: a goroutine each, over so many connections.
func load(c command, line map[string]any) error {
	p, err := newPeer(c.url, c.caFile, c.connections)
	if err != nil {
		return err
	}
	span := time.Duration(c.seconds * float64(time.Second))
	if _, err := repeat(c.connections, 0, time.Now().Add(span/4), p.exchange); err != nil {
		return err
	}
	timer, err := newAlarm()
	if err != nil {
		return err
	}
	defer timer.file.Close()
	count := int(c.rate * c.seconds)
	latency := hdrhistogram.New(1, int64(time.Minute), 3)
	var group sync.WaitGroup
	var mutex sync.Mutex
	var failure error
	watch := start()
	for i := 0; i < count; i++ {
		due := watch.began.Add(time.Duration(float64(i) / c.rate * float64(time.Second)))
		if err := timer.sleep(time.Until(due)); err != nil {
			return err
		}
		group.Add(1)
		go func() {
			defer group.Done()
			err := p.exchange()
			took := time.Since(due)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				err = latency.RecordValue(int64(took))
			}
			if err != nil {
				failure = err
			}
		}()
	}
	group.Wait()
	if failure != nil {
		return failure
	}
	watch.stop(count, line)
	line["rate"], line["length"] = c.rate, c.seconds
	percentiles := map[string]float64{"max": float64(latency.Max()) / 1e3}
	for _, name := range []string{"50", "90", "99", "99.9"} {
		percent, _ := strconv.ParseFloat(name, 64)
		percentiles[name] = float64(latency.ValueAtPercentile(percent)) / 1e3
	}
	line["latency_us"] = percentiles
	return nil
}

func run() error {
	var c command
	flag.StringVar(&c.url, "url", "", "http://127.0.0.1:PORT or https://127.0.0.1:PORT")
	flag.StringVar(&c.caFile, "ca", "", "the authority to trust, PEM")
	flag.StringVar(&c.work, "work", "exchange", "exchange, listing, memory, predict or load")
	flag.IntVar(&c.connections, "connections", 1, "at once")
	flag.Float64Var(&c.seconds, "seconds", 1, "how long")
	flag.IntVar(&c.exchanges, "exchanges", 0, "how many in all, instead of how long")
	flag.IntVar(&c.bytes, "bytes", 1000, "of a request's body, for predict; its answer has a quarter")
	flag.Float64Var(&c.rate, "rate", 1000, "calls a second that arrive, for load")
	flag.Parse()
	runtime.GOMAXPROCS(1)

	works := map[string]func(command, map[string]any) error{
		"exchange": measure, "listing": measure, "memory": memory, "predict": measure, "load": load,
	}
	work := works[c.work]
	if work == nil {
		return errors.New("there is no work " + c.work)
	}
	line := map[string]any{
		"name": "go net/http", "versions": map[string]string{"go": runtime.Version()},
		"work": c.work, "tls": strings.HasPrefix(c.url, "https"), "connections": c.connections,
	}
	if err := work(c, line); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(line)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "go net/http:", err)
		os.Exit(1)
	}
}
