// An application whose RxJS is not that of the library: another version, installed side by side.
import type { Observable } from 'rxjs';
import * as ours from 'rxjs';
import * as theirs from 'rxjs-7.8.1';
import { requests } from '../../../lib/adapters/node.js';
import type { AnyRequest, HttpRequest } from '../../../lib/adapters/node.js';
import { background, withCancel } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';
import { macrotask, takeUnhandledErrors } from '../../support/unhandled-errors.js';
import { closing, failure, useRequests } from './serveRequests.js';
import type { Handle } from './serveRequests.js';
import { transports, until } from './servers.js';

type Requests = Observable<HttpRequest<AnyRequest>>;

describe('requests with the operators of another copy of RxJS', () => {
  const { pair, serve } = useRequests();
  // To the compiler it is the same RxJS.
  const rxjs = theirs as unknown as typeof ours;

  it('(which is another one)', () => {
    expect(rxjs.Observable).not.toBe(ours.Observable);
    expect(rxjs.Subscriber).not.toBe(ours.Subscriber);
  });

  for (const transport of [transports[0]!, transports[2]!]) {
    it(`answers for an operator that throws, reports it, and serves the next (${transport.name})`, async () => {
      const thrown = new Error('of an operator');
      let asked = 0;
      const { ask, parent, server } = await serve(({ res }) => res.end('fine'), {
        transport,
        pipe: (all) =>
          all.pipe(
            rxjs.tap(() => {
              if (asked++ === 0) throw thrown;
            }),
          ),
      });
      expect(await ask().answer).toEqual(closing);
      expect((await ask().answer).body).toBe('fine');
      await until(() => listenerCount(parent) === 1);
      expect(server.listenerCount('request')).toBe(1);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown]);
    });
  }

  it('gives an operator that throws to an observer that handles errors', async () => {
    const thrown = new Error('of an operator');
    const { server, ask } = await pair(transports[0]!);
    const [parent] = withCancel(background());
    const errors: unknown[] = [];
    requests(parent, server)
      .pipe(
        rxjs.map(() => {
          throw thrown;
        }),
      )
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(await ask().answer).toEqual(closing);
    expect(errors).toEqual([thrown]);
    expect([listenerCount(parent), server.listenerCount('request')]).toEqual([0, 0]);
  });

  it('lets go of the server, and cancels what is in flight, when it is unsubscribed', async () => {
    const { ask, seen, parent, server, subscription } = await serve(() => {}, {
      pipe: (all) =>
        all.pipe(
          rxjs.filter(() => true),
          rxjs.mergeMap((request) => rxjs.of(request)),
        ),
    });
    const { answer } = ask();
    await until(() => seen.length === 1);
    subscription.unsubscribe();
    expect(await answer).toEqual(closing);
    expect([listenerCount(parent), server.listenerCount('request')]).toEqual([0, 0]);
  });

  /** Each makes another kind of observable. */
  const pipes: Record<string, (all: Requests) => Requests> = {
    'an operator': (all) => all.pipe(rxjs.tap(() => {})),
    'two pipes': (all) => all.pipe(rxjs.filter(() => true)).pipe(ours.map((request) => request)),
    'an operator that makes an observable of its own': (all) =>
      // eslint-disable-next-line rxjs-x/no-subscribe-in-pipe -- so does an operator that uses no lift
      all.pipe((source) => new rxjs.Observable((subscriber) => source.subscribe(subscriber))),
  };
  for (const [what, pipe] of Object.entries(pipes)) {
    it(`answers 500 for a handler behind ${what}, whether it throws or rejects`, async () => {
      const thrown = new Error('out of rows');
      const got: Context[] = [];
      const fail: Handle = ({ ctx }) => {
        got.push(ctx);
        throw thrown;
      };
      for (const handle of [fail, (request: Parameters<Handle>[0]) => Promise.resolve().then(() => fail(request, 1))]) {
        const { ask, parent } = await serve(handle, { pipe });
        expect(await ask().answer).toEqual(failure);
        expect(got.at(-1)!.cause).toBe(thrown);
        expect(listenerCount(parent)).toBe(1);
      }
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown, thrown]);
    });
  }

  it('is a source of the other copy: of from, of mergeMap, of firstValueFrom', async () => {
    const { server, ask } = await pair(transports[0]!);
    const [parent] = withCancel(background());
    const all = requests(parent, server) as Requests;
    const subscription = rxjs.from(all).subscribe(({ res }) => res.end('from'));
    expect((await ask().answer).body).toBe('from');
    subscription.unsubscribe();
    expect([listenerCount(parent), server.listenerCount('request')]).toEqual([0, 0]);

    const merged = rxjs
      .of(1)
      .pipe(rxjs.mergeMap(() => all))
      .subscribe(({ res }) => res.end('merged'));
    expect((await ask().answer).body).toBe('merged');
    merged.unsubscribe();

    const first = rxjs.firstValueFrom(all);
    const { answer } = ask();
    (await first).res.end('too late');
    expect(await answer).toEqual(closing);
    expect([listenerCount(parent), server.listenerCount('request')]).toEqual([0, 0]);
  });
});
