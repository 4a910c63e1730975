// The page: what is typed and clicked becomes searches, and what the gateway says of them is drawn.
import {
  animationFrames,
  catchError,
  EMPTY,
  exhaustMap,
  filter,
  fromEvent,
  map,
  merge,
  Subject,
  takeWhile,
} from 'rxjs';
import { background, concatMapCtx, takeUntilCtx, withCancelOn, type Context } from 'rxjs-ctx';
import { fetchCtx } from 'rxjs-ctx/http';
import { byId } from './elements.js';
import { Form } from './form.js';
import { Lanes } from './lanes.js';
import { link, type Told } from './link.js';
import { Model } from './model.js';
import { Overview } from './overview.js';
import { Results } from './results.js';
import { Tiles } from './tiles.js';
import { typing, type Typed } from './typing.js';
import { outcome } from './words.js';

/** Runs the page until ctx is done. */
function run(ctx: Context): void {
  const viewer = Math.random().toString(36).slice(2, 10);
  const model = new Model();
  const form = new Form();
  const lanes = new Lanes(model, viewer);
  const overview = new Overview(model, (search) => lanes.reveal(search));
  const tiles = new Tiles(byId('tiles'));
  const results = new Results(byId('results'));

  const redraws$ = new Subject<void>();
  /** The gateway's clock less the browser's. */
  let offsetMs = 0;
  let connected = false;
  let typed: Typed | undefined;

  const hear = (told: Told) => {
    connected = told.name !== 'lost';
    form.showLink(connected);
    if (told.name === 'totals') {
      tiles.draw(told.data);
      return;
    }
    if (told.name === 'hello') {
      offsetMs = told.data.now - Date.now();
      // Nobody knows what became of those that ran when the link broke.
      model.clear();
      overview.clear();
      typed = undefined;
      results.show(undefined);
    } else if (told.name === 'marks') {
      overview.draw(model.apply(told.data));
    }
    redraws$.next();
  };

  /** @returns whether there is more to draw */
  const draw = () => {
    // What is drawn has happened, and without a link all stands as it was.
    const now = connected ? Math.max(Date.now() + offsetMs, model.newestAt) : model.newestAt;
    lanes.draw(now);
    form.say(said(now));
    results.settle(!connected || typed === undefined || model.get(typed.lane)?.end !== undefined);
    return connected && model.tally.running > 0;
  };

  const said = (now: number) => {
    if (!connected) return 'The gateway does not answer.';
    if (typed === undefined) return 'Each key supersedes the last search.';
    return outcome(model.get(typed.lane), now, model.reasons.get(typed.lane));
  };

  const cancels$ = new Subject<string | undefined>();
  const commands$ = merge(
    form.starts$.pipe(
      map((count) => {
        const { text, deadlineMs, trouble } = form.query();
        return ['POST', { q: text, deadlineMs: String(deadlineMs), trouble, count: String(count) }] as const;
      }),
    ),
    cancels$.pipe(map((lane) => ['DELETE', lane === undefined ? {} : { lane }] as const)),
  );

  // takeUntilCtx: that the page is left is no error here.
  merge(
    link(ctx, viewer).pipe(map(hear)),
    form.slides$,
    typing(ctx, form.queries$, cancels$, viewer, model).pipe(
      map((now) => {
        typed = now;
        results.show(now?.rows);
        redraws$.next();
      }),
    ),
    commands$.pipe(
      // One after the other, in this order: what is canceled has been started.
      concatMapCtx(ctx, (ctx, [method, params]) =>
        fetchCtx(ctx, `/searches?${new URLSearchParams({ viewer, ...params })}`, { method }).pipe(
          catchError(() => EMPTY), // the link says that the gateway does not answer
        ),
      ),
    ),
    merge(lanes.cancels$, form.cancelsAll$).pipe(map((lane) => cancels$.next(lane))),
    merge(redraws$, lanes.scrolls$).pipe(exhaustMap(() => animationFrames().pipe(takeWhile(draw)))),
  )
    .pipe(takeUntilCtx(ctx))
    .subscribe();
}

const [ctx] = withCancelOn(background(), fromEvent(window, 'pagehide'));
run(ctx);

// Back from the browser's cache, where contexts do not come to life again.
fromEvent<PageTransitionEvent>(window, 'pageshow')
  .pipe(filter(({ persisted }) => persisted))
  .subscribe(() => location.reload());
