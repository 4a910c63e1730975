import { lastValueFrom, of, toArray } from 'rxjs';
import type { Observable, ObservableInput } from 'rxjs';
import { background, concatMapCtx, usingCtx, withCancel, withCancelOn } from '../../lib/index.js';

const fromInput = <T>(input: ObservableInput<T>): Observable<T> => usingCtx(background(), () => input);

/** An async iterable that a spec feeds by hand. */
function source<T>(values: readonly T[] = [], more: Record<string, unknown> = {}) {
  const left = [...values];
  let returned = 0;
  return {
    get returned() {
      return returned;
    },
    ...more,
    [Symbol.asyncIterator]: () => ({
      next: () =>
        left.length > 0 ? Promise.resolve({ done: false, value: left.shift()! }) : new Promise<never>(() => undefined),
      return: () => {
        returned++;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('an async iterable', () => {
  for (const [name, run] of [
    ['usingCtx', (input: ObservableInput<unknown>) => usingCtx(background(), () => input)],
    ['concatMapCtx', (input: ObservableInput<unknown>) => of(1).pipe(concatMapCtx(background(), () => input))],
  ] as const) {
    it(`is closed at once when ${name} is unsubscribed, though its next value never comes`, async () => {
      const input = source([1]);
      const values: unknown[] = [];
      const subscription = run(input as AsyncIterable<unknown>).subscribe((value) => values.push(value));
      await settle();
      expect(values).toEqual([1]);
      expect(input.returned).toBe(0);
      subscription.unsubscribe();
      expect(input.returned).toBe(1);
    });
  }

  it('is closed at once when a context that follows it is done', () => {
    for (let i = 0; i < 3; i++) {
      const input = source();
      const [ctx, cancel] = withCancelOn(background(), input as AsyncIterable<unknown>);
      expect(ctx.err).toBeUndefined();
      cancel();
      expect(input.returned).toBe(1);
    }
  });

  it('is destroyed where it can be, as a Node stream can', () => {
    let destroyed = 0;
    const input = source([], { destroy: () => destroyed++ });
    fromInput(input as AsyncIterable<unknown>)
      .subscribe()
      .unsubscribe();
    expect([destroyed, input.returned]).toEqual([1, 0]);
  });

  it('is not closed again when it has ended or failed', async () => {
    async function* counting() {
      yield 1;
      yield await Promise.resolve(2);
    }
    expect(await lastValueFrom(fromInput(counting()).pipe(toArray()))).toEqual([1, 2]);
    const failing = {
      returned: 0,
      [Symbol.asyncIterator]() {
        return {
          next: () => Promise.reject(new Error('broken')),
          return: () => Promise.resolve({ done: true, value: this.returned++ }),
        };
      },
    };
    await expectAsync(lastValueFrom(fromInput(failing as AsyncIterable<unknown>))).toBeRejectedWithError('broken');
    expect(failing.returned).toBe(0);
  });

  it('may have no return(), or one that rejects or throws', async () => {
    for (const end of [undefined, () => Promise.reject(new Error('too late'))]) {
      const input = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => undefined),
          ...(end && { return: end }),
        }),
      };
      fromInput(input).subscribe().unsubscribe();
      await settle();
    }
    expect().nothing();
  });
});

describe('a web stream', () => {
  it('is read to its end, and canceled when the subscription ends first', async () => {
    let canceled = 0;
    const stream = (end: boolean) =>
      new ReadableStream<number>({
        start(controller) {
          controller.enqueue(1);
          if (end) controller.close();
        },
        cancel() {
          canceled++;
        },
      });
    // As where streams cannot be iterated.
    const plain = (end: boolean) => {
      const own = stream(end);
      return { getReader: () => own.getReader() } as unknown as ReadableStream<number>;
    };
    for (const make of [stream, plain]) {
      canceled = 0;
      expect(await lastValueFrom(fromInput<number>(make(true)).pipe(toArray()))).toEqual([1]);
      const values: number[] = [];
      const subscription = fromInput<number>(make(false)).subscribe((value) => values.push(value));
      await settle();
      subscription.unsubscribe();
      await settle();
      expect(values).toEqual([1]);
      expect(canceled).toBe(1);
    }
  });
});

describe('a listener', () => {
  it('that cancels in the middle of values stops the iterable', async () => {
    const input = source([1, 2, 3]);
    const [ctx, cancel] = withCancel(background());
    const values: unknown[] = [];
    usingCtx(ctx, () => input as AsyncIterable<number>).subscribe({
      next: (value) => {
        values.push(value);
        if (value === 2) cancel();
      },
      error: () => undefined,
    });
    await settle();
    expect(values).toEqual([1, 2]);
    expect(input.returned).toBe(1);
  });
});
