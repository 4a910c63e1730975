// An operation that takes a second, for callers who do not all wait that long.

import { catchError, firstValueFrom, map, type Observable, of, timer } from 'rxjs';
import { background, type Context, DeadlineExceededError, throwOnCtx, withTimeout } from 'rxjs-ctx';

/** Takes a second, unless ctx is done before. */
function slowOperation(ctx: Context): Observable<string> {
  return timer(1_000).pipe(
    map(() => 'overslept'),
    throwOnCtx(ctx),
  );
}

for (const limit of [50, 2_000]) {
  const [ctx, cancel] = withTimeout(background(), limit);
  using _ = cancel;

  console.log(`with ${limit} ms to spend:`);
  const outcome = slowOperation(ctx).pipe(
    catchError((err: unknown) => {
      if (err instanceof DeadlineExceededError) return of(err.message);
      throw err;
    }),
  );
  console.log(await firstValueFrom(outcome));
}
