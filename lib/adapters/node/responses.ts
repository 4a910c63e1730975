/// <reference types="node" preserve="true" />
// What the library says on a response whose handler has not finished it.
import { isHttp2 } from './requestLifecycle.js';
import type { AnyResponse } from './serverState.js';

const reasons = { 500: 'Internal Server Error', 503: 'Service Unavailable', 504: 'Gateway Timeout' };

/** RST_STREAM code of HTTP/2: unlike CANCEL, every client takes it for a failure. */
const internalError = 2;

/** Finishes a response that nothing was written to; destroys one that was begun, so that nobody takes it for whole. */
export function respondWithError(res: AnyResponse, status: keyof typeof reasons): void {
  if (res.writableEnded) return;
  try {
    if (res.headersSent) abort(res);
    else send(res, status);
  } catch {
    res.destroy();
  }
  ignoreWrites(res);
}

/** The handler may go on writing: from now on nothing comes of it, and nothing is thrown. */
export function ignoreWrites(res: AnyResponse): void {
  Object.assign(res, ignoring);
}

function send(res: AnyResponse, status: keyof typeof reasons): void {
  // Those that the handler has set are of an answer that never came.
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  const text = reasons[status];
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': text.length };
  if (isHttp2(res)) {
    res.writeHead(status, headers);
  } else {
    if (status === 503) res.shouldKeepAlive = false;
    res.writeHead(status, text, headers);
  }
  res.end(text);
}

function abort(res: AnyResponse): void {
  if (isHttp2(res)) res.stream.close(internalError);
  // In chunks the client sees that the last one is missing.
  else if (res.chunkedEncoding) res.destroy();
  // Else the end of the connection may be that of the response. Throws where it cannot be reset: TLS, a Unix socket, none yet.
  else res.socket!.resetAndDestroy();
}

function ignored(this: AnyResponse): AnyResponse {
  return this;
}

/** Calls the callback, which may come last or before nothing else. */
function ignoredWithCallback(this: AnyResponse, ...args: unknown[]): AnyResponse {
  const callback = args.find((arg) => typeof arg === 'function') as (() => void) | undefined;
  if (callback !== undefined) process.nextTick(callback);
  return this;
}

const ignoring = {
  writeHead: ignored,
  setHeader: ignored,
  setHeaders: ignored,
  appendHeader: ignored,
  removeHeader: ignored,
  flushHeaders: ignored,
  write(this: AnyResponse, ...args: unknown[]): boolean {
    ignoredWithCallback.apply(this, args);
    return false;
  },
  end: ignoredWithCallback,
};
