// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// http2.js FOLDER: Node's HTTP/2 without HTTP/1, plain and over TLS, on free ports, which it prints.

'use strict';
const fs = require('fs');
const http2 = require('http2');
const path = require('path');

const read = (name) => fs.readFileSync(path.join(process.argv[2], name));
const servers = [
  http2.createServer(),
  http2.createSecureServer({key: read('h2.key'), cert: read('h2.pem'), allowHTTP1: false}),
];
let waiting = servers.length;
for (const server of servers) {
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1', () => {
    if (--waiting === 0) console.log(servers.map((s) => s.address().port).join(' '));
  });
}
