/// <reference types="node" preserve="true" />
import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import { afterFunc, withoutCancel } from '../../core/derive.js';
import type { Context } from '../../core/context.js';
import { durationOf, withTimeout } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { shared } from './openCalls.js';
import type { Closer, OpenCall, Service } from './openCalls.js';

/** @see {@link shutdown} */
export interface GrpcShutdownOptions {
  /** How many milliseconds calls in flight have to finish. */
  readonly graceMs: number;
  /** What {@link serviceCtx} returned: their calls are counted, and outlive ctx until the grace is over. */
  readonly services?: readonly UntypedServiceImplementation[] | undefined;
}

/** What became of the calls that were in flight when {@link shutdown} began. Those whose client went are in neither. */
export interface GrpcShutdownResult {
  /** Their handlers ended them. */
  readonly finished: number;
  /** They were canceled when the grace was over. */
  readonly cut: number;
}

/** How long what was canceled has for its status to go out, before its connection is closed. */
const lastWordsMs = 100;

/**
 * Shuts a server down when ctx is done: no new call is accepted, and calls in flight may finish for up to `graceMs`. Then the
 * rest is canceled with the cause of ctx, and its clients get UNAVAILABLE, so that they try another server.
 *
 * Call it when the server is made, not when ctx is done. The calls of `services` stay alive until the grace is over, although
 * ctx, which may be their parent, is done. Without `services` it waits for grpc-js to drain, and both counts are 0. The parent
 * of contexts made with `serverCallContext` has to end after this has resolved.
 *
 * @example
 * ```ts
 * import { serviceCtx, shutdown } from 'rxjs-ctx/grpc';
 *
 * const service = serviceCtx(main, LabService, handlers);
 * server.addService(LabService, service);
 * const { finished, cut } = await shutdown(main, server, { graceMs: 10_000, services: [service] });
 * ```
 * @param ctx its end begins the shutdown
 * @param server of `@grpc/grpc-js`
 * @param options `graceMs` and `services`
 * @returns resolves when every connection is closed. Never rejects
 * @throws TypeError when an argument is not what it must be
 * @see [GracefulStop in Go](https://pkg.go.dev/google.golang.org/grpc#Server.GracefulStop)
 */
export function shutdown(ctx: Context, server: Server, options: GrpcShutdownOptions): Promise<GrpcShutdownResult> {
  toInternal(ctx, 'shutdown');
  const { tryShutdown, forceShutdown } = (server as Partial<Server> | null | undefined) ?? {};
  if (typeof tryShutdown !== 'function' || typeof forceShutdown !== 'function') {
    throw invalidArgument('shutdown', 'server', 'a server of @grpc/grpc-js', server);
  }
  const { graceMs, services = [] } = Object(options) as Partial<GrpcShutdownOptions>;
  const durationMs = durationOf(graceMs!, 'shutdown', 'graceMs');
  if (!Array.isArray(services)) throw invalidArgument('shutdown', 'services', 'an array', services);
  const served = services.map(serviceOf);
  return new Promise((resolve) => {
    new Shutdown(ctx, server, durationMs, served, resolve).start();
  });
}

function serviceOf(implementation: UntypedServiceImplementation): Service {
  const service = shared().services.get(Object(implementation) as object);
  if (service === undefined) {
    throw invalidArgument('shutdown', 'services', 'an array of what serviceCtx returned', implementation);
  }
  return service;
}

class Shutdown implements Closer {
  patient = true;
  /** The calls in flight when it began, and whose end has not come. */
  private readonly counted = new Set<OpenCall>();
  private finished = 0;
  private cut = 0;
  /** Stops waiting for what comes next. */
  private stopWaiting: () => void = () => undefined;

  constructor(
    readonly ctx: Context,
    private readonly server: Server,
    private readonly graceMs: number,
    private readonly services: readonly Service[],
    private readonly resolve: (result: GrpcShutdownResult) => void,
  ) {}

  start(): void {
    for (const { closers } of this.services) closers.add(this);
    afterFunc(this.ctx, this.begin);
  }

  settled(call: OpenCall): void {
    if (this.counted.delete(call) && this.patient && call.answered) this.finished++;
  }

  private readonly begin = (): void => {
    for (const { open } of this.services) for (const call of open) this.counted.add(call);
    this.wait(this.graceMs, this.endGrace);
    this.server.tryShutdown(this.end);
  };

  private readonly endGrace = (): void => {
    this.patient = false;
    this.wait(lastWordsMs, this.force);
    for (const call of this.counted) if (!call.answered) this.cut++;
    for (const service of this.services) {
      service.endGrace();
      // Those with another parent than ctx, and those that came meanwhile.
      for (const call of [...service.open]) call.cut(this.ctx.cause);
    }
  };

  private readonly force = (): void => {
    this.server.forceShutdown();
    this.end();
  };

  private readonly end = (): void => {
    this.stopWaiting();
    this.patient = false;
    for (const service of this.services) {
      service.closers.delete(this);
      service.endGrace();
    }
    this.resolve({ finished: this.finished, cut: this.cut });
  };

  private wait(ms: number, then: () => void): void {
    this.stopWaiting();
    // On the clock of ctx, and however long.
    const [timer, cancelTimer] = withTimeout(withoutCancel(this.ctx), ms);
    const stop = afterFunc(timer, then);
    this.stopWaiting = () => {
      stop();
      cancelTimer();
    };
  }
}
