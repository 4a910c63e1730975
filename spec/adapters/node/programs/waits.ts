// Uses its context in the way that the argument names, and has nothing else to do.
import { createServer } from 'node:http';
import { firstValueFrom, NEVER } from 'rxjs';
import {
  afterFunc,
  background,
  contextKey,
  takeUntilCtx,
  withCancel,
  withTimeout,
  withValue,
} from '../../../../lib/index.js';
import { processContext, shutdown } from '../../../../lib/adapters/node.js';

const [ctx, cancel] = processContext(background());
const tell = () => {
  console.log(String(ctx.cause));
};
const ignore = () => undefined;

const ways: Record<string, () => unknown> = {
  firstValueFrom: async () => {
    await firstValueFrom(ctx.done$);
    tell();
  },
  subscribe: () => ctx.done$.subscribe(tell),
  'value context': () => withValue(ctx, contextKey<string>('user'), 'Ann').done$.subscribe(tell),
  'two subscribers': () => {
    ctx.done$.subscribe(tell);
    ctx.done$.subscribe(ignore).unsubscribe();
  },

  nothing: ignore,
  signal: () => {
    ctx.signal.addEventListener('abort', ignore);
  },
  afterFunc: () => afterFunc(ctx, ignore),
  operator: () => NEVER.pipe(takeUntilCtx(ctx)).subscribe(),
  child: () => {
    const [child] = withCancel(ctx);
    child.done$.subscribe();
    withTimeout(ctx, 1e6);
  },
  shutdown: () => {
    void shutdown(ctx, createServer(), { graceMs: 100 });
  },
  unsubscribed: () => ctx.done$.subscribe().unsubscribe(),
  canceled: () => {
    ctx.done$.subscribe();
    cancel();
  },
};

console.log('ready');
await ways[process.argv[2]!]!();
