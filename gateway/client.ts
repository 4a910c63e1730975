// Asks the gateway, from a browser and from Node alike.
import { mergeMap, type Observable } from 'rxjs';
import { usingCtx, type Context } from 'rxjs-ctx';
import { fetchCtx, timeoutHeaders } from 'rxjs-ctx/http';
import type { Query, Row } from './protocol.js';
import { rowsOf } from './rows.js';

/** How much longer a client waits than the gateway may take: the answer that time is up takes a moment too. */
const graceMs = 1_000;

/** A search. Unsubscribing, or ctx being done, cancels it in the gateway, and there in the three backends. */
export function search(
  ctx: Context,
  gateway: string,
  viewer: string,
  lane: string,
  { text, deadlineMs, trouble }: Query,
): Observable<Row> {
  const url = `${gateway}/search?${new URLSearchParams({ q: text, viewer, lane, trouble })}`;
  return usingCtx(
    ctx,
    (ctx) => fetchCtx(ctx, url, { headers: timeoutHeaders(ctx, { reserveMs: graceMs }) }).pipe(mergeMap(rowsOf<Row>)),
    { timeoutMs: deadlineMs + graceMs },
  );
}
