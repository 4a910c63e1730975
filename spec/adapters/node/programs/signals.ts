// Says which signal ended its context, and stays until somebody ends the process.
import { processContext, ProcessSignalError } from '../../../../lib/adapters/node.js';

const [ctx] = processContext();
ctx.done$.subscribe(() => {
  console.log(ctx.cause instanceof ProcessSignalError ? ctx.cause.signal : ctx.cause);
});
setInterval(() => undefined, 1000);
console.log('ready');
