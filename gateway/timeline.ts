import { type MonoTypeOperatorFunction, Subject, tap } from 'rxjs';
import { contextKey, isDeadlineExceeded, type Context } from 'rxjs-ctx';
import { ClientGoneError } from 'rxjs-ctx/node';
import type { BackendName, How, Mark } from './protocol.js';

/** Where everything under a context is drawn: by default, nowhere. */
export const timeline = contextKey('timeline', { default: new Subject<Mark>() });

/** The request that a context belongs to. */
export const lane = contextKey('lane', { default: '' });

/** Mirrors the source, and draws how it ended: the lane of a request, or that of a call to a backend, with its rows. */
export function drawn<T>(ctx: Context, from?: BackendName): MonoTypeOperatorFunction<T> {
  const marks$ = ctx.value(timeline);
  const place = () => ({ lane: ctx.value(lane), at: Date.now() });
  const end = (how: How, why?: string) => marks$.next({ mark: 'end', ...place(), from, how, why });
  // Whoever unsubscribes says why by the context: it is done by then.
  const cut = (error: unknown) =>
    ctx.err === undefined
      ? end('failed', reason(error))
      : end(isDeadlineExceeded(ctx.err) ? 'deadline' : 'canceled', reason(ctx.cause));

  return tap({
    ...(from && {
      subscribe: () => marks$.next({ mark: 'call', ...place(), from }),
      next: () => marks$.next({ mark: 'row', ...place(), from }),
    }),
    complete: () => end('completed'),
    error: cut,
    unsubscribe: () => cut(undefined),
  });
}

/** The innermost of an error and its causes: what really happened. */
export function reason(error: unknown): string {
  if (error instanceof ClientGoneError) return 'client gone';
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : String(inner);
}
