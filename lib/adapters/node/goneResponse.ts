/// <reference types="node" preserve="true" />
// A response that its handler may no longer write to. To the handler it is as one whose client has gone: what is written to it
// fails, a pipeline rejects, and nothing waits for it.
import type { Readable } from 'node:stream';
import { isHttp2 } from './requestLifecycle.js';
import type { RequestLifecycle } from './requestLifecycle.js';
import type { AnyRequest, AnyResponse } from './serverState.js';

/** From now on the handler can do nothing to the response. What is under way goes out. */
export function leaveToNobody({ req, res, whole }: RequestLifecycle): void {
  // Where the client has gone, Node says so: but for an HTTP/1 response that waits for its turn.
  const saysNode = isHttp2(res) ? whole === false : res.closed;
  Object.defineProperties(res, inert);
  let draining = false;
  const fail = (call: string, args: readonly unknown[]) => {
    const callback = args.find((arg) => typeof arg === 'function') as ((error: Error) => void) | undefined;
    if (callback !== undefined) process.nextTick(callback, destroyed(call));
  };
  // Not at once: a handler that never looks whether anybody reads must not keep the process for itself.
  const drain = () => {
    if (draining) return;
    draining = true;
    setImmediate(() => {
      draining = false;
      res.emit('drain');
    });
  };
  Object.assign(res, {
    write: (...args: unknown[]) => {
      fail('write', args);
      drain();
      return false;
    },
    end: (...args: unknown[]) => {
      fail('end', args);
      return res;
    },
  });
  closeSources(res, req);
  res.on('pipe', (source: Readable) => {
    process.nextTick(() => source.unpipe(res));
  });
  process.nextTick(() => {
    if (!saysNode) {
      res.emit('close');
      if (isHttp2(res)) silenceClose(res);
    }
    if (res.listenerCount('drain') > 0) drain();
  });
}

/** Node would say again that an HTTP/2 response is closed. */
function silenceClose(res: AnyResponse): void {
  const emit = res.emit.bind(res) as (event: string, ...args: unknown[]) => boolean;
  Object.assign(res, { emit: (event: string, ...args: unknown[]) => event !== 'close' && emit(event, ...args) });
}

/**
 * Destroys what was piped to `dest` as soon as it no longer is, and what was piped to that, or files would stay open. Leaves
 * alone what somebody else reads, and what was read before, for it may be there for many: but for files.
 */
function closeSources(dest: NodeJS.EventEmitter, req: AnyRequest): void {
  dest.on('unpipe', (source: Readable) => {
    process.nextTick(() => {
      // The request shares its socket with the response.
      if (source === (req as Readable) || isRead(source)) return;
      const piped = source.listenerCount('unpipe') > 0;
      if (source.readableDidRead && !piped && !isFile(source)) return;
      if (piped) closeSources(source, req);
      source.destroy();
    });
  });
}

function isRead(source: Readable): boolean {
  return source.listenerCount('data') > 0 || source.listenerCount('readable') > 0;
}

function isFile(source: Readable): boolean {
  return 'fd' in source;
}

function destroyed(call: string): Error {
  // As Node's own, which has no constructor that is public.
  const error = new Error(`Cannot call ${call} after a stream was destroyed`);
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

function ignored(this: AnyResponse): AnyResponse {
  return this;
}

/**
 * From Node 24 on `pipeline` throws when it sees that a destination is closed, and leaves the sources open. Without its caller in
 * the stack it is as Node has it.
 */
function isNotAskedByPipeline(): boolean {
  const [, , caller] = String(new Error().stack).split('\n');
  return caller?.includes('internal/streams/pipeline') !== true;
}

const valueOf = (value: unknown) => ({ value, writable: true, configurable: true });

const inert: PropertyDescriptorMap = {
  // What `pipeline`, `finished` and handlers look at.
  destroyed: { get: isNotAskedByPipeline, set: () => undefined, configurable: true },
  closed: { get: isNotAskedByPipeline, configurable: true },
  // Where Node keeps that of HTTP/1: it says once that a response is closed.
  _closed: valueOf(true),
  writableFinished: valueOf(false),
};
for (const method of [
  'writeHead',
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'flushHeaders',
  'addTrailers',
  'setTrailer',
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
  'cork',
  'uncork',
  'destroy',
]) {
  inert[method] = valueOf(ignored);
}
