import { afterFunc, background, withCancel, withTimeout } from '../../../lib/core.js';

const [ctx, cancel] = withCancel(background());
afterFunc(ctx, () => {
  throw new Error('thrown by a listener');
});
process.on('uncaughtException', (error) => {
  console.error(error.message);
});
cancel('gone');
console.log(`canceled: ${String(ctx.cause)}`);
const [late] = withTimeout(background(), 5);
await new Promise<void>((resolve) => {
  afterFunc(late, resolve);
});
console.log(`deadline: ${String(late.err?.name)}`);
console.log(`aborted: ${late.signal.aborted}`);
console.log(`done$: ${String((ctx as { done$?: unknown }).done$)}`);
