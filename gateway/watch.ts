// A viewer: somebody who has the page open. All that is seen there, and all that is started from there, lives under the
// context of the one request that brings the events.
import type { ServerResponse } from 'node:http';
import {
  bufferTime,
  catchError,
  EMPTY,
  filter,
  ignoreElements,
  interval,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  range,
  startWith,
  type Subject,
  tap,
} from 'rxjs';
import { mergeMapCtx, takeUntilCtx, withCancelOn, type Context } from 'rxjs-ctx';
import { search } from './client.js';
import { counters } from './counters.js';
import type { Command, Totals, ViewerEvents } from './protocol.js';
import { timeline } from './timeline.js';

export interface Viewer {
  readonly name: string;
  readonly commands$: Subject<Command>;
}

/** How far a viewer may fall behind, in bytes, before it is let go: its browser then starts afresh. */
const mostBehind = 4_000_000;

/** For those who search for nothing in particular. */
const ideas = ['oak', 'lamp', 'linen', 'desk', 'brass', 'wool', 'table', 'chair'];

/** Everything on the timeline, and the counters, as server-sent events until ctx is done. */
export function events(ctx: Context, totals: () => Totals): Observable<string> {
  return merge(
    of(event('hello', { now: Date.now() })),
    ctx.value(timeline).pipe(
      bufferTime(40),
      filter((marks) => marks.length > 0),
      map((marks) => event('marks', marks)),
    ),
    interval(200).pipe(
      startWith(0),
      map(() => event('totals', totals())),
    ),
  ).pipe(takeUntilCtx(ctx));
}

function event<Name extends keyof ViewerEvents>(name: Name, data: ViewerEvents[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Writes the events, until they end or the viewer is too far behind. */
export function send(res: ServerResponse, events$: Observable<string>): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  events$.subscribe({
    next: (text) => {
      res.write(text);
      if (res.writableLength > mostBehind) res.destroy();
    },
    complete: () => res.end(),
  });
}

/**
 * Searches on behalf of a viewer: real requests to the gateway, as its browser makes them, which however has no more than
 * six connections to one host.
 */
export function crowd(ctx: Context, { name, commands$ }: Viewer, gateway: string): Observable<never> {
  let searches = 0;
  const canceled = (lane: string) =>
    commands$.pipe(
      filter((command) => command.do === 'cancel' && (command.lane ?? lane) === lane),
      map(() => 'canceled by hand'),
      tap((why) => ctx.value(timeline).next({ mark: 'reason', lane, at: Date.now(), why })),
    );
  return commands$.pipe(
    mergeMap((command) => (command.do === 'start' ? range(0, command.count).pipe(map(() => command.query)) : EMPTY)),
    mergeMapCtx(ctx, (ctx, query) => {
      const n = searches++;
      const lane = `${name}-${n}`;
      const [one] = withCancelOn(ctx, canceled(lane));
      ctx.value(counters).watch(one);
      return search(one, gateway, name, lane, { ...query, text: query.text || ideas[n % ideas.length]! }).pipe(
        ignoreElements(), // they are on the timeline
        catchError(() => EMPTY), // and so is how it ended
      );
    }),
    takeUntilCtx(ctx), // that the viewer goes is no error
  );
}
