// A framework that owns the handler.
import { Hono } from 'hono';
import { firstValueFrom } from 'rxjs';
import { ClientGoneError, webRequestContext } from '../../../lib/adapters/http.js';
import { background } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { start } from './hosts.js';

describe('webRequestContext in a middleware of Hono', () => {
  it('gives every handler a context, answers 504 in its place, and ends with the client', async () => {
    const app = new Hono<{ Variables: { ctx: Context } }>();
    let arrived!: (ctx: Context) => void;
    const arrival = new Promise<Context>((resolve) => (arrived = resolve));
    app.use(async (c, next) => {
      const [ctx, respond] = webRequestContext(background(), c.req.raw);
      c.set('ctx', ctx);
      await next();
      c.res = respond(c.res);
    });
    app.get('/', (c) => c.text(String(c.get('ctx').err), 200, { 'x-mine': 'yes' }));
    app.get('/slow', async (c) => {
      const ctx = c.get('ctx');
      if (c.req.header('connect-timeout-ms') === undefined) arrived(ctx);
      await firstValueFrom(ctx.done$);
      return c.text('too late');
    });
    const host = await start((request) => app.fetch(request));
    const answer = await fetch(host.url);
    expect([answer.headers.get('x-mine'), await answer.text()]).toEqual(['yes', 'undefined']);
    const late = await fetch(`${host.url}/slow`, { headers: { 'connect-timeout-ms': '20' } });
    expect(late.status).toBe(504);
    expect(await late.text()).toBe('Gateway Timeout');
    const client = new AbortController();
    const left = fetch(`${host.url}/slow`, { signal: client.signal }).catch(() => undefined);
    const ctx = await arrival;
    client.abort();
    await left;
    await firstValueFrom(ctx.done$);
    expect(ctx.cause).toBeInstanceOf(ClientGoneError);
    await host.stop();
  });
});
