// SPDX-License-Identifier: Apache-2.0
//
// A receiver of webhooks: verifies each request with the library of Standard Webhooks and prints what
// came as a line of JSON. What it answers is in the path:
//
//   /ok        204                        /gone   410, after GET /release 204
//   /slow      never                      /long   200 and a body without end
//   /redirect  302 to /trap, on this      /busy   503 once, Retry-After: 1, then 204
//   /hold      never, until GET /release  /trap   204: nobody should come here
//
//   node receiver.js PORT SECRET[,SECRET…] [CERTIFICATE KEY]
'use strict';
const fs = require('fs');
const { Webhook } = require('standardwebhooks');

const [port, secrets, certificate, key] = process.argv.slice(2);
const webhooks = secrets.split(',').map((secret) => new Webhook(secret));
const seen = new Set();
let isHeld = true;

// Which of the secrets verify it, timestamp included.
function verified(body, headers) {
  return webhooks.map((webhook) => {
    try {
      webhook.verify(body, headers);
      return true;
    } catch {
      return false;
    }
  });
}

function pour(response) {
  const drain = () => {
    while (response.write(Buffer.alloc(65536))) { /* until it is full */ }
  };
  response.on('drain', drain);
  response.writeHead(200);
  drain();
}

function answer(path, id, request, response) {
  const status = (code, headers = {}) => response.writeHead(code, headers).end();
  const isNew = !seen.has(id);
  seen.add(id);
  if (path === '/slow' || (path === '/hold' && isHeld)) return undefined;
  if (path === '/long') return pour(response);
  if (path === '/gone' && isHeld) return status(410);
  if (path === '/busy' && isNew) return status(503, { 'Retry-After': '1' });
  if (path === '/redirect') return status(302, { Location: `http://${request.headers.host}/trap` });
  return status(204);
}

function receive(request, response) {
  const path = request.url.split('?')[0];
  const pieces = [];
  if (path === '/release') isHeld = false;
  request.on('error', () => {});
  response.on('error', () => {});
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString('utf8');
    const { method, headers } = request;
    if (method === 'POST') {
      console.log(JSON.stringify({ path, headers, body, verified: verified(body, headers) }));
    }
    answer(path, headers['webhook-id'], request, response);
  });
}

const server = certificate
  ? require('https').createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, receive)
  : require('http').createServer(receive);
server.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
