// The search box: each keystroke is a search, and supersedes the one before.
import { catchError, EMPTY, filter, map, type Observable, of, scan, startWith, tap } from 'rxjs';
import { switchMapCtx, withCancelOn, type Context } from 'rxjs-ctx';
import { search } from '../client.js';
import type { Query, Row } from '../protocol.js';
import type { Model } from './model.js';

export interface Typed {
  readonly lane: string;
  /** What has come so far. */
  readonly rows: readonly Row[];
}

/**
 * The rows of the search that is under way; undefined when there is none.
 *
 * @param cancels$ lanes to cancel; `undefined` is all
 */
export function typing(
  ctx: Context,
  queries$: Observable<Query>,
  cancels$: Observable<string | undefined>,
  viewer: string,
  model: Model,
): Observable<Typed | undefined> {
  return queries$.pipe(
    switchMapCtx(ctx, (ctx, query, index) => {
      if (query.text === '') return of(undefined);
      const lane = `${viewer}-typed-${index}`;
      const byHand$ = cancels$.pipe(
        filter((canceled) => (canceled ?? lane) === lane),
        map(() => 'canceled by hand'),
        tap((why) => model.explain(lane, why)),
      );
      const [own] = withCancelOn(ctx, byHand$);
      return search(own, '', viewer, lane, query).pipe(
        scan((rows: readonly Row[], row) => [...rows, row], []),
        startWith([]),
        map((rows) => ({ lane, rows })),
        // Whoever unsubscribes has a newer one. The gateway only sees that its client has gone.
        tap({ unsubscribe: () => model.explain(lane, 'superseded') }),
        catchError(() => EMPTY), // how it ended is on the timeline
      );
    }),
  );
}
