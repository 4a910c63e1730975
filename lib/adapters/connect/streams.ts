// Streams of a call on the server: async iterators that end with the context of the call.
import type { ObservableInput } from 'rxjs';
import { cancel, listen } from '../../core/cancellation.js';
import type { ContextNode } from '../../core/contextNode.js';
import type { End } from '../../core/errors.js';
import { Listener, unlink } from '../../core/listenerList.js';
import { fromInput } from '../../observables/fromInput.js';

/** What sets a stream of requests apart from one of responses. */
interface Direction {
  /** What the reader gets in place of an error, or of `ctx.err`. */
  readonly errorFor: (error: unknown) => unknown;
  /** Called when the source has ended, before the reader knows: `then` goes on, unless the context has ended by then. */
  readonly onLast: (then: () => void) => void;
  /** Called once, when the stream is over. */
  readonly onOver: () => void;
}

/**
 * The responses of a handler. It is called when the first is asked for, as the body of a generator is, and the context is
 * canceled when it is over. An async iterable is pulled; an observable is buffered without a limit.
 */
export function responsesOf(
  node: ContextNode,
  start: () => ObservableInput<unknown>,
  errorFor: (error: unknown) => unknown,
): AsyncIterable<unknown> {
  const direction: Direction = {
    errorFor,
    onLast: atOnce,
    onOver() {
      cancel(node);
    },
  };
  return { [Symbol.asyncIterator]: () => new Stream(node, () => iteratorOf(start()), direction) };
}

/** The requests of a client. An upload that was canceled errors with `ctx.err`, and never ends as if it were whole. */
export function requestsOf<T>(node: ContextNode, requests: AsyncIterable<T>): AsyncIterable<T> {
  const direction: Direction = { errorFor: (error) => node.err ?? error, onLast: afterTwoTurns, onOver: ignore };
  return { [Symbol.asyncIterator]: () => new Stream(node, () => requests[Symbol.asyncIterator](), direction) };
}

export function atOnce(then: () => void): void {
  then();
}

/**
 * Node's http2 ends a request stream before it resets it, so that a request that was canceled ends like one that was finished.
 * The reset comes up to two turns of the event loop later. Browsers, which have no such servers, have no `setImmediate`.
 */
export function afterTwoTurns(then: () => void): void {
  const { setImmediate = atOnce } = globalThis as { setImmediate?: (work: () => void) => unknown };
  setImmediate(() => setImmediate(then));
}

function ignore(): void {
  // Nothing is to be done.
}

/** Somebody who waits for the next value. */
class Waiting<T> {
  resolve!: (result: IteratorResult<T, undefined>) => void;
  private reject!: (error: unknown) => void;
  readonly promise = new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  fail(error: unknown): void {
    // One that was left behind must not end the process.
    this.promise.catch(ignore);
    this.reject(error);
  }
}

const over: IteratorResult<never, undefined> = { done: true, value: undefined };

class Stream<T> implements AsyncIterator<T, undefined> {
  private source: AsyncIterator<T, unknown> | undefined = undefined;
  private listener: Listener | undefined = undefined;
  private open = true;
  private waiting: Waiting<T>[] = [];
  /** Set when the stream failed while nobody waited: for the one who asks next. */
  private failure: { readonly error: unknown } | undefined = undefined;

  constructor(
    private readonly node: ContextNode,
    private readonly start: () => AsyncIterator<T, unknown>,
    private readonly direction: Direction,
  ) {}

  next(): Promise<IteratorResult<T, undefined>> {
    const waiting = new Waiting<T>();
    if (!this.open) this.answer(waiting);
    else {
      this.waiting.push(waiting);
      if (this.listener === undefined) this.begin();
      this.source?.next().then(this.emit, this.fail);
    }
    return waiting.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    if (this.open) this.giveUp();
    return Promise.resolve(over);
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  private begin(): void {
    this.listener = new Listener<Stream<T>>(this, endStream);
    listen(this.node, this.listener);
    if (!this.open) return;
    try {
      const source = this.start();
      if (this.isOpen()) this.source = source;
      else close(source);
    } catch (error) {
      this.fail(error);
    }
  }

  // What runs in between may have ended the context.
  private isOpen(): boolean {
    return this.open;
  }

  private readonly emit = (result: IteratorResult<T, unknown>): void => {
    if (!this.open) return;
    if (result.done !== true) this.waiting.shift()!.resolve(result);
    else this.direction.onLast(this.finish);
  };

  private readonly finish = (): void => {
    if (!this.open) return;
    this.source = undefined;
    this.giveUp();
  };

  private readonly fail = (error: unknown): void => {
    if (!this.open) return;
    this.failure = { error: this.direction.errorFor(error) };
    this.source = undefined;
    this.giveUp();
  };

  end(end: End): void {
    this.failure = { error: this.direction.errorFor(end.error) };
    this.giveUp();
  }

  private giveUp(): void {
    const { source, waiting } = this;
    this.open = false;
    this.source = undefined;
    this.waiting = [];
    if (this.listener !== undefined) unlink(this.listener);
    if (source !== undefined) close(source);
    this.direction.onOver();
    for (const one of waiting) this.answer(one);
  }

  private answer(waiting: Waiting<T>): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure === undefined) waiting.resolve(over);
    else waiting.fail(failure.error);
  }
}

function endStream<T>(stream: Stream<T>, end: End): void {
  stream.end(end);
}

function close(source: AsyncIterator<unknown, unknown>): void {
  source.return?.().then(undefined, ignore);
}

/** What can be pulled is pulled; everything else is subscribed to and buffered. */
function iteratorOf(input: ObservableInput<unknown>): AsyncIterator<unknown, unknown> {
  const shape = input as unknown as Readonly<Record<PropertyKey, unknown>> | null | undefined;
  if (typeof shape?.subscribe === 'function') return new Buffered(input);
  if (typeof shape?.[Symbol.asyncIterator] === 'function') {
    return (input as AsyncIterable<unknown>)[Symbol.asyncIterator]() as AsyncIterator<unknown, unknown>;
  }
  if (typeof shape?.[Symbol.iterator] === 'function') return promised((input as Iterable<unknown>)[Symbol.iterator]());
  return new Buffered(input);
}

/** A promise of what may throw. */
function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function promised<T>(iterator: Iterator<T, unknown>): AsyncIterator<T, unknown> {
  return {
    next: () => settled(() => iterator.next()),
    return: () => settled(() => iterator.return?.() ?? over),
  };
}

/** The values of an observable, for one who pulls. */
class Buffered implements AsyncIterator<unknown, undefined> {
  private readonly values: unknown[] = [];
  private head = 0;
  private ended: (() => Promise<IteratorResult<unknown, undefined>>) | undefined = undefined;
  private waiting: Waiting<unknown> | undefined = undefined;
  private readonly subscription;

  constructor(input: ObservableInput<unknown>) {
    this.subscription = fromInput(input).subscribe({
      next: (value) => {
        const { waiting } = this;
        this.waiting = undefined;
        if (waiting === undefined) this.values.push(value);
        else waiting.resolve({ done: false, value });
      },
      error: (error: unknown) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
        this.ended = () => Promise.reject(error);
        this.waiting?.fail(error);
      },
      complete: () => {
        this.ended = () => Promise.resolve(over);
        this.waiting?.resolve(over);
      },
    });
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const { values, head } = this;
    if (head < values.length) {
      const value = values[head];
      values[head] = undefined;
      // As an array, not as a list: a long buffer is moved down once.
      if (++this.head === values.length) this.head = values.length = 0;
      return Promise.resolve({ done: false, value });
    }
    if (this.ended !== undefined) return this.ended();
    this.waiting = new Waiting();
    return this.waiting.promise;
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.subscription.unsubscribe();
    return Promise.resolve(over);
  }
}
