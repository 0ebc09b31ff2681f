// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// server plain|tls12|tls13 CERTIFICATES: a region's console and its models on net/http, on a free port, which it prints.
// Closes connections that are idle for a second.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"time"
)

const tooLarge = `{"detail":"too large"}`
const console = `{"token":"opaque","NAME":"cluster","REGION_NAME":"foreign"}`

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// Go 1.21 and later.
func fullDuplex(w http.ResponseWriter) {
	if able, ok := w.(interface{ EnableFullDuplex() error }); ok {
		able.EnableFullDuplex()
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	fullDuplex(w)
	w.Header().Set("Content-Type", "text/csv")
	buffer := make([]byte, 65536)
	for {
		n, err := r.Body.Read(buffer)
		w.Write(buffer[:n])
		w.(http.Flusher).Flush()
		if err != nil {
			return
		}
	}
}

// The whole 413 is sent. For net/http the answer is not over, so it neither reads on nor closes.
func hold(w http.ResponseWriter, r *http.Request) {
	fullDuplex(w)
	answer(w, 413, tooLarge)
	w.(http.Flusher).Flush()
	select {}
}

// What becomes of the request and of the connection is net/http's own choice.
func refuse(w http.ResponseWriter, r *http.Request) {
	answer(w, 413, tooLarge)
}

func count(w http.ResponseWriter, r *http.Request) {
	size, _ := io.Copy(io.Discard, r.Body)
	answer(w, 200, strconv.FormatInt(size, 10))
}

func trailers(w http.ResponseWriter, r *http.Request) {
	size, _ := io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Trailer", "X-Checksum")
	io.WriteString(w, "price\n")
	w.(http.Flusher).Flush()
	fmt.Fprintf(w, "%d\n", size)
	w.Header().Set("X-Checksum", "0123456789abcdef")
	w.Header().Set(http.TrailerPrefix+"X-Undeclared", "of the end")
}

var models = map[string]http.HandlerFunc{
	"echo": echo, "hold": hold, "refuse": refuse, "count": count, "trailers": trailers,
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != "GET" {
		models[path.Base(r.URL.Path)](w, r)
		return
	}
	io.Copy(io.Discard, r.Body)
	w.Header().Set("x-prt-model-id", "42")
	answer(w, 200, console)
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func tlsConfig(mode, certificates string) *tls.Config {
	version := uint16(tls.VersionTLS12)
	if mode == "tls13" {
		version = tls.VersionTLS13
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(must(os.ReadFile(certificates + "/ca.pem")))
	own := must(tls.LoadX509KeyPair(certificates+"/server.pem", certificates+"/server.key"))
	return &tls.Config{
		Certificates: []tls.Certificate{own}, MinVersion: version, MaxVersion: version,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities,
	}
}

func main() {
	mode, certificates := os.Args[1], os.Args[2]
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: http.HandlerFunc(serve), IdleTimeout: time.Second}
	if mode != "plain" {
		listener = tls.NewListener(listener, tlsConfig(mode, certificates))
	}
	log.Fatal(server.Serve(listener))
}
