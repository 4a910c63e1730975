/// <reference types="node" preserve="true" />
import type { Server } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { afterFunc, withoutCancel } from '../../core/derive.js';
import type { Context } from '../../core/context.js';
import { durationOf, withTimeout } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';
import { cancel } from '../../core/cancellation.js';
import { lifecycleOf, isHttp2 } from './requestLifecycle.js';
import type { AnyRequest, AnyResponse } from './serverState.js';
import { checkServer, stateOf } from './serverState.js';
import type { AnyServer, Closer, OpenRequest, ServerState } from './serverState.js';

/** @see {@link shutdown} */
export interface ShutdownOptions {
  /** How many milliseconds requests in flight have to finish. */
  readonly graceMs: number;
}

/** What became of the requests that were in flight when {@link shutdown} began. Those whose client went are in neither. */
export interface ShutdownResult {
  /** Their responses went out whole. */
  readonly finished: number;
  /** They were canceled when the grace was over. */
  readonly cut: number;
}

/** How long what was canceled has for its last words, an answer of 503 for one, before its socket is destroyed. */
const lastWordsMs = 100;

/**
 * Shuts a server down when ctx is done: no new connection is accepted, what is idle is closed, and requests in flight may
 * finish for up to `graceMs`. Then what is left is canceled, with the cause of ctx as theirs, and every socket is closed.
 *
 * ```ts
 * const [ctx] = processContext();
 * requests(ctx, server).subscribe(handle);
 * server.listen(8080);
 * const { finished, cut } = await shutdown(ctx, server, { graceMs: 10_000 });
 * ```
 *
 * Call it when the server is made, not when ctx is done: it gets to know the connections from then on. In the meantime
 * ctx may be the parent of {@link requests} and {@link requestContext}: their contexts stay alive until the grace is over,
 * although ctx is done. New requests on open connections get 503 from `requests`.
 *
 * @param ctx its end begins the shutdown
 * @param server of `node:http`, `node:https` or `node:http2`; with Fastify `fastify.server`, with NestJS `app.getHttpServer()`
 * @returns resolves when every socket is closed, or the server was closed before. Never rejects
 * @throws TypeError when an argument is not what it must be
 */
export function shutdown(ctx: Context, server: AnyServer, options: ShutdownOptions): Promise<ShutdownResult> {
  toInternal(ctx, 'shutdown');
  checkServer(server, 'shutdown');
  const { graceMs } = Object(options) as Partial<ShutdownOptions>;
  const durationMs = durationOf(graceMs!, 'shutdown', 'graceMs');
  return new Promise((resolve) => {
    new Shutdown(ctx, server, durationMs, resolve).start();
  });
}

class Shutdown implements Closer {
  patient = true;
  /** Whether ctx is done. */
  private closing = false;
  private readonly state: ServerState;
  private readonly sockets = new Set<Socket>();
  private readonly sessions = new Set<ServerHttp2Session>();
  /** The requests in flight when it began. */
  private counted: ReadonlySet<OpenRequest> = new Set();
  private finished = 0;
  private cut = 0;
  /** Stops waiting for what comes next. */
  private stopWaiting: () => void = () => undefined;
  /** Whether connections that became idle are about to be closed. */
  private sweeping = false;

  constructor(
    readonly ctx: Context,
    private readonly server: AnyServer,
    private readonly graceMs: number,
    private readonly resolve: (result: ShutdownResult) => void,
  ) {
    this.state = stateOf(server);
  }

  start(): void {
    this.state.closers.add(this);
    this.server.on('connection', this.connected).on('session', this.joined).on('close', this.closed);
    // First, so that every lifecycle is known, also one that nobody asks a context for.
    this.server.prependListener('request', this.requested);
    const stop = afterFunc(this.ctx, this.begin);
    if (!this.closing) this.stopWaiting = stop;
  }

  settled(lifecycle: OpenRequest): void {
    if (!this.closing) return;
    this.sweep();
    if (!this.patient) return;
    if (lifecycle.whole === true && this.counted.has(lifecycle)) this.finished++;
    if (this.state.open.length === 0) this.forceClose();
  }

  private readonly connected = (socket: Socket) => {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  };

  private readonly joined = (session: ServerHttp2Session) => {
    this.sessions.add(session);
    session.once('close', () => this.sessions.delete(session));
  };

  private readonly requested = (req: AnyRequest, res: AnyResponse) => {
    lifecycleOf(req, res, this.state);
    if (this.closing && !isHttp2(res)) res.shouldKeepAlive = false;
  };

  private readonly begin = () => {
    this.closing = this.state.closing = true;
    this.counted = new Set(this.state.open);
    this.refuse();
    for (const { req, res } of this.counted) {
      // What came before it was called is known by its requests only.
      if (!isHttp2(res)) {
        res.shouldKeepAlive = false;
        this.sockets.add(req.socket);
      } else if (res.stream.session !== undefined) {
        this.sessions.add(res.stream.session as ServerHttp2Session);
      }
    }
    for (const session of this.sessions) session.close();
    this.sweep();
    if (this.state.open.length === 0) this.forceClose();
    else this.wait(this.graceMs, this.forceClose);
  };

  /** Loses its patience: the grace is over, or nobody needs it. */
  private readonly forceClose = () => {
    this.patient = false;
    for (const lifecycle of this.counted) if (lifecycle.whole === undefined) this.cut++;
    this.wait(lastWordsMs, this.destroy);
    this.state.endGrace();
    for (const { ctx } of [...this.state.open]) if (ctx !== undefined) cancel(ctx, this.ctx.cause);
    this.sweep();
  };

  private readonly destroy = () => {
    this.wait(lastWordsMs, this.end);
    for (const session of this.sessions) session.destroy();
    for (const socket of this.sockets) socket.destroy();
    (this.server as Partial<Server>).closeAllConnections?.();
  };

  private readonly closed = () => {
    this.state.closed();
    this.end();
  };

  private readonly end = () => {
    this.stopWaiting();
    this.server.off('connection', this.connected).off('session', this.joined).off('close', this.closed);
    this.server.off('request', this.requested);
    this.patient = this.state.closing = false;
    this.state.closers.delete(this);
    this.state.endGrace();
    this.resolve({ finished: this.finished, cut: this.cut });
  };

  /** Accepts no new connection. Of those that are there, the server would close the wrong ones: see {@link sweep}. */
  private refuse(): void {
    const { server } = this;
    const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections');
    Object.defineProperty(server, 'closeIdleConnections', { value: () => undefined, configurable: true });
    server.close();
    Reflect.deleteProperty(server, 'closeIdleConnections');
    if (own !== undefined) Object.defineProperty(server, 'closeIdleConnections', own);
  }

  /**
   * A connection that was kept alive for one more request is closed when its response is finished. Node takes it for idle when
   * that was ended, and would cut what is still unsent: as long as there is such a response, the next one that is over sweeps.
   */
  private sweep(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    setImmediate(() => {
      this.sweeping = false;
      if (!this.state.closers.has(this)) return; // it is over, and the server may listen again
      if (this.state.open.some(({ res }) => res.writableEnded)) return;
      (this.server as Partial<Server>).closeIdleConnections?.();
    });
  }

  private wait(ms: number, then: () => void): void {
    this.stopWaiting();
    // On the clock of ctx, and however long.
    this.stopWaiting = afterFunc(withTimeout(withoutCancel(this.ctx), ms)[0], then);
  }
}
