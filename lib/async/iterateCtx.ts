import { Observable } from 'rxjs';
import type { ObservableInput, ObservedValueOf, Subscriber } from 'rxjs';
import { knownEndOf, listen } from '../core/cancellation.js';
import type { CoreContext } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, unlink } from '../core/listenerList.js';
import { fromInput } from '../observables/fromInput.js';
import { fifo } from './fifo.js';

/** @see {@link iterateCtx} */
export interface IterateOptions {
  /** How many values wait while the loop body is busy: an integer from 0 up. Default: `Infinity`. */
  readonly buffer?: number | undefined;
  /** What happens to a value for which the buffer has no room. Default: `'error'`. */
  readonly overflow?: 'error' | 'dropOldest' | 'dropNewest' | undefined;
}

/**
 * Returns the values of `source` for a `for await` loop, which throws `ctx.err` when ctx is done.
 *
 * Subscribes at the first `next()`. Unsubscribes when the loop is left by `break`, `return` or `throw`, when the source ends,
 * and when ctx is done: then values that wait are dropped. An error of the source comes after the values before it. A source
 * that is faster than the loop fills a buffer without a limit, unless `buffer` gives one: when it is full the source is
 * unsubscribed, and a `RangeError` follows the values that wait, unless `overflow` says which value to drop.
 *
 * @example
 * ```ts
 * import { interval } from 'rxjs';
 * import { background, iterateCtx, withTimeout } from 'rxjs-ctx';
 *
 * const [ctx] = withTimeout(background(), 1_000);
 * for await (const n of iterateCtx(ctx, interval(100), { buffer: 10, overflow: 'dropOldest' })) {
 *   if (n === 3) break;
 * }
 * ```
 *
 * @param ctx its `err` is what the loop throws
 * @param source what `from` of RxJS accepts
 * @param options the limit of the buffer
 * @throws TypeError when an argument is not what it must be: at the call, not at the first `next()`
 * @see https://developer.mozilla.org/docs/Web/JavaScript/Reference/Statements/for-await...of
 */
export function iterateCtx<O extends ObservableInput<unknown>>(
  ctx: CoreContext,
  source: O,
  options: IterateOptions = {},
): AsyncGenerator<ObservedValueOf<O>, void, void> {
  const { canceler } = toInternal(ctx, 'iterateCtx');
  if (Object(options) !== options) throw invalidArgument('iterateCtx', 'options', 'an object', options);
  const { buffer = Infinity, overflow = 'error' } = options;
  if (!(buffer === Infinity || (Number.isInteger(buffer) && buffer >= 0))) {
    throw invalidArgument('iterateCtx', 'buffer', 'an integer from 0 up or Infinity', buffer);
  }
  if (!['error', 'dropOldest', 'dropNewest'].includes(overflow)) {
    throw invalidArgument('iterateCtx', 'overflow', "'error', 'dropOldest' or 'dropNewest'", overflow);
  }
  return new Iteration(canceler, streamOf(source) as Observable<ObservedValueOf<O>>, buffer, overflow);
}

function streamOf(source: ObservableInput<unknown>): Observable<unknown> {
  try {
    return fromInput(source);
  } catch (error) {
    const hint = typeof source === 'function' ? 'did you mean to call it?' : undefined;
    throw invalidArgument('iterateCtx', 'source', 'an observable, a promise or an iterable', source, hint, error);
  }
}

/** A `next()` that waits for a value. */
interface Waiting<T> {
  resolve(result: IteratorResult<T, void>): void;
  reject(error: unknown): void;
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

// Written by hand: a `return()` has to reach a generator that waits, and JavaScript's own puts it in a queue.
class Iteration<T> implements AsyncGenerator<T, void, void> {
  private readonly values = fifo<T>();
  private readonly waiting = fifo<Waiting<T>>();
  private readonly listener = new Listener<Iteration<T>>(this, endIteration);
  /** Set by the first `next()`. */
  private subscriber: Subscriber<T> | undefined = undefined;
  /** Set when the source has ended, for when the values are used up. */
  private sourceEnd: { readonly error: unknown } | 'complete' | undefined = undefined;
  private isOver = false;

  constructor(
    private readonly canceler: ContextNode | undefined,
    private readonly source: Observable<T>,
    private readonly buffer: number,
    private readonly overflow: 'error' | 'dropOldest' | 'dropNewest',
  ) {
    // Hosts without the symbol get the one that esbuild's `await using` falls back to. Set here: a static block would stay in
    // the bundles of those who do not use the class.
    const { asyncDispose = Symbol.for('Symbol.asyncDispose') } = Symbol as { asyncDispose?: symbol };
    Object.defineProperty(this, asyncDispose, { value: () => this.return().then(() => undefined) });
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.isOver) return Promise.resolve(over);
    const end = this.canceler && knownEndOf(this.canceler);
    if (end !== undefined) {
      this.stop();
      return Promise.reject(end.error);
    }
    if (this.values.size > 0) return Promise.resolve({ done: false, value: this.values.shift()! });
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.sourceEnd !== undefined) this.finish(this.sourceEnd);
      else if (this.subscriber === undefined) this.subscribe();
    });
  }

  async return(value?: void | PromiseLike<void>): Promise<IteratorReturnResult<void>> {
    this.finish('complete');
    return { done: true, value: await value };
  }

  throw(error?: unknown): Promise<never> {
    this.finish('complete');
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was given
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  private subscribe(): void {
    const stream = new Observable<T>((subscriber) => {
      // Known before the source emits: one that does so synchronously can be stopped, too.
      this.subscriber = subscriber;
      listen(this.canceler, this.listener);
      if (!subscriber.closed) this.source.subscribe(subscriber);
    });
    stream.subscribe({
      next: (value) => {
        this.take(value);
      },
      error: (error: unknown) => {
        this.endSource({ error });
      },
      complete: () => {
        this.endSource('complete');
      },
    });
  }

  private take(value: T): void {
    const { values, buffer, overflow } = this;
    const waiting = this.waiting.shift();
    if (waiting !== undefined) waiting.resolve({ done: false, value });
    else if (values.size < buffer) values.push(value);
    else if (overflow === 'error') {
      this.endSource({ error: new RangeError(`iterateCtx: more than ${buffer} values wait for the loop`) });
    } else if (overflow === 'dropOldest' && buffer > 0) {
      values.shift();
      values.push(value);
    }
  }

  private endSource(sourceEnd: NonNullable<Iteration<T>['sourceEnd']>): void {
    this.sourceEnd = sourceEnd;
    this.release();
    if (this.waiting.size > 0) this.finish(sourceEnd);
  }

  /** While the loop body runs nothing waits: the next step asks ctx itself. */
  endWith({ error }: End): void {
    this.values.clear();
    this.release();
    if (this.waiting.size > 0) this.finish({ error });
  }

  /** The first that waits gets the error, as with generators. */
  private finish(how: NonNullable<Iteration<T>['sourceEnd']>): void {
    this.stop();
    if (how !== 'complete') this.waiting.shift()?.reject(how.error);
    for (let one = this.waiting.shift(); one !== undefined; one = this.waiting.shift()) one.resolve(over);
  }

  private stop(): void {
    this.isOver = true;
    this.values.clear();
    this.release();
  }

  private release(): void {
    unlink(this.listener);
    this.subscriber?.unsubscribe();
  }
}

function endIteration(iteration: Iteration<unknown>, end: End): void {
  iteration.endWith(end);
}
