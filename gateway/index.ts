// A gateway before three backends, and a page that shows what happens when somebody stops waiting: npm start.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Subject } from 'rxjs';
import { background, withCancel, withValue } from 'rxjs-ctx';
import { processContext, shutdown } from 'rxjs-ctx/node';
import { startBackends } from './backends/start.js';
import { Counters, counters } from './counters.js';
import { buildPage } from './page.js';
import type { Mark } from './protocol.js';
import { serve } from './server.js';
import { reason, timeline } from './timeline.js';

const [ctx] = processContext();
// The backends outlive the signal: what is in flight may still need them.
const [whileServing, stop] = withCancel(background());

const marks$ = new Subject<Mark>();
const [backends, page] = await Promise.all([startBackends(whileServing), buildPage()]);
for (const { stops$ } of backends) stops$.subscribe(marks$);

const server = createServer();
const ended = shutdown(ctx, server, { graceMs: 2_000 });
const url = await listen(process.env.PORT ?? '0');
const traced = withValue(withValue(ctx, timeline, marks$), counters, new Counters());
serve(traced, server, { url, backends, page, viewers: new Map(), closing$: ctx.done$ });
console.log(`Open ${url} and type. Ctrl-C ends it.`);

const { finished, cut } = await ended;
stop();
console.log(`Ended: ${finished} requests finished, ${cut} cut.`);

async function listen(port: string): Promise<string> {
  try {
    await once(server.listen(Number(port), '127.0.0.1'), 'listening');
  } catch (error) {
    console.error(`Cannot listen on port ${port}: ${reason(error)}\nWithout PORT, the gateway takes one that is free.`);
    process.exit(1);
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
