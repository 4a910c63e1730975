import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BehaviorSubject, Subject, concatMap, filter, firstValueFrom, from, lastValueFrom, toArray } from 'rxjs';
import {
  background,
  DeadlineExceededError,
  mergeMapCtx,
  switchMapCtx,
  usingCtx,
  withCancel,
  withCancelOn,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';

interface Counts {
  readonly received: number;
  readonly answered: number;
  readonly aborted: number;
}

describe('fetch', () => {
  const responses = new Map<string, ServerResponse>();
  let counts: BehaviorSubject<Counts>;
  let server: Server;
  let url: string;

  // It answers when a spec says so, and counts the requests whose client went away before. Each spec has its own: a request
  // that it gave up may still be on its way when it is over.
  beforeEach(async () => {
    counts = new BehaviorSubject({ received: 0, answered: 0, aborted: 0 });
    responses.clear();
    server = createServer((request, response) => {
      responses.set(request.url!.slice(1), response);
      response.once('close', () => {
        count(response.writableFinished ? 'answered' : 'aborted');
      });
      count('received');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });

  function count(what: keyof Counts): void {
    counts.next({ ...counts.value, [what]: counts.value[what] + 1 });
  }

  function server$(what: keyof Counts, atLeast: number): Promise<Counts> {
    return firstValueFrom(counts.pipe(filter((now) => now[what] >= atLeast)));
  }

  async function load(ctx: Context, name: string): Promise<string> {
    const response = await fetch(`${url}/${name}`, { signal: ctx.signal });
    return await response.text();
  }

  it('in switchMapCtx is aborted when it is superseded, and a real server sees that', async () => {
    const [ctx] = withCancel(background());
    const names = new Subject<string>();
    const results = lastValueFrom(names.pipe(switchMapCtx(ctx, load), toArray()));
    for (const [i, name] of ['a', 'ab', 'abc'].entries()) {
      names.next(name);
      await server$('received', i + 1);
    }
    await server$('aborted', 2);
    names.complete();
    responses.get('abc')!.end('found abc');
    expect(await results).toEqual(['found abc']);
    await server$('answered', 1);
    expect(counts.value).toEqual({ received: 3, answered: 1, aborted: 2 });
    expect(listenerCount(ctx)).toBe(0);
  });

  it('in switchMapCtx is aborted within its body', async () => {
    const names = new Subject<string>();
    const subscription = names.pipe(switchMapCtx(background(), load)).subscribe();
    names.next('first');
    await server$('received', 1);
    responses.get('first')!.write('the first half');
    names.next('second');
    await server$('aborted', 1);
    expect(counts.value.answered).toBe(0);
    subscription.unsubscribe();
    await server$('aborted', 2);
    expect(counts.value).toEqual({ received: 2, answered: 0, aborted: 2 });
  });

  it('in switchMapCtx is aborted when it is superseded in the same turn', async () => {
    const [ctx] = withCancel(background());
    const result = firstValueFrom(from(['a', 'b', 'c']).pipe(switchMapCtx(ctx, load)));
    await firstValueFrom(counts.pipe(filter(() => responses.has('c'))));
    responses.get('c')!.end('found c');
    expect(await result).toBe('found c');
    await firstValueFrom(counts.pipe(filter(({ received, answered, aborted }) => received === answered + aborted)));
    expect(counts.value.answered).toBe(1);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('is aborted when the context is canceled, and what comes out is its err', async () => {
    const [ctx, cancel] = withCancel(background());
    const names = new Subject<string>();
    const result = lastValueFrom(names.pipe(mergeMapCtx(ctx, load), toArray()));
    names.next('a');
    names.next('b');
    await server$('received', 2);
    cancel(new Error('client gone'));
    await expectAsync(result).toBeRejectedWith(ctx.err);
    await server$('aborted', 2);
    expect(counts.value.answered).toBe(0);
    expect(listenerCount(ctx)).toBe(0);
  });

  it('is aborted when a deadline passes, and what comes out tells it', async () => {
    const clock = new Clock();
    const root = withScheduler(background(), clock);
    const result = firstValueFrom(usingCtx(root, (ctx) => load(ctx, 'slow'), { timeoutMs: 50 }));
    await server$('received', 1);
    clock.advance(50);
    await expectAsync(result).toBeRejectedWithError(DeadlineExceededError);
    await server$('aborted', 1);
    expect(counts.value).toEqual({ received: 1, answered: 0, aborted: 1 });
  });

  it('is aborted when nobody is subscribed any more', async () => {
    const subscription = usingCtx(background(), (ctx) => load(ctx, 'left')).subscribe();
    await server$('received', 1);
    subscription.unsubscribe();
    await server$('aborted', 1);
    expect(counts.value).toEqual({ received: 1, answered: 0, aborted: 1 });
  });

  it('is not aborted when it was answered', async () => {
    const result = lastValueFrom(
      from(['a', 'b', 'c']).pipe(
        concatMap((name) => usingCtx(background(), (ctx) => load(ctx, name))),
        toArray(),
      ),
    );
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      await server$('received', i + 1);
      responses.get(name)!.end(`found ${name}`);
    }
    expect(await result).toEqual(['found a', 'found b', 'found c']);
    await server$('answered', 3);
    expect(counts.value).toEqual({ received: 3, answered: 3, aborted: 0 });
  });

  it('is aborted by a signal that the context follows', async () => {
    const controller = new AbortController();
    const [ctx] = withCancelOn(withTimeout(background(), 60_000)[0], controller.signal);
    const result = load(ctx, 'followed');
    await server$('received', 1);
    controller.abort('client gone');
    await expectAsync(result).toBeRejectedWith(ctx.err);
    expect(ctx.cause).toBe('client gone');
    await server$('aborted', 1);
    expect(counts.value.answered).toBe(0);
  });
});
