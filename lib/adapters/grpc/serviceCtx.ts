/// <reference types="node" preserve="true" />
import type {
  sendUnaryData,
  ServerReadableStream,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Observable } from 'rxjs';
import type { ObservableInput, Subscriber, Unsubscribable } from 'rxjs';
import { cancel, listen } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { isDeadlineExceeded } from '../../core/errors.js';
import type { ContextError } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { Listener, unlink } from '../../core/listenerList.js';
import { fromInput } from '../../observables/fromInput.js';
import { Grace } from '../node/graceContext.js';
import type { Handlers, ServedMethod, ServerCall } from './methods.js';
import { sendAll } from './sendAll.js';
import type { Sink } from './sendAll.js';
import { CallCanceledError, limitsOf, newCallContext, onceCancelled } from './serverCallContext.js';
import type { CallLimits, ServerCallOptions } from './serverCallContext.js';
import { shared } from './openCalls.js';
import type { Closer, OpenCall, Service } from './openCalls.js';
import { Code, statusFrom } from './statusFrom.js';
import type { CallStatus } from './statusFrom.js';

/** @see {@link serviceCtx} */
export interface ServiceOptions extends ServerCallOptions {
  /**
   * Derives what a handler gets from the context of its call: values from `call.metadata`, for example. What it throws is the
   * end of the call, as what the handler throws.
   */
  readonly context?: ((ctx: Context, call: ServerCall) => Context) | undefined;
}

/**
 * Makes an implementation for `server.addService(definition, …)` of handlers that take a context and return what `from` of
 * RxJS accepts: an observable, a promise, an iterable or an async one.
 *
 * A handler is `(ctx, request, call) => responses`. For a client stream, `request` is an observable that can be subscribed to
 * once. A method without a response stream sends the last value.
 *
 * - The call's context is done when the client cancels or is gone (its cause is then a {@link CallCanceledError}), at the
 *   client's deadline, when `parent` is done, and when the handler's responses have ended. What the handler returned is then
 *   unsubscribed, or closed.
 * - The client gets OK, or {@link statusFrom} what the handler threw. At the deadline it gets DEADLINE_EXCEEDED, and when
 *   `parent` is done UNAVAILABLE, so that it tries another server.
 * - A call whose deadline has passed when it comes in never reaches the handler.
 * - Requests of a client that cancels never complete: the observable errors with `ctx.err`. grpc-js alone reports such an
 *   upload as a complete one.
 *
 * An iterable of responses is pulled as fast as the client reads. An observable pushes: grpc-js buffers without a limit.
 *
 * @example
 * ```ts
 * import { serviceCtx } from 'rxjs-ctx/grpc';
 *
 * const service = serviceCtx(main, LabService, {
 *   unary: async (ctx, { text }) => ({ text: await lookUp(ctx, text) }),
 *   up: (ctx, pings$) => pings$.pipe(count(), map((count) => ({ count }))),
 *   down: (ctx, { count }) => interval(100).pipe(take(count), map((count) => ({ count }))),
 *   both: (ctx, pings$) => pings$,
 * });
 * server.addService(LabService, service);
 * ```
 * @param parent ends all calls. {@link shutdown} lets them finish first
 * @param definition of ts-proto, of grpc-tools, or of proto-loader as `Lab.service`
 * @param handlers one for each method, called as a method of this object
 * @param options limits in milliseconds, and `context`
 * @returns the implementation
 * @throws TypeError when an argument is not what it must be
 * @see [Server handlers in Go](https://pkg.go.dev/google.golang.org/grpc#MethodHandler)
 */
export function serviceCtx<D extends object>(
  parent: Context,
  definition: D,
  handlers: Handlers<D>,
  options: ServiceOptions = {},
): UntypedServiceImplementation {
  const above = toInternal(parent, 'serviceCtx', 'parent');
  if (Object(definition) !== definition) {
    throw invalidArgument('serviceCtx', 'definition', 'a service definition', definition);
  }
  if (Object(handlers) !== handlers) throw invalidArgument('serviceCtx', 'handlers', 'an object', handlers);
  if (Object(options) !== options) throw invalidArgument('serviceCtx', 'options', 'an object', options);
  const { context } = options;
  if (context !== undefined && typeof context !== 'function') {
    throw invalidArgument('serviceCtx', 'options.context', 'a function', context);
  }
  const service = new ServedService(above, limitsOf(options, 'serviceCtx'), context);
  const given = handlers as Readonly<Record<string, unknown>>;
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition as Record<string, AnyMethod>)) {
    checkMethod(name, method);
    const handler = given[name] ?? given[method.originalName ?? name];
    if (typeof handler !== 'function') {
      throw invalidArgument('serviceCtx', `handlers.${name}`, 'a function', handler);
    }
    implementation[name] = (call: ServerCall, callback?: sendUnaryData<unknown>) => {
      new ServedCall(service, method, call, callback).start(handler.bind(handlers) as AnyServedHandler);
    };
  }
  shared().services.set(implementation, service);
  return implementation;
}

type AnyMethod = ServedMethod<unknown, unknown, boolean, boolean> & { readonly originalName?: string };
type AnyServedHandler = (ctx: Context, request: unknown, call: ServerCall) => ObservableInput<unknown>;

function checkMethod(name: string, method: Partial<AnyMethod> | undefined): void {
  if (typeof method?.requestStream === 'boolean' && typeof method.responseStream === 'boolean') return;
  const hint = name === 'service' ? 'did you mean its service?' : undefined;
  throw invalidArgument('serviceCtx', `definition.${name}`, 'a method definition', method, hint);
}

const withoutValue: CallStatus = { code: Code.Internal, details: 'handler completed without a value' };

/** What the calls of a service have in common. */
class ServedService implements Service {
  readonly open = new Set<ServedCall>();
  readonly closers = new Set<Closer>();
  private readonly grace = new Grace((err) => this.spares(err));

  constructor(
    readonly parent: ContextNode,
    readonly limits: CallLimits,
    readonly context: ((ctx: Context, call: ServerCall) => Context) | undefined,
  ) {}

  /** What the context of a call is derived from. */
  get above(): ContextNode {
    return this.grace.contextFor(this.parent);
  }

  endGrace(): void {
    this.grace.end();
  }

  settled(call: ServedCall): void {
    this.open.delete(call);
    for (const closer of this.closers) closer.settled(call);
  }

  private spares(err: ContextError): boolean {
    // Whatever ends together with a closer's context has the same error.
    for (const { patient, ctx } of this.closers) if (patient && ctx.err === err) return true;
    return false;
  }
}

/** One call, from its arrival to its status. */
class ServedCall implements OpenCall {
  answered = false;
  /** Whether no status is to be sent any more: one was, or nobody waits for it. */
  private over = false;
  private readonly ctx: ContextNode;
  private readonly listener = new Listener<ServedCall>(this, (call, end) => {
    call.ended(end.error);
  });
  private requests: Subscriber<unknown> | undefined = undefined;
  private responses: Unsubscribable | undefined = undefined;
  private last: { readonly value: unknown } | undefined = undefined;

  constructor(
    private readonly service: ServedService,
    private readonly method: AnyMethod,
    private readonly call: ServerCall,
    private readonly callback: sendUnaryData<unknown> | undefined,
  ) {
    this.ctx = newCallContext(service.above, call, service.limits);
  }

  start(handler: AnyServedHandler): void {
    const { ctx, call, service } = this;
    service.open.add(this);
    shared().calls.set(call, ctx);
    onceCancelled(call, this.cancelled);
    listen(ctx, this.listener);
    if (this.over) return;
    try {
      const own = service.context === undefined ? ctx : this.derived(service.context);
      const responses = this.respond(handler(own, this.request(), call));
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the handler may have ended it
      if (this.over) responses.unsubscribe();
      else this.responses = responses;
    } catch (error) {
      this.finish(this.statusOf(error));
    }
  }

  cut(cause: unknown): void {
    cancel(this.ctx, cause);
  }

  private derived(context: (ctx: Context, call: ServerCall) => Context): Context {
    const own = context(this.ctx, this.call);
    toInternal(own, 'serviceCtx', 'what options.context returns');
    shared().calls.set(this.call, own);
    return own;
  }

  private request(): unknown {
    const { method, call } = this;
    return method.requestStream ? this.requestStream() : (call as { readonly request?: unknown }).request;
  }

  private requestStream(): Observable<unknown> {
    const call = this.call as ServerReadableStream<unknown, unknown>;
    let taken = false;
    return new Observable((subscriber) => {
      if (taken)
        throw new TypeError('serviceCtx: the requests of a call can be subscribed to once: they are one stream');
      taken = true;
      const { err } = this.ctx;
      if (err !== undefined) {
        subscriber.error(err);
        return undefined;
      }
      this.requests = subscriber;
      const next = (value: unknown) => {
        subscriber.next(value);
      };
      const complete = () => {
        subscriber.complete();
      };
      // A client that cancels ends its stream first: what says so comes within two turns.
      const end = () => setImmediate(() => setImmediate(complete));
      call.on('data', next).once('end', end);
      return () => {
        call.off('data', next).off('end', end);
        // What still comes is dropped: the client waits until it is read.
        call.resume();
      };
    });
  }

  /** Sends what the handler returned. */
  private respond(responses: ObservableInput<unknown>): Unsubscribable {
    const complete = () => {
      this.finish(undefined);
    };
    const error = (thrown: unknown) => {
      this.finish(this.statusOf(thrown));
    };
    if (this.method.responseStream) return sendAll(responses, this.call as Sink, { complete, error });
    return fromInput(responses).subscribe({
      next: (value) => {
        this.last = { value };
      },
      error,
      complete,
    });
  }

  /** The handler is done. */
  private finish(failure: CallStatus | undefined): void {
    if (this.over) return;
    this.answered = true;
    this.leave(failure);
    cancel(this.ctx);
  }

  /** The context is done, and not because of {@link finish}. */
  private ended(err: ContextError): void {
    // What `request$` says must not be taken for the end of the call.
    const send = !this.over;
    this.over = true;
    this.requests?.error(err);
    this.responses?.unsubscribe();
    if (send) this.send(this.statusOf(err));
  }

  /** @param error of the handler, or of the context: that may be done before its listeners are notified */
  private statusOf(error: unknown): CallStatus {
    const { ctx, service } = this;
    const { err } = ctx;
    if (err === undefined || error !== err) return statusFrom(error);
    if (isDeadlineExceeded(err) && err !== service.parent.err) return statusFrom(err);
    return { code: Code.Unavailable, details: 'the server is shutting down' };
  }

  private leave(failure: CallStatus | undefined): void {
    this.over = true;
    unlink(this.listener);
    this.responses?.unsubscribe();
    this.requests?.unsubscribe();
    this.send(failure);
  }

  /** @param failure `undefined` for OK */
  private send(failure: CallStatus | undefined): void {
    const { call, callback, last } = this;
    if (callback === undefined) {
      if (failure !== undefined) call.emit('error', failure);
      else (call as ServerWritableStream<unknown, unknown>).end();
    } else if (failure !== undefined) {
      callback(failure);
    } else if (last === undefined) {
      callback(withoutValue);
    } else {
      callback(null, last.value);
    }
  }

  /** grpc-js says so after every status, too. */
  private readonly cancelled = (): void => {
    if (!this.over) {
      // Its own deadline may have passed: then that is the end of the context, and grpc-js has told the client.
      this.over = true;
      cancel(this.ctx, new CallCanceledError());
    }
    this.service.settled(this);
  };
}
