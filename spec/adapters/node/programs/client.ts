// Asks a chain, gives it so many milliseconds, and waits.
import { tap } from 'rxjs';
import { fetchCtx } from '../../../../lib/adapters/http.js';
import { background, throwIfDone, withTimeout } from '../../../../lib/index.js';

const [ms, first, ...rest] = process.argv.slice(2);
const [ctx] = withTimeout(background(), Number(ms));
// Where both are late, the answer that the time is over may come before the timer that says so here.
fetchCtx(ctx, first!, { headers: { 'x-chain': rest.join() } })
  .pipe(tap(() => throwIfDone(ctx)))
  .subscribe({
    error: (error: unknown) => {
      console.log(JSON.stringify({ failed: (error as Error).name }));
    },
  });
