/// <reference types="node" preserve="true" />
import type {
  CallOptions,
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  Metadata,
  ServiceError,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import { Observable } from 'rxjs';
import type { ObservableInput, Subscriber, Unsubscribable } from 'rxjs';
import { listen } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { durationOf, remaining } from '../../core/deadline.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { Listener } from '../../core/listenerList.js';
import { errorSubscriber } from '../../observables/runWithChild.js';
import type { MethodLike, RequestOf } from './methods.js';
import { isInput, sendAll } from './sendAll.js';
import { Code } from './statusFrom.js';

/** A call as a client sees it: any of the four kinds of `@grpc/grpc-js`. */
export type ClientCall =
  | ClientUnaryCall
  | ClientReadableStream<unknown>
  | ClientWritableStream<unknown>
  | ClientDuplexStream<unknown, unknown>;

/** @see {@link callCtx} */
export interface CallCtxOptions extends Omit<CallOptions, 'deadline'> {
  /** Sent as the headers. */
  readonly metadata?: Metadata | undefined;
  /** Milliseconds to keep for the way back: the server is told that much less. */
  readonly reserveMs?: number | undefined;
  /** Called with the call when it is made: for its headers, its trailers, its peer, and `pause()` and `resume()`. */
  readonly onCall?: ((call: ClientCall) => void) | undefined;
}

/** The server keeps a time of more milliseconds in 32 bits, where it comes out negative or far too short. */
const longestTimeoutMs = 2_147_483_000;

/** A timer of Node fires up to this much before the clock has got there. */
const earlyMs = 2;

/**
 * Calls a method under `ctx`, and returns an observable of the responses. Each subscription is a call of its own.
 *
 * All four kinds of methods are called the same way; the method's definition tells them apart. The server is told how much
 * time `ctx` has left.
 *
 * - When `ctx` is done, the call is canceled and the returned observable errors with `ctx.err`. If `ctx` is done before the
 *   subscription, nothing is sent.
 * - When it is unsubscribed, the call is canceled, also in the tick in which it was made.
 * - When the server ends the call with another status than OK, it errors with the `ServiceError` of `@grpc/grpc-js`. If that
 *   says CANCELLED or DEADLINE_EXCEEDED and `ctx` is done, it errors with `ctx.err`.
 * - When the request stream errors, the call is canceled and the returned observable errors with that error.
 *
 * An iterable of requests is pulled as fast as the server reads. An observable of requests pushes: grpc-js buffers what the
 * server does not read, without a limit. Responses are pushed, too; `onCall: (call) => call.pause()` stops them.
 *
 * @example
 * ```ts
 * import { callCtx } from 'rxjs-ctx/grpc';
 *
 * const pong$ = callCtx(ctx, client, LabService.unary, { text: 'ping' });
 * const ticks$ = callCtx(ctx, client, LabService.down, { count: 3 }, { reserveMs: 20 });
 * const total$ = callCtx(ctx, client, LabService.up, [{ count: 1 }, { count: 2 }]);
 * ```
 * @param ctx ends the call
 * @param client generated or generic, of any copy of `@grpc/grpc-js`
 * @param method of a service definition: of ts-proto, of grpc-tools, or of proto-loader as `Lab.service.Unary`
 * @param request a message, or for a client stream what `from` of RxJS accepts
 * @param options `metadata`, `reserveMs`, `onCall`, and those of grpc-js but for the deadline, which is that of `ctx`
 * @returns an observable of one response, or of a stream of them
 * @throws TypeError when an argument is not what it must be
 * @see [Cancellation in gRPC](https://grpc.io/docs/guides/cancellation/)
 */
export function callCtx<Req, Res, S extends boolean>(
  ctx: Context,
  client: Client,
  method: MethodLike<Req, Res, S>,
  request: RequestOf<NoInfer<Req>, S>,
  options: CallCtxOptions = {},
): Observable<Res> {
  const parent = toInternal(ctx, 'callCtx');
  if (typeof (client as Partial<Client> | null | undefined)?.makeUnaryRequest !== 'function') {
    throw invalidArgument('callCtx', 'client', 'a client of @grpc/grpc-js', client);
  }
  checkMethod(method);
  if (method.requestStream && !isInput(request)) {
    throw invalidArgument('callCtx', 'request', 'an ObservableInput, since the method takes a stream', request);
  }
  if (Object(options) !== options) throw invalidArgument('callCtx', 'options', 'an object', options);
  const { metadata, reserveMs = 0, onCall, ...rest } = options as CallCtxOptions & CallOptions;
  if (rest.deadline !== undefined) {
    const hint = 'did you mean withDeadline(ctx, deadline)?';
    throw invalidArgument('callCtx', 'options.deadline', 'absent', rest.deadline, hint);
  }
  const reserve = Math.max(0, durationOf(reserveMs, 'callCtx', 'reserveMs'));
  if (onCall !== undefined && typeof onCall !== 'function') {
    throw invalidArgument('callCtx', 'options.onCall', 'a function', onCall);
  }

  return new Observable((subscriber) => {
    subscriber.add(listen(parent.canceler, new Listener(subscriber, errorSubscriber)));
    if (subscriber.closed) return;
    const leftMs = Math.max(1, Math.floor(remaining(parent) - reserve));
    const callOptions: CallOptions = leftMs > longestTimeoutMs ? rest : { ...rest, deadline: Date.now() + leftMs };
    try {
      const running = new RunningCall(parent, subscriber);
      running.start(client, method, request, metadata, callOptions, onCall);
    } catch (error) {
      subscriber.error(error);
    }
  });
}

type AnyMethod = MethodLike<unknown, unknown, boolean>;

/** As generated clients hand them on: not as methods. */
interface Functions {
  readonly requestSerialize: (value: unknown) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

function checkMethod(method: unknown): void {
  const { path, requestStream, responseStream } = (method ?? {}) as Partial<AnyMethod>;
  if (typeof path === 'string' && typeof requestStream === 'boolean' && typeof responseStream === 'boolean') return;
  const hint = typeof method === 'function' ? 'did you mean its definition, as in LabService.unary?' : undefined;
  throw invalidArgument('callCtx', 'method', 'a method of a service definition', method, hint);
}

/** One call, from its start to its status. */
class RunningCall {
  private call: ClientCall | undefined = undefined;
  /** Whether the status has come. */
  private over = false;
  private source: Unsubscribable | undefined = undefined;

  constructor(
    private readonly ctx: ContextNode,
    private readonly subscriber: Subscriber<unknown>,
  ) {}

  start(
    client: Client,
    method: AnyMethod,
    request: unknown,
    metadata: Metadata | undefined,
    options: CallOptions,
    onCall: ((call: ClientCall) => void) | undefined,
  ): void {
    const call = this.make(client, method, request, metadata, options);
    this.call = call;
    this.subscriber.add(() => {
      this.release();
    });
    const events: EventEmitter = call;
    // For the whole life of the call: without one a late error would end the process.
    events.on('error', ignore);
    if (method.responseStream) events.on('error', this.failed).on('data', this.received).on('end', this.ended);
    onCall?.(call);
    // What made the call, its serializer or an interceptor, may have ended it.
    if (!method.requestStream || this.subscriber.closed) return;
    const sink = call as ClientWritableStream<unknown>;
    const source = sendAll(request as ObservableInput<unknown>, sink, {
      complete: () => {
        sink.end();
      },
      error: (error) => {
        this.subscriber.error(error);
      },
    });
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the source may have closed it
    if (this.subscriber.closed) source.unsubscribe();
    else this.source = source;
  }

  private make(
    client: Client,
    method: AnyMethod,
    request: unknown,
    metadata: Metadata | undefined,
    options: CallOptions,
  ): ClientCall {
    // Without metadata grpc-js makes its own: of the copy that the client is of.
    const given = metadata === undefined ? [options] : [metadata, options];
    const { path, requestStream, responseStream } = method;
    const { requestSerialize: write, responseDeserialize: read } = method as Functions;
    const io = [path, write, read] as const;
    const calls = client as unknown as Record<string, (...args: unknown[]) => ClientCall>;
    if (responseStream) {
      return requestStream
        ? calls.makeBidiStreamRequest!(...io, ...given)
        : calls.makeServerStreamRequest!(...io, request, ...given);
    }
    return requestStream
      ? calls.makeClientStreamRequest!(...io, ...given, this.answered)
      : calls.makeUnaryRequest!(...io, request, ...given, this.answered);
  }

  private readonly answered = (error: ServiceError | null, value?: unknown): void => {
    if (error === null) {
      this.over = true;
      this.subscriber.next(value);
      this.subscriber.complete();
    } else {
      this.failed(error);
    }
  };

  private readonly received = (value: unknown): void => {
    this.subscriber.next(value);
  };

  private readonly ended = (): void => {
    this.over = true;
    this.subscriber.complete();
  };

  private readonly failed = (error: ServiceError): void => {
    this.over = true;
    const code: number = error.code;
    if (code === Code.DeadlineExceeded && this.ctx.err === undefined && remaining(this.ctx) <= earlyMs) {
      // The timer of grpc-js was a moment faster than the clock, or than ours.
      setTimeout(() => {
        this.subscriber.error(this.ctx.err ?? error);
      }, earlyMs);
      return;
    }
    const ours = code === Code.Canceled || code === Code.DeadlineExceeded ? this.ctx.err : undefined;
    this.subscriber.error(ours ?? error);
  };

  private release(): void {
    const call = this.call!;
    this.source?.unsubscribe();
    (call as EventEmitter).off('error', this.failed).off('data', this.received).off('end', this.ended);
    if (this.over) return;
    call.cancel();
    // Until its first microtasks are over grpc-js forgets a cancel, and sends the call all the same.
    setImmediate(() => {
      call.cancel();
    });
  }
}

function ignore(): void {
  // It has been told where there is somebody to hear it.
}
