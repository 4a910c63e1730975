// The behavior that every transport has to have.
import { Code, ConnectError } from '@connectrpc/connect';
import { firstValueFrom, lastValueFrom, map, toArray } from 'rxjs';
import { connectCtxKey } from '../../../../lib/adapters/connect.js';
import {
  background,
  isCanceled,
  isDeadlineExceeded,
  remaining,
  withCancel,
  withTimeout,
} from '../../../../lib/index.js';
import { listenerCount } from '../../../../lib/testing/index.js';
import { Lab, kinds } from './lab.js';
import type { Kind, Open } from './lab.js';

/** The error of something that must fail. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`no error, but ${String(value)}`)),
    (error: unknown) => error,
  );
}

export function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}

const answersOnce = (kind: Kind) => kind === 'say' || kind === 'upload';

export function behaves(name: string, open: Open, has: readonly Kind[] = kinds): void {
  describe(`calls under a context: ${name}`, () => {
    const lab = new Lab();
    beforeAll(() => lab.open(open));
    afterAll(() => lab.stop());

    for (const kind of has) {
      describe(`${kind}, ${name}`, () => {
        it('gives the values, completes, and leaves nothing on ctx', async () => {
          const [ctx] = withTimeout(background(), 60_000);
          const text = lab.text('ok');
          const texts = await lastValueFrom(
            lab.call(ctx, kind, text).pipe(
              map((message) => message.text),
              toArray(),
            ),
          );
          expect(texts).toEqual(answersOnce(kind) ? ['last'] : ['first', 'last']);
          expect(listenerCount(ctx)).toBe(0);
          const seen = await lab.ending(text);
          // Released, not canceled.
          expect(seen.ctx.cause).toBe(seen.ctx.err);
          expect(isCanceled(seen.ctx.err)).toBeTrue();
          expect(remaining(seen.ctx)).toBe(0);
        });

        it('gives the time that is left to the server', async () => {
          const [ctx] = withTimeout(background(), 60_000);
          const text = lab.text('ok');
          await lastValueFrom(lab.call(ctx, kind, text));
          const { handler } = await lab.arrival(text);
          const { requestHeader } = handler;
          const asked = requestHeader.get('connect-timeout-ms') ?? requestHeader.get('grpc-timeout')!;
          expect(asked).toMatch(/^(60000|59\d\d\d)m?$/);
        });

        it('keeps the reserve from the server', async () => {
          const [ctx] = withTimeout(background(), 60_000);
          const text = lab.text('ok');
          await lastValueFrom(lab.call(ctx, kind, text, { reserveMs: 10_000 }));
          const { handler } = await lab.arrival(text);
          const { requestHeader } = handler;
          const asked = requestHeader.get('connect-timeout-ms') ?? requestHeader.get('grpc-timeout')!;
          expect(asked).toMatch(/^(50000|49\d\d\d)m?$/);
        });

        it('passes the error of the server on as it is', async () => {
          const [ctx] = withTimeout(background(), 60_000);
          const error = await errorOf(lastValueFrom(lab.call(ctx, kind, lab.text('fail'))));
          expect(codeOf(error)).toBe(Code.NotFound);
          expect((error as ConnectError).rawMessage).toBe('no such thing');
          expect(listenerCount(ctx)).toBe(0);
        });

        it('does not show the client what a handler threw that is no ConnectError', async () => {
          const error = await errorOf(lastValueFrom(lab.call(background(), kind, lab.text('plain'))));
          expect(codeOf(error)).toBe(Code.Internal);
          expect((error as ConnectError).rawMessage).not.toContain('secret');
        });

        it('passes a cancel and a deadline of the server on as they are while ctx goes on', async () => {
          const [ctx] = withTimeout(background(), 60_000);
          const canceled = await errorOf(lastValueFrom(lab.call(ctx, kind, lab.text('canceled'))));
          expect(codeOf(canceled)).toBe(Code.Canceled);
          const late = await errorOf(lastValueFrom(lab.call(ctx, kind, lab.text('late'))));
          expect(codeOf(late)).toBe(Code.DeadlineExceeded);
        });

        it('errors with ctx.err within cancel(), and stops the server', async () => {
          const [ctx, cancel] = withCancel(background());
          const text = lab.text('hang');
          let error: unknown;
          lab.call(ctx, kind, text).subscribe({ error: (thrown: unknown) => (error = thrown) });
          await lab.arrival(text);
          const cause = new Error('why');
          cancel(cause);
          expect(error).toBe(ctx.err);
          expect(ctx.cause).toBe(cause);
          expect(listenerCount(ctx)).toBe(0);
          const seen = await lab.ending(text);
          expect(isCanceled(seen.ctx.err)).toBeTrue();
          // Not released: the cause says that the call was canceled.
          expect(seen.ctx.cause).not.toBe(seen.ctx.err);
        });

        it('errors with ctx.err at the deadline, and stops the server', async () => {
          const [ctx] = withTimeout(background(), 100);
          const text = lab.text('hang');
          const error = await errorOf(lastValueFrom(lab.call(ctx, kind, text)));
          expect(error).toBe(ctx.err);
          expect(isDeadlineExceeded(error)).toBeTrue();
          expect(listenerCount(ctx)).toBe(0);
          // Which of the two is first there, its own timer or the client's reset, is open, as in Go.
          const seen = await lab.ending(text);
          expect(isDeadlineExceeded(seen.ctx.err) || isCanceled(seen.ctx.err)).toBeTrue();
        });

        it('stops the server when it is unsubscribed', async () => {
          const [ctx] = withCancel(background());
          const text = lab.text('hang');
          const subscription = lab.call(ctx, kind, text).subscribe(fail);
          await lab.arrival(text);
          subscription.unsubscribe();
          expect(listenerCount(ctx)).toBe(0);
          expect(isCanceled((await lab.ending(text)).ctx.err)).toBeTrue();
          expect(ctx.err).toBeUndefined();
        });

        it('leaves nothing when it is unsubscribed within the tick that made it', async () => {
          const [ctx] = withCancel(background());
          const text = lab.text('hang');
          const subscription = lab.call(ctx, kind, text).subscribe(fail);
          subscription.unsubscribe();
          expect(listenerCount(ctx)).toBe(0);
          // What is made afterwards works.
          await lastValueFrom(lab.call(ctx, kind, lab.text('ok')));
          if (lab.arrived().includes(text)) expect(isCanceled((await lab.ending(text)).ctx.err)).toBeTrue();
          expect(lab.arrived()).not.toContain('');
        });

        it('sends nothing under a ctx that is done', async () => {
          const [ctx, cancel] = withCancel(background());
          cancel();
          const text = lab.text('hang');
          const error = await errorOf(lastValueFrom(lab.call(ctx, kind, text)));
          expect(error).toBe(ctx.err);
          await lastValueFrom(lab.call(background(), kind, lab.text('ok')));
          expect(lab.arrived()).not.toContain(text);
        });

        it('gives the context to interceptors of the server', async () => {
          const text = lab.text('ok');
          await lastValueFrom(lab.call(background(), kind, text));
          const { handler, ctx } = await lab.arrival(text);
          expect(handler.values.get(connectCtxKey)).toBe(ctx);
        });
      });
    }

    for (const kind of has.filter((one) => one === 'upload' || one === 'chat')) {
      it(`errors when the source of ${kind} errs, and the server does not take it for whole (${name})`, async () => {
        const [ctx] = withCancel(background());
        const text = lab.text('broken');
        const error = await errorOf(lastValueFrom(lab.call(ctx, kind, text)));
        expect(error).toBeInstanceOf(ConnectError);
        expect(listenerCount(ctx)).toBe(0);
        await lastValueFrom(lab.call(ctx, kind, lab.text('ok')));
        expect(lab.arrived()).not.toContain(text);
      });
    }

    it(`answers unavailable when the parent of the server is done (${name})`, async () => {
      const stopping = new Lab();
      await stopping.open(open);
      const [, stop] = stopping.server;
      const waiting = await Promise.all(
        has.map(async (kind) => {
          const text = stopping.text('hang');
          const error = errorOf(lastValueFrom(stopping.call(background(), kind, text)));
          await stopping.arrival(text);
          return { error };
        }),
      );
      stop(new Error('shutdown'));
      for (const { error } of waiting) expect(codeOf(await error)).toBe(Code.Unavailable);
      // And no handler is called any more.
      const late = stopping.text('ok');
      expect(codeOf(await errorOf(firstValueFrom(stopping.call(background(), 'say', late))))).toBe(Code.Unavailable);
      expect(stopping.arrived()).not.toContain(late);
      await stopping.stop();
    });

    it(`leaves nothing after 500 calls of every kind and way (${name})`, async () => {
      const [ctx, cancel] = withTimeout(background(), 600_000);
      const [main] = lab.server;
      for (let i = 0; i < 500; i++) {
        const kind = has[i % has.length]!;
        const hangs = i % 3 === 0;
        const text = lab.text(hangs ? 'hang' : i % 3 === 1 ? 'ok' : 'fail');
        if (!hangs) await lastValueFrom(lab.call(ctx, kind, text)).catch(() => undefined);
        else {
          const subscription = lab.call(ctx, kind, text).subscribe(() => undefined);
          await lab.arrival(text);
          subscription.unsubscribe();
        }
        await lab.ending(text);
      }
      expect(listenerCount(ctx)).toBe(0);
      expect(listenerCount(main)).toBe(0);
      cancel();
    });
  });
}
