// Two workers tick on one context, the second one started by the first. Canceling the context stops both at once.

import { endWith, interval, lastValueFrom, map, merge, type Observable, tap, timer } from 'rxjs';
import { background, type Context, takeUntilCtx, withCancel } from 'rxjs-ctx';

/** Ticks until ctx is done. */
function ticks(ctx: Context, name: string, ms: number): Observable<string> {
  return interval(ms).pipe(
    map((n) => `${name} tick ${n + 1}`),
    takeUntilCtx(ctx),
    endWith(`${name} stops`),
  );
}

const second = (ctx: Context) => ticks(ctx, 'second', 250);
const first = (ctx: Context) => merge(ticks(ctx, 'first ', 100), second(ctx));

const [ctx, cancel] = withCancel(background());
using _ = cancel;
timer(620).subscribe(() => cancel());

const start = performance.now();
const print = (line: string) => console.log(`${Math.round(performance.now() - start)} ms  ${line}`);

await lastValueFrom(first(ctx).pipe(tap(print)));
console.log('over');
