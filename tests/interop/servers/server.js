// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// server.js plain|tls12|tls13 CERTIFICATES: a region's console and its models on Node's http or https, on a free port,
// which it prints. Closes connections that are idle for a second.

'use strict';
const fs = require('fs');
const path = require('path');

const [mode, certificates] = process.argv.slice(2);
const tooLarge = '{"detail":"too large"}';
const console_ = '{"token":"opaque","NAME":"cluster","REGION_NAME":"foreign"}';

function head(response, status, body, more = {}) {
  response.writeHead(status, {'Content-Type': 'application/json', 'Content-Length': body.length, ...more});
}

function whenRead(request, then) {
  let size = 0;
  request.on('data', (piece) => { size += piece.length; });
  request.on('end', () => then(size));
}

const models = {
  echo(request, response) {
    response.writeHead(200, {'Content-Type': 'text/csv'});
    request.pipe(response);
  },

  // The whole 413 is sent. For Node the answer is not over, so it neither reads on nor closes.
  hold(request, response) {
    head(response, 413, tooLarge);
    response.write(tooLarge);
  },

  // What becomes of the request and of the connection is Node's own choice.
  refuse(request, response) {
    head(response, 413, tooLarge);
    response.end(tooLarge);
  },

  count(request, response) {
    whenRead(request, (size) => {
      head(response, 200, String(size));
      response.end(String(size));
    });
  },

  trailers(request, response) {
    whenRead(request, (size) => {
      response.writeHead(200, {'Content-Type': 'text/csv', 'Trailer': 'x-checksum'});
      response.write('price\n');
      response.write(`${size}\n`);
      response.addTrailers({'x-checksum': '0123456789abcdef', 'x-undeclared': 'of the end'});
      response.end();
    });
  },
};

function serve(request, response) {
  if (request.method !== 'GET') {
    models[request.url.split('/').filter(Boolean).pop()](request, response);
    return;
  }
  whenRead(request, () => {
    head(response, 200, console_, {'x-prt-model-id': '42'});
    response.end(console_);
  });
}

function made() {
  if (mode === 'plain') return require('http').createServer(serve);
  const version = mode === 'tls12' ? 'TLSv1.2' : 'TLSv1.3';
  const read = (name) => fs.readFileSync(path.join(certificates, name));
  return require('https').createServer({
    key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem'), requestCert: true, rejectUnauthorized: true,
    minVersion: version, maxVersion: version,
  }, serve);
}

const server = made();
server.keepAliveTimeout = 1000;
server.keepAliveTimeoutBuffer = 0;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
