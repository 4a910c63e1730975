import { catchError, from, map, mergeMap, type Observable, tap, throwError } from 'rxjs';
import { type Context, mergeMapCtx, usingCtx, withCancel } from 'rxjs-ctx';
import { fetchCtx } from 'rxjs-ctx/http';
import type { Backend } from './backends/start.js';
import { counters } from './counters.js';
import type { Row } from './protocol.js';
import { rowsOf } from './rows.js';
import { drawn, lane, reason } from './timeline.js';

/** Asks all backends at once, and merges what they answer. The first one that fails takes the others with it. */
export function search(ctx: Context, backends: readonly Backend[], params: URLSearchParams): Observable<Row> {
  return usingCtx(ctx, (ctx) => {
    const [group, cancel] = withCancel(ctx);
    const fail = (from: string, error: unknown) => cancel(new Error(`${from}: ${reason(error)}`));
    return from(backends).pipe(
      mergeMapCtx(group, (ctx, backend) =>
        call(ctx, backend, params).pipe(tap({ error: (error: unknown) => fail(backend.from, error) })),
      ),
      catchError((error: unknown) => throwError(() => group.cause ?? error)),
    );
  });
}

/** One backend's part. It has what is left of the budget, and stops when ctx is done. */
function call(ctx: Context, { from, url }: Backend, params: URLSearchParams): Observable<Row> {
  ctx.value(counters).watch(ctx);
  return fetchCtx(ctx, `${url}/?${params}`, { headers: { 'x-lane': ctx.value(lane) } }).pipe(
    mergeMap(rowsOf<object>),
    map((row) => ({ from, ...row }) as Row),
    drawn(ctx, from),
  );
}
