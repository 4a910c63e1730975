// What retries cost where nothing fails, which is nearly always.
import pRetry from 'p-retry';
import { Observable, Subscriber, Subscription, defer, lastValueFrom, of } from 'rxjs';
import { background, hedgeCtx, retryBudget, retryCtx, withCancel, withTimeout } from 'rxjs-ctx';
import type { Context } from 'rxjs-ctx';
import { keep, ours, timed } from './harness.js';
import type { Loop, Row } from './harness.js';

const observer = { next: keep, error: keep, complete: () => keep(undefined) };
const someContext = (): Context => withCancel(background())[0];
/** As that of a request: somebody listens already, so that its timer is armed. */
function withDeadline(): Context {
  const [ctx] = withTimeout(background(), 3_600_000);
  ctx.done$.subscribe(keep);
  return ctx;
}
const one$ = of(1);
const succeed = () => one$;
const resolve = () => Promise.resolve(1);

/** What an operator that looks at errors needs at least: a subscriber of its own, and a teardown. */
const passedOn = (): Observable<unknown> =>
  new Observable((subscriber) => {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as RxJS's own operators
    const own = new Subscriber(subscriber);
    own.add(() => keep(own));
    one$.subscribe(own);
  });

function subscribed(make: () => Observable<unknown>): () => Loop {
  return () => {
    const observable = make();
    return (ops) => {
      let subscription = Subscription.EMPTY;
      for (let i = 0; i < ops; i++) subscription = observable.subscribe(observer);
      keep(subscription);
    };
  };
}

function awaited(make: () => () => Promise<unknown>): () => Loop {
  return () => {
    const call = make();
    return async (ops) => {
      for (let i = 0; i < ops; i++) keep(await call());
    };
  };
}

export default [
  timed('retryCtx: work that succeeds at once', {
    [ours]: subscribed(() => retryCtx(someContext(), succeed)),
    defer: subscribed(() => defer(succeed)),
    'floor: a subscriber in between, with a teardown': subscribed(passedOn),
    'ours under a deadline': subscribed(() => retryCtx(withDeadline(), succeed)),
    'ours with a budget': subscribed(() => retryCtx(someContext(), succeed, { budget: retryBudget() })),
  }),
  timed('retryCtx: a promise that is fulfilled, awaited', {
    [ours]: awaited(() => {
      const result = retryCtx(someContext(), resolve);
      return () => lastValueFrom(result);
    }),
    defer: awaited(() => {
      const result = defer(resolve);
      return () => lastValueFrom(result);
    }),
    'p-retry with a signal and a limit of time': awaited(() => {
      const { signal } = someContext();
      return () => pRetry(resolve, { signal, maxRetryTime: 3_600_000 });
    }),
    'p-retry': awaited(() => () => pRetry(resolve)),
  }),
  timed('hedgeCtx: work that succeeds at once', {
    [ours]: subscribed(() => hedgeCtx(someContext(), succeed, { delayMs: 50 })),
    defer: subscribed(() => defer(succeed)),
  }),
] satisfies Row[];
