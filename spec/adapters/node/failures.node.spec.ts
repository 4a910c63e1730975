import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { runInNewContext } from 'node:vm';
import { config, firstValueFrom } from 'rxjs';
import { errorOf } from '../../../lib/index.js';
import { macrotask, takeUnhandledErrors } from '../../support/unhandled-errors.js';
import { deadline, failure, soon, useRequests } from './serveRequests.js';
import { transports, turns, until } from './servers.js';

/** As a query builder: runs when somebody waits for it, and is no native promise. */
const thenable = (error: unknown) => ({
  then(_: unknown, reject: (error: unknown) => void) {
    reject(error);
  },
});

// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- JavaScript lets it be anything
const rejectWith = (error: unknown) => Promise.reject(error);

describe('a handler of requests that fails', () => {
  const { serve } = useRequests();
  const thrown = new Error('out of rows');

  const failures: Record<string, [handle: () => unknown, error: unknown]> = {
    'rejects with undefined': [() => rejectWith(undefined), undefined],
    'rejects with null': [() => rejectWith(null), null],
    'returns a thenable that rejects': [() => thenable(thrown), thrown],
    'returns a thenable that rejects with undefined': [() => thenable(undefined), undefined],
    'returns a function that is a thenable': [() => Object.assign(() => {}, thenable(thrown)), thrown],
    'returns a thenable that throws': [
      () => ({
        then() {
          throw thrown;
        },
      }),
      thrown,
    ],
    'returns what throws when its then is read': [
      () => ({
        get then() {
          throw thrown;
        },
      }),
      thrown,
    ],
    'returns a promise of another realm': [
      () => runInNewContext('Promise.reject(error)', { error: thrown }) as unknown,
      thrown,
    ],
    'throws undefined': [
      () => {
        throw undefined as unknown as Error;
      },
      undefined,
    ],
  };

  for (const transport of [transports[0]!, transports[2]!]) {
    for (const [what, [handle, error]] of Object.entries(failures)) {
      it(`and ${what}: answers 500, and reports it (${transport.name})`, async () => {
        const { ask, seen } = await serve(handle, { transport });
        expect(await ask().answer).toEqual(failure);
        expect(seen[0]!.ctx.err).toBeDefined();
        if (error !== undefined) expect(seen[0]!.ctx.cause).toBe(error);
        await macrotask();
        expect(takeUnhandledErrors()).toEqual([error]);
      });
    }
  }

  it('is warned of where no error is handled, whatever it fails with', async () => {
    const warn = spyOn(process, 'emitWarning');
    const { onUnhandledError } = config;
    config.onUnhandledError = null;
    for (const [error, detail] of [
      [undefined, 'undefined'],
      [{ stack: 7 }, '[object Object]'],
      [runInNewContext('new Error("out of rows")') as unknown, jasmine.stringMatching(/^Error: out of rows\n +at /)],
    ]) {
      const { ask } = await serve(() => rejectWith(error));
      expect(await ask().answer).toEqual(failure);
      const options = { type: 'UnhandledErrorWarning', detail } as NodeJS.EmitWarningOptions;
      expect(warn).toHaveBeenCalledWith('requests: a handler failed', options);
    }
    config.onUnhandledError = onUnhandledError;
  });

  it('is left alone when it settles well, and so is what is no promise', async () => {
    const returned = [Promise.resolve(), { then: 'later' }, 'text', null, { then: (done: () => void) => done() }];
    const { ask, seen } = await serve(({ res }, index) => {
      res.end('fine');
      return returned[index - 1];
    });
    for (const _ of returned) expect((await ask().answer).body).toBe('fine');
    await until(() => seen.every(({ ctx }) => ctx.err !== undefined));
    for (const { ctx } of seen) expect(ctx.cause).toBe(ctx.err);
  });

  describe('because its request is over is no news', () => {
    const handlers: Record<string, Parameters<typeof serve>[0]> = {
      'with ctx.err': async ({ ctx }) => {
        throw await firstValueFrom(ctx.done$);
      },
      'with an AbortError of Node that wraps it': ({ ctx }) => sleep(60_000, undefined, { signal: ctx.signal }),
      'with what axios throws': async ({ ctx }) => {
        await firstValueFrom(ctx.done$);
        throw Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' });
      },
      'with a pipeline into the response': async ({ ctx, res }) => {
        await firstValueFrom(ctx.done$);
        await pipeline(createReadStream('package.json'), res as NodeJS.WritableStream);
      },
    };
    for (const [what, handle] of Object.entries(handlers)) {
      it(what, async () => {
        const { ask, seen, expire } = await serve(handle);
        const { answer } = ask({ headers: soon });
        await expire();
        expect(await answer).toEqual(deadline);
        const { leave } = ask();
        await until(() => seen.length === 2);
        leave();
        await firstValueFrom(seen[1]!.ctx.done$);
        await turns();
        await macrotask();
        expect(takeUnhandledErrors()).toEqual([]);
      });
    }

    it('and any other error is', async () => {
      const { ask, seen, expire } = await serve(async ({ ctx }) => {
        await firstValueFrom(ctx.done$);
        expect(errorOf(ctx, thrown)).toBe(thrown);
        throw thrown;
      });
      const { answer } = ask({ headers: soon });
      await expire();
      expect(await answer).toEqual(deadline);
      await turns();
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([thrown]);
      expect(seen.length).toBe(1);
    });
  });
});
