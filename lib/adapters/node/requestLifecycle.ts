/// <reference types="node" preserve="true" />
// One request and its response, from when somebody first asks for it until the response is finished or the client is gone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { ContextNode } from '../../core/contextNode.js';
import { cancel } from '../../core/cancellation.js';
import { ClientGoneError } from '../http/clientGoneError.js';
import type { AnyRequest, AnyResponse, OpenRequest, ServerState } from './serverState.js';

// A property, for a WeakMap that gains an entry with every request costs more in garbage collection than all the rest.
const key = Symbol('rxjs-ctx/lifecycle');

interface Keyed {
  [key]?: RequestLifecycle;
}

/** The lifecycle of a response: always the same one. */
export function lifecycleOf(req: AnyRequest, res: AnyResponse & Keyed, state?: ServerState): RequestLifecycle {
  let lifecycle = res[key];
  if (lifecycle === undefined) {
    lifecycle = res[key] = isHttp2(res) ? new Http2Lifecycle(req, res, state) : new Http1Lifecycle(req, res, state);
    lifecycle.start();
  }
  return lifecycle;
}

/** That of what may be a response somebody has asked a context for. */
export function knownLifecycle(res: (AnyResponse & Keyed) | undefined): RequestLifecycle | undefined {
  return res?.[key];
}

export function isHttp2(res: AnyResponse): res is Http2ServerResponse {
  return typeof (res as Partial<Http2ServerResponse>).stream?.rstCode === 'number';
}

export abstract class RequestLifecycle implements OpenRequest {
  /** Set by the first who asks for one. */
  ctx: ContextNode | undefined = undefined;
  /** How it ended: the response went out whole, or did not. `undefined` while it is open. */
  whole: boolean | undefined = undefined;
  /** Whether its handler failed. */
  failed = false;
  /** Among the open ones of its server. */
  place = 0;

  constructor(
    readonly req: AnyRequest,
    readonly res: AnyResponse,
    /** Of its server, when that is known. */
    readonly state: ServerState | undefined,
  ) {}

  /** Of its connection. The request may lose its own: `pipeline` takes it from one that it destroys. */
  abstract readonly socket: Socket;
  /** Listens for the end, or finds that it has come already. */
  abstract start(): void;
  /** To its handler the response is closed: that is not its end. */
  abstract leave(): void;
  protected abstract stop(): void;

  settle(whole: boolean): void {
    if (this.whole !== undefined) return;
    this.whole = whole;
    this.stop();
    // Before a shutdown that waits for it hears, which ends what is left.
    this.release();
    this.state?.settled(this);
  }

  /** Ends the context of a request that is over. */
  release(): void {
    if (this.ctx !== undefined && this.ctx.end === undefined) {
      cancel(this.ctx, this.whole === true ? undefined : new ClientGoneError());
    }
  }
}

class Http1Lifecycle extends RequestLifecycle {
  declare readonly req: IncomingMessage;
  declare readonly res: ServerResponse;
  readonly socket = this.req.socket;
  /** Whether only the connection says that it is lost. */
  private queued = false;

  start(): void {
    const { res, socket } = this;
    if (res.writableFinished) this.whole = true;
    else if (res.destroyed || socket.destroyed) this.whole = false;
    else {
      this.state?.add(this);
      // Before Node lets the next response begin, which may destroy the connection.
      res.prependListener('finish', finished);
      res.on('close', closed);
      // It waits for its turn on a pipelined connection.
      if (res.socket === null) this.enqueue();
    }
  }

  leave(): void {
    this.res.off('close', closed);
    if (this.whole === undefined) this.enqueue();
  }

  private enqueue(): void {
    if (this.queued) return;
    this.queued = true;
    queue(this.socket, this);
  }

  protected stop(): void {
    const { res, state } = this;
    state?.remove(this);
    res.off('finish', finished);
    res.off('close', closed);
    if (this.queued) dequeue(this.socket, this);
  }
}

// Node says so too when the socket was destroyed with a part of the response still unsent.
function finished(this: ServerResponse & Keyed): void {
  this[key]?.settle(!this[key].socket.destroyed);
}

function closed(this: ServerResponse & Keyed): void {
  this[key]?.settle(false);
}

/**
 * Those to whom nobody else says that the connection is lost: they wait for their turn on a pipelined one, or for the answer of
 * ours to go out. One listener for all, because Node warns of more than ten.
 */
class Queue {
  readonly waiting = new Set<Http1Lifecycle>();
  readonly lost = () => {
    for (const lifecycle of this.waiting) lifecycle.settle(false);
  };
}

const queues = new WeakMap<Socket, Queue>();

function queue(socket: Socket, lifecycle: Http1Lifecycle): void {
  let own = queues.get(socket);
  if (own === undefined) {
    queues.set(socket, (own = new Queue()));
    socket.on('close', own.lost);
  }
  own.waiting.add(lifecycle);
}

function dequeue(socket: Socket, lifecycle: Http1Lifecycle): void {
  const { waiting, lost } = queues.get(socket)!;
  waiting.delete(lifecycle);
  if (waiting.size > 0) return;
  queues.delete(socket);
  socket.off('close', lost);
}

class Http2Lifecycle extends RequestLifecycle {
  declare readonly res: Http2ServerResponse;

  get socket(): Socket {
    return this.req.socket;
  }

  leave(): void {
    // It listens to the stream.
  }

  // The stream, for the response to a HEAD request that is reset closes without a word.
  start(): void {
    const { stream } = this.res;
    if (stream.destroyed) {
      this.whole = this.wentOut();
      return;
    }
    this.state?.add(this);
    stream.on('finish', this.finish);
    // Before Node closes the response, and with it what is piped to that.
    stream.prependListener('close', this.close);
  }

  protected stop(): void {
    this.state?.remove(this);
    this.res.stream.off('finish', this.finish);
    this.res.stream.off('close', this.close);
  }

  // Comes at once for HEAD, whose response has no body, and also when the stream is destroyed.
  private readonly finish = () => {
    const { stream } = this.res;
    if (stream.headersSent && !stream.destroyed && !stream.aborted) this.settle(true);
  };

  private readonly close = () => {
    this.settle(this.wentOut());
  };

  private wentOut(): boolean {
    const { stream } = this.res;
    return stream.headersSent && stream.writableFinished && !stream.aborted;
  }
}
