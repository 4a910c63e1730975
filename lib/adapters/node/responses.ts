/// <reference types="node" preserve="true" />
// What the library says on a response whose handler has not finished it.
import type { IncomingMessage } from 'node:http';
import { leaveToNobody } from './goneResponse.js';
import { lingerAfterLast, lingeringClose } from './lingeringClose.js';
import { isHttp2 } from './requestLifecycle.js';
import type { RequestLifecycle } from './requestLifecycle.js';
import type { AnyResponse } from './serverState.js';

const reasons = { 500: 'Internal Server Error', 503: 'Service Unavailable', 504: 'Gateway Timeout' };

/** RST_STREAM code of HTTP/2: unlike CANCEL, every client takes it for a failure. */
const internalError = 2;

/** Headers that describe the answer that never came, and not the resource or who may read it. */
const ofTheAnswer = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-disposition',
  'content-digest',
  'content-md5',
  'repr-digest',
  'digest',
  'transfer-encoding',
  'trailer',
  'etag',
  'last-modified',
  'accept-ranges',
  'age',
  'expires',
  'cache-control',
  'set-cookie',
  'location',
];

/** Finishes a response that nothing was written to; destroys one that was begun, so that nobody takes it for whole. */
export function respondWithError(lifecycle: RequestLifecycle, status: keyof typeof reasons): void {
  const { res } = lifecycle;
  if (res.writableEnded) return;
  try {
    if (res.headersSent) abort(res);
    else send(lifecycle, status);
  } catch {
    res.destroy();
  }
  ignoreWrites(lifecycle);
}

/** The handler may go on writing: nothing comes of it, and it is told so as if the client had gone. */
export function ignoreWrites(lifecycle: RequestLifecycle): void {
  lifecycle.leave();
  leaveToNobody(lifecycle);
}

function send(lifecycle: RequestLifecycle, status: keyof typeof reasons): void {
  const { req, res } = lifecycle;
  for (const name of ofTheAnswer) res.removeHeader(name);
  const text = reasons[status];
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
  if (isHttp2(res)) {
    res.writeHead(status, headers);
  } else {
    const isComing = !(req as IncomingMessage).complete;
    if (isComing) lingerAfterLast(lifecycle.socket);
    if (isComing || status === 503) {
      res.shouldKeepAlive = false;
      // The handler may have promised something else.
      res.setHeader('connection', 'close');
    }
    res.writeHead(status, text, headers);
  }
  res.end(text);
}

function abort(res: AnyResponse): void {
  if (isHttp2(res)) res.stream.close(internalError);
  // It waits for its turn on a pipelined connection, and those before it do not: nothing of it has been sent.
  else if (res.socket === null) res.assignSocket = lingeringClose;
  // In chunks the client sees that the last one is missing.
  else if (res.chunkedEncoding) res.destroy();
  // Else the end of the connection may be that of the response. Throws where it cannot be reset: TLS, a Unix socket.
  else res.socket.resetAndDestroy();
}
