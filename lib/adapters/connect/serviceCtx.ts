import { Code, ConnectError } from '@connectrpc/connect';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Observable } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { endOf } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { isCanceled, isDeadlineExceeded } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { runWithChild } from '../../observables/runWithChild.js';
import { codeOf, connectErrorFrom } from './connectErrorFrom.js';
import { connectCtxKey } from './connectCtxKey.js';
import { callOf, limitsOf } from './handlerContext.js';
import type { HandlerContextOptions, Limits } from './handlerContext.js';
import { afterTwoTurns, atOnce, requestsOf, responsesOf } from './streams.js';

/**
 * The handler of one method: ctx first, then the request, or for a method that takes a stream an async iterable of requests.
 * The third argument has the headers.
 */
export type CtxHandler<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (ctx: Context, request: MessageShape<I>, handler: HandlerContext) => ObservableInput<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (ctx: Context, request: MessageShape<I>, handler: HandlerContext) => ObservableInput<MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (
            ctx: Context,
            requests: AsyncIterable<MessageShape<I>>,
            handler: HandlerContext,
          ) => ObservableInput<MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              ctx: Context,
              requests: AsyncIterable<MessageShape<I>>,
              handler: HandlerContext,
            ) => ObservableInput<MessageInitShape<O>>
          : never;

/** A handler for every method of a service. */
export type CtxHandlers<S extends DescService> = { readonly [P in keyof S['method']]: CtxHandler<S['method'][P]> };

/**
 * Makes the implementation of a service from handlers that take a context first and return what `from` of RxJS accepts: an
 * observable, a promise, an async iterable or an iterable. The context is that of {@link handlerContext}.
 *
 * - A unary or client-streaming method answers with the last value. Without one the client gets `internal` (13).
 * - When ctx is done, the handler's observable is unsubscribed or its iterable closed, and the client gets
 *   `deadline_exceeded` (4), `canceled` (1), or `unavailable` (14) when `parent` is done, so that clients retry. If ctx is
 *   done when the call comes, the handler is not called.
 * - When the handler throws `ctx.err`, the client gets 4 or 1. Its other errors reach Connect as they are: a `ConnectError`
 *   keeps its code, anything else is `internal` without its message.
 * - As soon as the handler is over, ctx is canceled without a cause.
 * - An async iterable of responses is pulled as fast as the client reads; an observable is buffered without a limit.
 * - When the client cancels an upload, the iterable of requests throws `ctx.err`: it never ends as if it were whole.
 *
 * @example
 * ```ts
 * import { serviceCtx } from 'rxjs-ctx/connect';
 * import { interval, map } from 'rxjs';
 *
 * const implementation = serviceCtx(main, ElizaService, {
 *   say: async (ctx, { sentence }) => ({ sentence: await replyTo(ctx, sentence) }),
 *   introduce: (ctx, { name }) => interval(100).pipe(map((i) => ({ sentence: `${name} ${i}` }))),
 * });
 * const routes = (router: ConnectRouter) => router.service(ElizaService, implementation);
 * ```
 *
 * @param parent every call is under it
 * @param service as for `router.service`
 * @param options limits of the time, as for {@link handlerContext}
 * @throws TypeError when an argument is not what it must be, or a method has no handler
 * @see https://connectrpc.com/docs/node/implementing-services
 */
export function serviceCtx<S extends DescService>(
  parent: Context,
  service: S,
  handlers: CtxHandlers<S>,
  options?: HandlerContextOptions,
): ServiceImpl<S> {
  const node = toInternal(parent, 'serviceCtx', 'parent');
  checkService(service);
  const given = handlersFor(service, handlers);
  const limits = limitsOf(options, 'serviceCtx');
  const methods = service.methods.map(({ localName, methodKind }) => {
    const handle = given.get(localName)!;
    return [localName, implementations[methodKind](node, limits, handle)] as const;
  });
  return Object.fromEntries(methods) as unknown as ServiceImpl<S>;
}

function checkService(service: DescService): void {
  const { methods, typeName } = (service as Partial<DescService> | null | undefined) ?? {};
  if (Array.isArray(methods) && typeof typeName === 'string') return;
  const hint = 'did you mean the service that protoc-gen-es made?';
  throw invalidArgument('serviceCtx', 'service', 'a DescService of @bufbuild/protobuf', service, hint);
}

type Handle = (ctx: Context, request: unknown, handler: HandlerContext) => ObservableInput<unknown>;

function handlersFor(service: DescService, handlers: object): Map<string, Handle> {
  if (Object(handlers) !== handlers) throw invalidArgument('serviceCtx', 'handlers', 'an object of handlers', handlers);
  const names = service.methods.map(({ localName }) => localName);
  const all = new Map<string, Handle>();
  for (const name of names) {
    const handle: unknown = Reflect.get(handlers, name);
    if (typeof handle !== 'function') throw invalidArgument('serviceCtx', `handlers.${name}`, 'a function', handle);
    all.set(name, handle.bind(handlers) as Handle);
  }
  // An object of a class may have more.
  const isPlain = Object.getPrototypeOf(handlers) === Object.prototype;
  const unknown = isPlain ? Object.keys(handlers).find((name) => !all.has(name)) : undefined;
  if (unknown !== undefined) {
    const hint = `${service.typeName} has ${names.join(', ')}`;
    throw invalidArgument('serviceCtx', `handlers.${unknown}`, 'absent', Reflect.get(handlers, unknown), hint);
  }
  return all;
}

type Implement = (
  parent: ContextNode,
  limits: Limits,
  handle: Handle,
) => (request: never, handler: HandlerContext) => Promise<unknown> | AsyncIterable<unknown>;

const implementations: Readonly<Record<DescService['methods'][number]['methodKind'], Implement>> = {
  unary: (parent, limits, handle) => (request, handler) => {
    const call = new ServerCall(parent, limits, handler);
    const ready = mayBeCut(handler) ? afterTwoTurns : atOnce;
    return call.lastOf(() => handle(call.ctx, request, handler), ready);
  },
  client_streaming: (parent, limits, handle) => (requests: AsyncIterable<unknown>, handler) => {
    const call = new ServerCall(parent, limits, handler);
    return call.lastOf(() => handle(call.ctx, requestsOf(call.node, requests), handler), atOnce);
  },
  server_streaming: (parent, limits, handle) => (request, handler) => {
    const call = new ServerCall(parent, limits, handler);
    return responsesOf(call.node, () => handle(call.ctx, request, handler), call.errorFor);
  },
  bidi_streaming: (parent, limits, handle) => (requests: AsyncIterable<unknown>, handler) => {
    const call = new ServerCall(parent, limits, handler);
    return responsesOf(call.node, () => handle(call.ctx, requestsOf(call.node, requests), handler), call.errorFor);
  },
};

/**
 * Whether a request may be a part of one: a unary message of the Connect protocol has no length of its own, and a part of a
 * message, or none of it, is often a valid message.
 */
function mayBeCut({ protocolName, requestMethod, requestHeader }: HandlerContext): boolean {
  return protocolName === 'connect' && requestMethod === 'POST' && !requestHeader.has('content-length');
}

/** One call, with what its client is to get when it fails. */
class ServerCall {
  readonly ctx: Context;
  readonly node: ContextNode;

  constructor(
    private readonly parent: ContextNode,
    limits: Limits,
    private readonly handler: HandlerContext,
  ) {
    const call = callOf(parent, handler, limits);
    call.settles = true;
    this.ctx = call.ctx;
    this.node = toInternal(call.ctx, 'serviceCtx');
    handler.values.set(connectCtxKey, call.ctx);
  }

  lastOf(start: () => ObservableInput<unknown>, ready: (then: () => void) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let values = 0;
      let last: unknown;
      const observer = {
        next: (value: unknown) => {
          values++;
          last = value;
        },
        error: (error: unknown) => {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
          reject(this.errorFor(error));
        },
        complete: () => {
          if (values > 0) resolve(last);
          else reject(new ConnectError('handler completed without a value', Code.Internal));
        },
      };
      ready(() => this.run(start).subscribe(observer));
    });
  }

  /** The handler's work, which ends with ctx; and ctx with it. */
  private run(start: () => ObservableInput<unknown>): Observable<unknown> {
    const { node } = this;
    return new Observable((subscriber) => {
      const end = endOf(node);
      if (end === undefined) return runWithChild(node, node, subscriber, start);
      subscriber.error(end.error);
      return undefined;
    });
  }

  readonly errorFor = (error: unknown): unknown => {
    const { err } = this.node;
    if (err === undefined || error !== err) {
      return isDeadlineExceeded(error) || isCanceled(error) ? connectErrorFrom(error) : error;
    }
    const reason: unknown = this.handler.signal.reason;
    if (codeOf(reason) !== undefined) return reason;
    // Nobody reads what a client gets that has canceled: the server is about to stop.
    const stops = err === this.parent.err || !isDeadlineExceeded(err);
    return stops
      ? new ConnectError('the server is stopping', Code.Unavailable, undefined, undefined, err)
      : connectErrorFrom(err);
  };
}
