import { listen } from '../core/cancellation.js';
import type { CoreContext } from '../core/context.js';
import type { End } from '../core/errors.js';
import { toInternal } from '../core/foreign.js';
import { invalidArgument } from '../core/invalidArgument.js';
import { Listener, unlink } from '../core/listenerList.js';

/**
 * Settles as `promise` does, or rejects with `ctx.err` when ctx is done first. For promises of an API that takes no signal.
 *
 * The work behind the promise goes on: nothing can stop it from here. Where the API takes a signal, pass `ctx.signal` as well.
 * A ctx that is done already wins over a promise that is settled already. What the promise does later is ignored: its late
 * rejection is not unhandled. When the promise settles first, ctx keeps no listener.
 *
 * @example
 * ```ts
 * import { background, untilCtx, withTimeout } from 'rxjs-ctx';
 *
 * const [ctx] = withTimeout(background(), 2_000);
 * const module = await untilCtx(ctx, import('node:zlib'));
 * ```
 *
 * @param ctx its `err` is what the result rejects with
 * @param promise any thenable
 * @returns a promise of the same value
 * @throws TypeError when ctx is not a context or promise is not a promise
 * @see https://pkg.go.dev/context#example-WithTimeout for the `select` of Go that it stands for
 */
export function untilCtx<T>(ctx: CoreContext, promise: PromiseLike<T>): Promise<T> {
  const { canceler } = toInternal(ctx, 'untilCtx');
  if (typeof (promise as Partial<PromiseLike<T>> | null | undefined)?.then !== 'function') {
    throw invalidArgument('untilCtx', 'promise', 'a promise', promise, hintFor(promise));
  }
  return new Promise((resolve, reject) => {
    const listener = listen(canceler, new Listener(reject, rejectWithEnd));
    Promise.resolve(promise).then(
      (value) => {
        unlink(listener);
        resolve(value);
      },
      (error: unknown) => {
        unlink(listener);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever it was rejected with
        reject(error);
      },
    );
  });
}

/** What most listeners of promises do. */
export function rejectWithEnd(reject: (error: unknown) => void, end: End): void {
  reject(end.error);
}

function hintFor(got: unknown): string | undefined {
  if (typeof got === 'function') return 'did you mean to call it?';
  const { subscribe } = (got ?? {}) as { subscribe?: unknown };
  return typeof subscribe === 'function' ? 'did you mean firstValueFrom(source.pipe(throwOnCtx(ctx)))?' : undefined;
}
