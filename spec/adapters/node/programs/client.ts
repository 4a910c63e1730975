// Asks a chain, gives it so many milliseconds, and waits.
import { fetchCtx } from '../../../../lib/adapters/http.js';
import { background, withTimeout } from '../../../../lib/index.js';

const [ms, first, ...rest] = process.argv.slice(2);
const [ctx] = withTimeout(background(), Number(ms));
fetchCtx(ctx, first!, { headers: { 'x-chain': rest.join() } }).subscribe({
  error: (error: unknown) => {
    console.log(JSON.stringify({ failed: (error as Error).name }));
  },
});
