import { Observable, from } from 'rxjs';
import type { ObservableInput } from 'rxjs';

/**
 * As RxJS's `from`, but whoever unsubscribes closes an async iterable at once: `return()` is called, a Node stream is
 * destroyed, a web stream canceled. `from` notices when the next value comes, which may be never.
 */
export function fromInput<T>(input: ObservableInput<T>): Observable<T> {
  if (!isObservable(input)) {
    if (isWebStream<T>(input)) return fromAsyncIterable(iterableOf(input));
    if (isAsyncIterable<T>(input)) return fromAsyncIterable(input);
  }
  return from(input);
}

function isObservable(input: unknown): boolean {
  const { observable = '@@observable' } = Symbol as { observable?: symbol };
  const interop = (input ?? {}) as Record<PropertyKey, unknown>;
  return typeof interop.subscribe === 'function' || typeof interop[observable] === 'function';
}

function isAsyncIterable<T>(input: unknown): input is AsyncIterable<T> {
  return typeof (input as Partial<AsyncIterable<T>> | null | undefined)?.[Symbol.asyncIterator] === 'function';
}

function isWebStream<T>(input: unknown): input is ReadableStream<T> {
  return typeof (input as Partial<ReadableStream<T>> | null | undefined)?.getReader === 'function';
}

function fromAsyncIterable<T>(iterable: AsyncIterable<T> & { destroy?: () => void }): Observable<T> {
  return new Observable((subscriber) => {
    const iterator = iterable[Symbol.asyncIterator]();
    let open = true;
    const pull = async () => {
      try {
        while (open) {
          const result = await iterator.next();
          if (result.done === true) {
            open = false;
            subscriber.complete();
          } else {
            subscriber.next(result.value);
          }
        }
      } catch (error) {
        open = false;
        subscriber.error(error);
      }
    };
    void pull();
    return () => {
      if (!open) return;
      open = false;
      // The iterator of a Node stream would wait for the next chunk.
      if (typeof iterable.destroy === 'function') iterable.destroy();
      else Promise.resolve(iterator.return?.()).catch(ignore);
    };
  });
}

/** Not every browser's streams can be iterated, and where they can, closing one waits for the next chunk. */
function iterableOf<T>(stream: ReadableStream<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const reader = stream.getReader();
      return {
        next: () => reader.read() as Promise<IteratorResult<T>>,
        async return() {
          await reader.cancel();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function ignore(): void {
  // Nobody waits for what is closed.
}
