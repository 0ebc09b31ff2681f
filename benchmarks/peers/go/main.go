// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The benchmark's peer on Go's net/http: a goroutine a connection, on one processor.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
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
	request.Header.Set("User-Agent", "benchmark/1.0")
	request.Header.Set("Accept", "application/json")
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

func seconds(t syscall.Timeval) float64 {
	return float64(t.Sec) + float64(t.Usec)/1e6
}

func run() error {
	url := flag.String("url", "", "http://127.0.0.1:PORT or https://127.0.0.1:PORT")
	caFile := flag.String("ca", "", "the authority to trust, PEM")
	work := flag.String("work", "exchange", "exchange or listing")
	connections := flag.Int("connections", 1, "at once")
	length := flag.Float64("seconds", 1, "how long")
	exchanges := flag.Int("exchanges", 0, "how many in all, instead of how long")
	flag.Parse()
	runtime.GOMAXPROCS(1)

	p, err := newPeer(*url, *caFile, *connections)
	if err != nil {
		return err
	}
	call := p.exchange
	models := 0
	switch *work {
	case "exchange":
	case "listing":
		call = func() (err error) {
			models, err = p.list()
			return err
		}
	default:
		return errors.New("there is no work " + *work)
	}

	each, warm := 0, 0
	if *exchanges != 0 {
		each, warm = (*exchanges+*connections-1) / *connections, 10
	}
	if *work == "listing" {
		warm = 1
	}
	span := time.Duration(*length * float64(time.Second))
	if _, err := repeat(*connections, warm, time.Now().Add(span/4), call); err != nil {
		return err
	}

	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	began := time.Now()
	done, err := repeat(*connections, each, began.Add(span), call)
	if err != nil {
		return err
	}
	took := time.Since(began)
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)

	line := map[string]any{
		"name": "go net/http", "versions": map[string]string{"go": runtime.Version()},
		"work": *work, "tls": strings.HasPrefix(*url, "https"), "connections": *connections,
		"exchanges": done, "seconds": took.Seconds(),
		"cpu_user":   seconds(after.Utime) - seconds(before.Utime),
		"cpu_system": seconds(after.Stime) - seconds(before.Stime),
	}
	if models != 0 {
		line["models"] = models
	}
	return json.NewEncoder(os.Stdout).Encode(line)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "go net/http:", err)
		os.Exit(1)
	}
}
