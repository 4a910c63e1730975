// Two copies of the package in one process, as when one dependency is ESM and another CommonJS.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { NEVER, Subject, firstValueFrom } from 'rxjs';
import { isCanceled, isDeadlineExceeded } from '../../lib/index.js';
import type { Context, ContextKey } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { listen } from '../helpers/listen.js';
import { run } from '../helpers/operators.js';

type Library = typeof import('../../lib/index.js') & typeof import('../../lib/testing/index.js');

/** Builds the library and loads it as ESM and as CommonJS, with or without an RxJS of their own. */
async function loadCopies(dir: string, shareRxjs: boolean): Promise<{ esm: Library; cjs: Library }> {
  const files = { esm: path.join(dir, `${shareRxjs}.mjs`), cjs: path.join(dir, `${shareRxjs}.cjs`) };
  await Promise.all(
    (['esm', 'cjs'] as const).map((format) =>
      build({
        stdin: {
          contents: "export * from './lib/index.ts'; export * from './lib/testing/index.ts';",
          resolveDir: process.cwd(),
        },
        bundle: true,
        external: shareRxjs ? ['rxjs', 'rxjs/testing'] : [],
        format,
        platform: 'node',
        target: 'node20',
        outfile: files[format],
        logLevel: 'warning',
      }),
    ),
  );
  return {
    esm: (await import(pathToFileURL(files.esm).href)) as Library,
    cjs: createRequire(import.meta.url)(files.cjs) as Library,
  };
}

describe('two copies of the package', () => {
  const copies: Record<string, { esm: Library; cjs: Library }> = {};
  let dir: string;

  beforeAll(async () => {
    mkdirSync('build', { recursive: true });
    dir = mkdtempSync(path.resolve('build/copies-')); // inside the checkout, where RxJS is found
    copies['one RxJS'] = await loadCopies(dir, true);
    copies['an RxJS each'] = await loadCopies(dir, false);
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  for (const rxjs of ['one RxJS', 'an RxJS each']) {
    for (const [above, below] of [
      ['esm', 'cjs'],
      ['cjs', 'esm'],
    ] as const) {
      describe(`(with ${rxjs}, ${above} above ${below})`, () => {
        let upper: Library;
        let lower: Library;
        let user: ContextKey<string>;

        beforeEach(() => {
          upper = copies[rxjs]![above];
          lower = copies[rxjs]![below];
          user = upper.contextKey<string>('user');
        });

        it('are two', () => {
          expect(upper.withCancel).not.toBe(lower.withCancel);
          expect(upper.CanceledError).not.toBe(lower.CanceledError);
          expect(upper.background()).not.toBe(lower.background());
          expect(Object.keys(upper).sort()).toEqual(Object.keys(lower).sort());
        });

        it('a child ends with its parent: the same err, the same cause, at once', () => {
          const [parent, cancel] = upper.withCancel(upper.background());
          const [child] = lower.withCancel(parent);
          const heard = listen(child);
          const { signal } = child;
          expect(child.err).toBeUndefined();
          cancel('gone');
          expect(child.err).toBe(parent.err);
          expect(child.cause).toBe('gone');
          expect(heard.errs).toEqual([parent.err!]);
          expect(heard.completed).toBe(1);
          expect(signal.reason).toBe(parent.err);
        });

        it('a parent does not end with its child', () => {
          const [parent] = upper.withCancel(upper.background());
          const [child, cancel] = lower.withCancel(parent);
          cancel('own');
          expect(child.cause).toBe('own');
          expect(parent.err).toBeUndefined();
        });

        it('a child of a context that is done is done', () => {
          const [parent, cancel] = upper.withCancel(upper.background());
          cancel('gone');
          for (const [child] of [lower.withCancel(parent), lower.withTimeout(parent, 5)]) {
            expect(child.err).toBe(parent.err);
            expect(child.cause).toBe('gone');
          }
          expect(() => lower.throwIfDone(parent)).toThrow(parent.err);
          expect(lower.remaining(parent)).toBe(0);
        });

        it('tell the kind of an error of the other', () => {
          const [canceled, cancel] = upper.withCancel(upper.background());
          cancel('gone');
          const [late] = upper.withTimeout(upper.background(), 0);
          expect(canceled.err).not.toBeInstanceOf(lower.CanceledError);
          expect(late.err).not.toBeInstanceOf(lower.DeadlineExceededError);
          for (const library of [upper, lower, { isCanceled, isDeadlineExceeded }]) {
            expect([canceled.err, late.err].map(library.isCanceled)).toEqual([true, false]);
            expect([canceled.err, late.err].map(library.isDeadlineExceeded)).toEqual([false, true]);
          }
        });

        it('a child keeps the kind of an end above that has a cause', () => {
          const [parent] = upper.withTimeout(upper.background(), 0, { cause: 'late' });
          const [child] = lower.withCancel(parent);
          expect(child.err).toBeInstanceOf(upper.DeadlineExceededError);
          expect(lower.isDeadlineExceeded(child.err)).toBeTrue();
          expect(child.cause).toBe('late');
        });

        it('values go down, and defaults with them, whichever copy made the key', () => {
          const retries = lower.contextKey('retries', { default: 3 });
          const unknown = lower.contextKey<string>('user');
          const root = upper.withValue(upper.background(), user, 'Ann');
          const [middle] = lower.withCancel(root);
          const counted = lower.withValue(middle, retries, 5);
          const bottom = upper.withValue(upper.withCancel(counted)[0], unknown, 'other');
          for (const ctx of [root, middle, counted, bottom, lower.withoutCancel(bottom)]) {
            expect(ctx.value(user)).toBe('Ann');
          }
          expect([root, middle, counted, bottom].map((ctx) => ctx.value(retries))).toEqual([3, 3, 5, 5]);
          expect([middle, bottom].map((ctx) => ctx.value(unknown))).toEqual([undefined, 'other']);
          expect(lower.withValue(bottom, user, 'Bob').value(user)).toBe('Bob');
        });

        it('a deadline goes down, and is the earlier of the two', () => {
          const clock = new Clock();
          const root = upper.withScheduler(upper.background(), clock);
          const [parent] = upper.withDeadline(root, 10);
          const [sooner] = lower.withDeadline(parent, 5);
          const [later] = lower.withDeadline(parent, 15);
          expect([sooner.deadline, later.deadline]).toEqual([5, 10]);
          const heard = [sooner, later].map(listen);
          clock.advance(5);
          expect(sooner.err).toBeInstanceOf(lower.DeadlineExceededError);
          expect(heard[0]!.errs).toEqual([sooner.err!]);
          expect(later.err).toBeUndefined();
          clock.advance(5);
          expect(later.err).toBe(parent.err);
          expect(heard[1]!.errs).toEqual([parent.err!]);
        });

        it('a virtual scheduler passes through, and its clock with it', () => {
          const clock = new Clock(1_000);
          const root = upper.withScheduler(upper.background(), clock);
          const [child] = lower.withTimeout(lower.withValue(root, user, 'Ann'), 10);
          const [bottom] = upper.withTimeout(lower.withCancel(root)[0], 20);
          expect([child.deadline, bottom.deadline]).toEqual([1_010, 1_020]);
          expect(lower.remaining(bottom)).toBe(20);
          const heard = [child, bottom].map(listen);
          clock.advance(10);
          expect(heard.map(({ completed }) => completed)).toEqual([1, 0]);
          clock.advance(10);
          expect(heard.map(({ completed }) => completed)).toEqual([1, 1]);
          expect(clock.actions.length).toBe(0);
        });

        it('a deadline above holds in a busy loop below', () => {
          const clock = new Clock();
          const [parent] = upper.withTimeout(upper.withScheduler(upper.background(), clock), 10);
          const [child] = lower.withCancel(lower.withCancel(parent)[0]);
          const heard = listen(child);
          while (!child.err && clock.frame < 100) clock.jump(1);
          expect(clock.frame).toBe(10);
          expect(heard.errs).toEqual([]);
          clock.advance(0);
          expect(heard.errs).toEqual([parent.err!]);
        });

        it('when the first listener is called, err is set everywhere below', () => {
          const [root, cancel] = upper.withCancel(upper.background());
          const [middle] = lower.withCancel(root);
          const [bottom] = upper.withCancel(middle);
          const seen: unknown[] = [];
          const look = () => seen.push([root, middle, bottom].map(({ err }) => err === root.err));
          upper.afterFunc(root, look);
          lower.afterFunc(middle, look);
          upper.afterFunc(bottom, look);
          cancel();
          expect(seen).toEqual(Array(3).fill([true, true, true]));
        });

        it('listeners are called in the order in which they came, and those of a child stand where its first one came', () => {
          const [root, cancel] = upper.withCancel(upper.background());
          const [middle] = lower.withCancel(root);
          const [bottom] = upper.withCancel(middle);
          const order: string[] = [];
          upper.afterFunc(root, () => order.push('root 1'));
          lower.afterFunc(middle, () => order.push('middle 1'));
          upper.afterFunc(bottom, () => order.push('bottom 1'));
          lower.afterFunc(middle, () => order.push('middle 2'));
          lower.afterFunc(root, () => order.push('root 2'));
          upper.afterFunc(bottom, () => order.push('bottom 2'));
          upper.afterFunc(root, () => order.push('root 3'));
          cancel();
          // Each copy sees the other through `done$` alone, where a child is one subscriber among others.
          expect(order).toEqual(['root 1', 'root 2', 'middle 1', 'bottom 1', 'bottom 2', 'middle 2', 'root 3']);
        });

        it('a listener may cancel on the other side', () => {
          const [root, cancelRoot] = upper.withCancel(upper.background());
          const [child, cancelChild] = lower.withCancel(root);
          const heard = listen(child);
          upper.afterFunc(root, () => cancelChild('child'));
          lower.afterFunc(child, () => cancelRoot('again'));
          cancelRoot('root');
          expect([root.cause, child.cause]).toEqual(['root', 'root']);
          expect(heard.errs).toEqual([root.err!]);
        });

        it('nothing is left behind', () => {
          const [root, cancel] = upper.withCancel(upper.background());
          const children = Array.from({ length: 100 }, () => lower.withCancel(root));
          expect(upper.listenerCount(root)).toBe(0);
          const heard = children.map(([child]) => listen(child));
          expect(upper.listenerCount(root)).toBe(1);
          expect(lower.listenerCount(root)).toBe(100);
          for (const [i, { unsubscribe }] of heard.entries()) if (i % 2) unsubscribe();
          expect(lower.listenerCount(root)).toBe(50);
          for (const [, cancelChild] of children.slice(1)) cancelChild();
          expect(lower.listenerCount(root)).toBe(1);
          expect(upper.listenerCount(root)).toBe(1);
          heard[0]!.unsubscribe();
          expect(lower.listenerCount(root)).toBe(0);
          expect(upper.listenerCount(root)).toBe(0);
          listen(children[0]![0]);
          cancel();
          expect(upper.listenerCount(root)).toBe(0);
          expect(lower.listenerCount(root)).toBe(0);
        });

        it('withCancelOn follows a context of the other copy, under one of either', () => {
          for (const parentOf of [upper, lower]) {
            const [parent] = parentOf.withCancel(parentOf.background());
            const [source, cancel] = upper.withCancel(upper.withValue(upper.background(), user, 'Ann'));
            const [child] = lower.withCancelOn(parent, source);
            const heard = listen(child);
            expect(child.value(user)).toBeUndefined();
            cancel('gone');
            expect(child.err).toBeInstanceOf(lower.CanceledError);
            expect(child.cause).toBe(source.err);
            expect(heard.errs).toEqual([child.err!]);
            expect([parent, source].map(upper.listenerCount)).toEqual([0, 0]);
            expect([parent, source].map(lower.listenerCount)).toEqual([0, 0]);
          }
        });

        it('withCancelOn lets a context of the other copy go, and reports the earlier deadline of the two', () => {
          const clock = new Clock();
          const [parent] = upper.withTimeout(upper.withScheduler(upper.background(), clock), 20);
          const [source] = upper.withTimeout(upper.withScheduler(upper.background(), clock), 10);
          const [child, cancel] = lower.withCancelOn(parent, source);
          const [other] = lower.withCancelOn(parent, source);
          expect(child.deadline).toBe(10);
          cancel();
          expect(upper.listenerCount(source)).toBe(1);
          while (!other.err && clock.frame < 100) clock.jump(1);
          expect(clock.frame).toBe(10);
          expect(other.cause).toBe(source.err);
          expect(lower.isDeadlineExceeded(other.cause)).toBeTrue();
          clock.advance(0);
          expect([parent, source].map(upper.listenerCount)).toEqual([0, 0]);
          expect(clock.actions.length).toBe(0);
        });

        it('withCancelOn follows a signal of the other copy, and an observable of another RxJS', () => {
          const [source, cancel] = upper.withCancel(upper.background());
          const subject = new Subject<string>();
          const [bySignal] = lower.withCancelOn(lower.background(), source.signal);
          const [byDone] = lower.withCancelOn(lower.background(), source.done$);
          const [bySubject] = lower.withCancelOn(upper.background(), subject);
          cancel('gone');
          subject.next('x');
          expect([bySignal.cause, byDone.cause, bySubject.cause]).toEqual([source.err, source.err, 'x']);
          expect(subject.observed).toBeFalse();
        });

        it('operators take a context of the other copy', async () => {
          const [ctx, cancel] = upper.withCancel(upper.background());
          const source$ = new Subject<number>();
          const results = {
            throwOnCtx: firstValueFrom(source$.pipe(lower.throwOnCtx(ctx))),
            switchMapCtx: firstValueFrom(source$.pipe(lower.switchMapCtx(ctx, () => NEVER))),
            usingCtx: new Promise((_, error) => lower.usingCtx(ctx, () => source$).subscribe({ error })),
          };
          let completed = 0;
          source$.pipe(lower.takeUntilCtx(ctx)).subscribe({ complete: () => completed++ });
          const children: Context[] = [];
          const subscription = lower
            .usingCtx(ctx, (child) => {
              children.push(child);
              return source$;
            })
            .subscribe();
          subscription.unsubscribe();
          expect(children.map(({ err }) => lower.isCanceled(err))).toEqual([true]);
          expect(ctx.err).toBeUndefined();
          cancel('gone');
          expect(completed).toBe(1);
          for (const result of Object.values(results)) await expectAsync(result).toBeRejectedWith(ctx.err);
          expect(source$.observed).toBeFalse();
          expect([upper.listenerCount(ctx), lower.listenerCount(ctx)]).toEqual([0, 0]);
        });

        it('String(ctx) shows the way across', () => {
          const printed = (ctx: unknown) => String(ctx);
          const [parent] = upper.withCancel(upper.background());
          const child = lower.withValue(lower.withCancelOn(parent, NEVER)[0], user, 'Ann');
          expect(printed(child)).toBe('background.withCancel.withCancelOn.withValue(user)');
        });
      });
    }
  }

  it('are both drawn by ctxHelpers, each in the diagrams of the other', () => {
    const { esm, cjs } = copies['one RxJS']!;
    run((t) => {
      for (const [upper, lower] of [
        [esm, cjs],
        [cjs, esm],
      ] as const) {
        const [canceled, late] = [t.ctx('--c', { c: 'gone' }), t.ctx('--d')];
        t.expectCtx(upper.withCancel(canceled)[0]).toBe('--c', { c: 'gone' });
        t.expectCtx(lower.withCancel(upper.withTimeout(late, 5)[0])[0]).toBe('--d');
        t.expectCtx(lower.withTimeout(upper.withTimeout(late, 5)[0], 1)[0]).toBe('-d');
      }
    });
  });

  it('arm a real timer only while somebody listens', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    for (const { esm, cjs } of Object.values(copies)) {
      const [parent] = esm.withTimeout(esm.background(), 1_000_000);
      const [child] = cjs.withCancel(parent);
      expect(timers()).toBe(before);
      const heard = listen(child);
      expect(timers()).toBe(before + 1);
      heard.unsubscribe();
      expect(timers()).toBe(before);
    }
  });
});
