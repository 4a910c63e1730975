// Long life: requests by the thousand through every operator, under one root that outlives them all, in real time.
// `npm run soak:memory -- 30s` (by default 10m). Fails when the heap grows, when a listener or a timer is left, or when the
// machine cannot keep up with the rate. The heap is read when no request is open, after a tenth, a half and all of the time:
// with ten minutes that is minute 1, 5 and 10.
import { Subject, firstValueFrom, interval, map, of, take, timer } from 'rxjs';
import {
  afterFunc,
  background,
  concatMapCtx,
  contextKey,
  ctxValue,
  exhaustMapCtx,
  mergeMapCtx,
  switchMapCtx,
  takeUntilCtx,
  throwOnCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withDeadline,
  withDeadlineCtx,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from 'rxjs-ctx';
import { listenerCount } from 'rxjs-ctx/testing';

/** @import { Context } from 'rxjs-ctx' */
/** @import { Observable } from 'rxjs' */

const perSecond = 2000;
const mostGrowth = 0.05;
const [time = '10m'] = process.argv.slice(2);
const [, amount, unit] = /^(\d+)([sm])$/.exec(time) ?? [];
if (amount === undefined || unit === undefined) {
  console.error('usage: npm run soak:memory -- <time such as 30s or 10m>');
  process.exit(2);
}
const totalMs = Number(amount) * (unit === 's' ? 1_000 : 60_000);

const requestId = contextKey('requestId', { default: 0 });
const [root, cancelRoot] = withCancel(background());
/** Lives as long as the root: what follows it must let go of it. */
const longLived = new AbortController();
const never = new Subject();

/** What a request does with its context: each is the shape of a real one. @type {((ctx: Context) => Observable<unknown>)[]} */
const works = [
  (ctx) => interval(5).pipe(takeUntilCtx(ctx)),
  (ctx) => timer(10).pipe(throwOnCtx(ctx)),
  (ctx) => never.pipe(withTimeoutCtx(ctx, 20)),
  (ctx) => interval(5).pipe(withDeadlineCtx(ctx, Date.now() + 30)),
  (ctx) => of(1, 2, 3).pipe(ctxValue(ctx, requestId)),
  (ctx) => interval(7).pipe(switchMapCtx(ctx, (child) => interval(3).pipe(takeUntilCtx(child)))),
  (ctx) =>
    interval(5).pipe(
      take(4),
      mergeMapCtx(ctx, (child) => timer(10).pipe(throwOnCtx(child)), 2),
    ),
  (ctx) => of(5, 10).pipe(concatMapCtx(ctx, (child, ms) => timer(ms).pipe(takeUntilCtx(child)))),
  (ctx) => interval(4).pipe(exhaustMapCtx(ctx, async (child) => child.err)),
  (ctx) => usingCtx(ctx, (child) => never.pipe(takeUntilCtx(child)), { timeoutMs: 25 }),
  (ctx) => usingCtx(withCancelOn(ctx, longLived.signal)[0], (child) => child.done$),
  (ctx) => withCancelOn(ctx, timer(15))[0].done$,
  (ctx) => withCancelOn(ctx, withTimeout(root, 40)[0])[0].done$,
  (ctx) => withTimeout(withValue(ctx, requestId, 1), 15)[0].done$.pipe(map(String)),
];

let open = 0;
let begun = 0;

/** One request: it ends by itself, by its deadline, by its client who goes, or is canceled. */
function request() {
  const number = begun++;
  const [limited, cancel] = number % 2 === 0 ? withTimeout(root, 50) : withDeadline(root, Date.now() + 50);
  const ctx = withValue(limited, requestId, number);
  const stop = afterFunc(ctx, () => undefined);
  const over = () => {
    stop();
    cancel();
    if (number % 7 === 0) void ctx.signal; // somebody asks too late
    open--;
  };
  open++;
  const subscription = works[number % works.length]?.(ctx).subscribe({ error: () => undefined });
  subscription?.add(over);
  if (number % 3 === 0) setTimeout(() => subscription?.unsubscribe(), 12);
  if (number % 5 === 0) setTimeout(cancel, 8, 'enough');
  withTimeout(ctx, 1_000); // derived, never listened to, never canceled: nothing to free
}

// The engine keeps what it compiles, half a megabyte in the end: the clock starts when most of that is there. It runs with
// --no-flush-bytecode, for it would let go of what has not run for a while, whenever it likes.
while (begun < 100_000) {
  for (let i = 0; i < 50; i++) request();
  await firstValueFrom(timer(5));
}
while (open > 0) await firstValueFrom(timer(5));
begun = 0;

const start = performance.now();
let rested = 0; // ms in which no requests were begun, for a look at the heap

/** Ms of service so far. */
function clock() {
  return performance.now() - start - rested;
}

/** Begins requests at the rate until that time, then waits for the last of them. @param {number} untilMs */
async function serve(untilMs) {
  for (let now = clock(); now < untilMs; now = clock()) {
    while (begun < (Math.min(now, untilMs) * perSecond) / 1000) request();
    await firstValueFrom(timer(5));
  }
  while (begun < (untilMs * perSecond) / 1000) request();
  const paused = performance.now();
  while (open > 0) await firstValueFrom(timer(5));
  rested += performance.now() - paused;
}

async function heapNow() {
  const paused = performance.now();
  // Finalizers and weak references take more than one turn.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await firstValueFrom(timer(20));
  }
  rested += performance.now() - paused;
  return process.memoryUsage().heapUsed;
}

const timersBefore = timersArmed();
/** @type {number[]} */
const heaps = [];
for (const part of [0.1, 0.5, 1]) {
  await serve(totalMs * part);
  heaps.push(await heapNow());
  const line = [
    `${((totalMs * part) / 1000).toFixed(0)} s`,
    `${begun.toLocaleString('en')} requests`,
    `heap ${((heaps.at(-1) ?? 0) / 1e6).toFixed(2)} MB`,
    `${listenerCount(root)} listeners`,
    `${timersArmed() - timersBefore} timers`,
  ];
  console.log(line.join(', '));
}

/** @type {string[]} */
const wrong = [];
const growth = Math.max(...heaps) / Math.min(...heaps) - 1;
if (growth > mostGrowth) wrong.push(`the heap differs by ${(growth * 100).toFixed(1)} %, at most 5 % is allowed`);
if (listenerCount(root) !== 0) wrong.push(`${listenerCount(root)} listeners are left on the root`);
if (timersArmed() > timersBefore) wrong.push(`${timersArmed() - timersBefore} timers are left`);
const lateMs = clock() - totalMs;
if (lateMs > totalMs * 0.05) wrong.push(`fewer than ${perSecond} requests a second`);
cancelRoot();
for (const line of wrong) console.error(`FAILED: ${line}`);
if (wrong.length > 0) process.exit(1);
console.log(`The heap kept its size within ${(growth * 100).toFixed(1)} %; nothing is left.`);

function timersArmed() {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}
