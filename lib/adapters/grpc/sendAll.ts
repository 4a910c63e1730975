import type { ObservableInput, Unsubscribable } from 'rxjs';
import { fromInput } from '../../observables/fromInput.js';

/** The writing half of a call. */
export interface Sink {
  /** @returns whether it takes more; if not, it emits `drain` when it does */
  write(value: unknown): boolean;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** Who is told when everything was written, or the input failed. */
export interface SendObserver {
  complete(): void;
  error(error: unknown): void;
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Writes what `input` gives. What can be pulled, a sync or async iterable or a web stream, waits while the sink is full; what
 * pushes, an observable or a promise, does not.
 *
 * @returns lets go of the input
 */
export function sendAll(input: ObservableInput<unknown>, sink: Sink, observer: SendObserver): Unsubscribable {
  const iterator = iteratorOf(input);
  if (iterator === undefined) {
    return fromInput(input).subscribe({
      next: (value) => sink.write(value),
      error: (error: unknown) => {
        observer.error(error);
      },
      complete: () => {
        observer.complete();
      },
    });
  }
  const pull = new Pull(iterator, sink, observer);
  pull.run();
  return pull;
}

interface Inputs {
  readonly subscribe?: unknown;
  readonly then?: unknown;
  readonly getReader?: () => ReadableStreamDefaultReader<unknown>;
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
  readonly [Symbol.iterator]?: () => Iterator<unknown>;
}

/** Whether RxJS can make an observable of it. */
export function isInput(input: unknown): input is ObservableInput<unknown> {
  const { observable = '@@observable' } = Symbol as { observable?: symbol };
  const shape = (input ?? {}) as Inputs & Record<PropertyKey, unknown>;
  const ways = [shape.subscribe, shape[observable], shape.then, shape.getReader];
  return [...ways, shape[Symbol.asyncIterator], shape[Symbol.iterator]].some((way) => typeof way === 'function');
}

/** What to pull from; `undefined` for what pushes. */
function iteratorOf(input: unknown): AnyIterator | undefined {
  const { observable = '@@observable' } = Symbol as { observable?: symbol };
  const shape = input as Inputs & Record<PropertyKey, unknown>;
  if ([shape.subscribe, shape[observable], shape.then].some((way) => typeof way === 'function')) return undefined;
  if (typeof shape.getReader === 'function') return readerOf(shape.getReader());
  return shape[Symbol.asyncIterator]?.() ?? shape[Symbol.iterator]?.();
}

/** Closing the iterator of a web stream would wait for the next chunk. */
function readerOf(reader: ReadableStreamDefaultReader<unknown>): AsyncIterator<unknown> {
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

class Pull implements Unsubscribable {
  private open = true;
  /** Whether `next()` of a sync iterator is running, which must not be closed then. */
  private pulling = false;

  constructor(
    private readonly iterator: AnyIterator,
    private readonly sink: Sink,
    private readonly observer: SendObserver,
  ) {}

  /** Goes on until the sink is full, the iterator is at its end or has to be waited for. */
  readonly run = (): void => {
    try {
      let more = this.open;
      while (more) {
        this.pulling = true;
        const result = this.iterator.next();
        this.pulling = false;
        if (isPending(result)) {
          result.then(this.take, this.fail);
          return;
        }
        if (!this.open) void close(this.iterator);
        more = this.put(result);
      }
    } catch (error) {
      this.fail(error);
    }
  };

  unsubscribe(): void {
    if (!this.open) return;
    this.open = false;
    this.sink.off('drain', this.run);
    if (!this.pulling) void close(this.iterator);
  }

  private readonly take = (result: IteratorResult<unknown>): void => {
    try {
      if (this.put(result)) this.run();
    } catch (error) {
      this.unsubscribe();
      this.observer.error(error);
    }
  };

  private readonly fail = (error: unknown): void => {
    if (!this.open) return;
    this.open = false;
    this.observer.error(error);
  };

  /** @returns whether to go on */
  private put(result: IteratorResult<unknown>): boolean {
    if (!this.open) return false;
    if (result.done === true) {
      this.open = false;
      this.observer.complete();
      return false;
    }
    if (this.sink.write(result.value)) return true;
    this.sink.once('drain', this.run);
    return false;
  }
}

function isPending<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return typeof (result as Partial<PromiseLike<T>>).then === 'function';
}

async function close(iterator: AnyIterator & { return?: () => unknown }): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Nobody waits for what is closed.
  }
}
