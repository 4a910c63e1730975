import { Code, createContextValues } from '@connectrpc/connect';
import type { CallOptions } from '@connectrpc/connect';
import { Observable } from 'rxjs';
import type { Subscriber } from 'rxjs';
import { endOf, listen } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import type { ContextNode } from '../../core/contextNode.js';
import { durationOf, remaining } from '../../core/deadline.js';
import type { End } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { Listener, unlink } from '../../core/listenerList.js';
import { codeOf } from './connectErrorFrom.js';
import { connectCtxKey } from './connectCtxKey.js';

/** @see {@link callCtx} */
export interface CallCtxOptions {
  /**
   * Milliseconds to keep for the way back: the server is told less by that. Connect's own timer runs for the same time, so the
   * call then errors with `deadline_exceeded` that many milliseconds before the deadline of ctx. By default 0.
   */
  readonly reserveMs?: number | undefined;
}

/** Above that, with 9 digits, the gRPC transport refuses the call; above 2^31-1 both sides give up at once. */
const mostMs = 99_999_999;

/**
 * Makes a call with a client of Connect under `ctx`. The returned observable emits the response, or each message of a stream,
 * and completes. Each subscription is a call of its own. Works over every transport: Connect, gRPC, gRPC-web and in memory.
 *
 * - When `ctx` is done, the call is aborted and the returned observable errors with `ctx.err`. If `ctx` is done before the
 *   subscription, nothing is sent.
 * - When it is unsubscribed, the call is aborted, in the middle of a stream too.
 * - When the call ends with `canceled` or `deadline_exceeded` and `ctx` is done at that moment, the error is `ctx.err`. Every
 *   other error is the `ConnectError` as Connect made it.
 * - The server is told what is {@link remaining}, as whole milliseconds, at least 1. Above 99,999,999 (27 hours) it is told
 *   nothing, and `ctx` alone ends the call.
 *
 * A stream is read as fast as it comes, and buffers nothing here. Requests are yours: an async iterable that the client pulls.
 *
 * @example
 * ```ts
 * import { createClient } from '@connectrpc/connect';
 * import { callCtx } from 'rxjs-ctx/connect';
 *
 * const client = createClient(ElizaService, transport);
 * const answer$ = callCtx(ctx, (options) => client.say({ sentence: 'Hi' }, options));
 * const lines$ = callCtx(ctx, (options) => client.introduce({ name: 'Ada' }, { ...options, headers }));
 * ```
 *
 * @param call makes the call and hands `options` on: the signal, the time, and `contextValues` with ctx under
 * {@link connectCtxKey}
 * @throws TypeError when ctx is not a context, call not a function or reserveMs not a number
 * @see https://connectrpc.com/docs/web/cancellation-and-timeouts
 */
export function callCtx<T>(
  ctx: Context,
  call: (options: CallOptions) => Promise<T> | AsyncIterable<T>,
  options?: CallCtxOptions,
): Observable<T> {
  const node = toInternal(ctx, 'callCtx');
  if (typeof call !== 'function') {
    const hint = 'did you mean (options) => client.method(request, options)?';
    throw invalidArgument('callCtx', 'call', 'a function', call, hint);
  }
  if (options !== undefined && Object(options) !== options) {
    throw invalidArgument('callCtx', 'options', 'an object', options);
  }
  const reserveMs = Math.max(0, durationOf(options?.reserveMs ?? 0, 'callCtx', 'reserveMs'));

  return new Observable((subscriber) => {
    const end = endOf(node.canceler);
    if (end !== undefined) {
      subscriber.error(end.error);
      return;
    }
    const running = new Call(node, subscriber);
    subscriber.add(running);
    // A foreign context may end when it is first listened to.
    if (!running.open) return;
    const result = call(optionsFor(ctx, node, reserveMs, running.controller.signal));
    if (isPromise(result)) result.then(running.resolve, running.fail);
    else if (isAsyncIterable(result)) running.pull(result[Symbol.asyncIterator]());
    else throw invalidArgument('callCtx', 'call', 'a function that returns a promise or an async iterable', result);
  });
}

function optionsFor(ctx: Context, node: ContextNode, reserveMs: number, signal: AbortSignal): CallOptions {
  const contextValues = createContextValues().set(connectCtxKey, ctx);
  const leftMs = remaining(node) - reserveMs;
  // 0 would be no limit, and a fraction is refused by the server.
  return leftMs > mostMs
    ? { signal, contextValues }
    : { signal, contextValues, timeoutMs: Math.max(1, Math.ceil(leftMs)) };
}

function isPromise<T>(result: Promise<T> | AsyncIterable<T> | undefined): result is Promise<T> {
  return typeof (result as Partial<Promise<T>> | undefined)?.then === 'function';
}

function isAsyncIterable<T>(result: AsyncIterable<T> | undefined): result is AsyncIterable<T> {
  return typeof (result as Partial<AsyncIterable<T>> | undefined)?.[Symbol.asyncIterator] === 'function';
}

/** One call, from its subscription until it is over. */
class Call<T> {
  readonly controller = new AbortController();
  /** Unset when the call is over, or ctx has ended it. */
  open = true;
  private iterator: AsyncIterator<T> | undefined = undefined;
  private readonly listener: Listener;

  constructor(
    private readonly node: ContextNode,
    private readonly subscriber: Subscriber<T>,
  ) {
    this.listener = listen(node.canceler, new Listener<Call<T>>(this, abortCall));
  }

  readonly resolve = (value: T): void => {
    if (!this.open) return;
    this.open = false;
    this.subscriber.next(value);
    this.subscriber.complete();
  };

  pull(iterator: AsyncIterator<T>): void {
    this.iterator = iterator;
    iterator.next().then(this.emit, this.fail);
  }

  private readonly emit = (result: IteratorResult<T>): void => {
    if (!this.open) return;
    if (result.done === true) {
      this.open = false;
      this.subscriber.complete();
    } else {
      this.subscriber.next(result.value);
      // The subscriber may have left, or have canceled ctx.
      if (this.isOpen()) this.iterator!.next().then(this.emit, this.fail);
    }
  };

  private isOpen(): boolean {
    return this.open;
  }

  readonly fail = (error: unknown): void => {
    if (!this.open) return;
    const code = codeOf(error);
    if (code !== Code.Canceled && code !== Code.DeadlineExceeded) this.end(error);
    else if (remaining(this.node) > 1) this.end(error);
    else if (this.node.err !== undefined) this.end(this.node.err);
    // Connect's timer counts from another fraction of a millisecond than that of ctx, which is about to fire.
    else setTimeout(this.failLate, 2, error);
  };

  private readonly failLate = (error: unknown): void => {
    if (this.open) this.end(this.node.err ?? error);
  };

  private end(error: unknown): void {
    this.open = false;
    this.subscriber.error(error);
  }

  abort(end: End): void {
    this.close(end.error);
    this.subscriber.error(end.error);
  }

  /** Leaves ctx, and aborts the call unless that is over. */
  unsubscribe(): void {
    unlink(this.listener);
    if (this.open) this.close(undefined);
  }

  private close(reason: unknown): void {
    this.open = false;
    this.controller.abort(reason);
    // Those of Connect have none; one that wraps a client's may have a `finally`.
    this.iterator?.return?.().then(undefined, ignore);
  }
}

function abortCall<T>(call: Call<T>, end: End): void {
  call.abort(end);
}

function ignore(): void {
  // Nobody waits for a call that was aborted.
}
