import { EMPTY, NEVER, Observable, Subject, of, throwError } from 'rxjs';
import {
  CanceledError,
  background,
  contextKey,
  groupCtx,
  sleepCtx,
  withCancel,
  withScheduler,
  withTimeout,
  withValue,
} from '../../lib/index.js';
import type { Context, Group } from '../../lib/index.js';
import { listenerCount } from '../../lib/testing/index.js';
import { Clock } from '../helpers/clock.js';
import { expectRefused, inputs, notContexts, notFunctions } from '../helpers/operators.js';
import { macrotask, takeUnhandledErrors } from '../support/unhandled-errors.js';

const broken = new Error('broken');

/** Resolves to something, which `macrotask` does not. */
const turn = () => macrotask().then(() => true);

/** A promise that a spec settles. */
function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

/** Takes down how promises settle, in order. */
function logger() {
  const log: unknown[] = [];
  const watch = (name: string, promise: Promise<unknown>) =>
    promise.then(
      (value) => log.push([name, value]),
      (error: unknown) => log.push([name, error]),
    );
  return { log, watch };
}

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('groupCtx', () => {
  it('settles only when body and everything that go began, from within members too, has ended', async () => {
    const [parent] = withCancel(background());
    const { log, watch } = logger();
    const [outer, inner] = [deferred(), deferred()];
    let group!: Group;
    const result = watch(
      'group',
      groupCtx(parent, (given) => {
        group = given;
        void watch(
          'outer',
          given.go(() =>
            outer.promise.then(
              () =>
                void watch(
                  'inner',
                  given.go(() => inner.promise),
                ),
            ),
          ),
        );
        return 'body';
      }),
    );
    await macrotask();
    expect(log).toEqual([]);
    outer.resolve();
    await macrotask();
    expect(log).toEqual([['outer', undefined]]);
    expect(group.ctx.err).toBeUndefined();
    inner.resolve();
    await result;
    expect(log).toEqual([
      ['outer', undefined],
      ['inner', undefined],
      ['group', 'body'],
    ]);
    expect(group.ctx.err).toBeInstanceOf(CanceledError);
    expect(parent.err).toBeUndefined();
  });

  it('waits for an async body and resolves with its value, without a member too', async () => {
    expect(await groupCtx(background(), () => 5)).toBe(5);
    expect(await groupCtx(background(), async () => (await turn(), 6))).toBe(6);
    const got = await groupCtx(background(), async ({ go }) => (await go(async () => (await turn(), 1))) + 1);
    expect(got).toBe(2);
  });

  it('gives members a child of the parent', async () => {
    const user = contextKey<string>('user');
    const parent = withValue(background(), user, 'Ann');
    await groupCtx(parent, async (group) => {
      expect(group.ctx.value(user)).toBe('Ann');
      await group.go(async (ctx) => {
        expect(ctx).toBe(group.ctx);
        await macrotask();
      });
    });
  });

  for (const [name, make] of Object.entries(inputs)) {
    it(`takes a member that returns ${name}`, async () => {
      expect(await groupCtx(background(), (group) => group.go(make))).toBe('x');
    });
  }

  it('gives the last value of a stream, undefined for none', async () => {
    await groupCtx(background(), async (group) => {
      const none: unknown = await group.go(() => EMPTY as Observable<number>);
      expect(none).toBeUndefined();
      expect(await group.go(() => of(1, 2, 3))).toBe(3);
      const empty: unknown = await group.go(() => [] as number[]);
      expect(empty).toBeUndefined();
    });
  });

  it('cancels everything at the first failure, with that as the cause, and rejects with it once all have ended', async () => {
    const { log, watch } = logger();
    const slow = deferred<string>();
    let ctx!: Context;
    const source = new Subject<number>();
    const result = watch(
      'group',
      groupCtx(background(), (group) => {
        ({ ctx } = group);
        void group.go(() => Promise.reject(broken)); // nobody takes it
        void watch(
          'slow',
          group.go(() => slow.promise),
        );
        void watch(
          'stream',
          group.go(() => source),
        );
      }),
    );
    await macrotask();
    expect(ctx.cause).toBe(broken);
    expect(source.observed).toBeFalse();
    expect(log).toEqual([['stream', ctx.err]]);
    slow.resolve('ended');
    await result;
    expect(log.slice(1)).toEqual([
      ['slow', 'ended'],
      ['group', broken],
    ]);
  });

  it('rejects with the failure of a stream, of work that throws, and of a thenable', async () => {
    const works: (() => unknown)[] = [
      () => throwError(() => broken),
      () => {
        throw broken;
      },
      () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(broken) }),
    ];
    for (const work of works) {
      let member!: Promise<unknown>;
      const result = groupCtx(background(), (group) => {
        member = group.go(work as () => Promise<void>);
      });
      expect(await errorOf(result)).toBe(broken);
      expect(await errorOf(member)).toBe(broken);
    }
  });

  it('has the first of two failures, and takes what stops because of it for none', async () => {
    const result = groupCtx(background(), (group) => {
      void group.go((ctx) => sleepCtx(ctx, Infinity));
      void group.go(() => Promise.reject(broken));
      void group.go(() => Promise.reject(new Error('second')));
    });
    expect(await errorOf(result)).toBe(broken);
  });

  it('takes a body that throws or rejects as a member that fails', async () => {
    const bodies = [
      (group: Group) => {
        void group.go((ctx) => sleepCtx(ctx, Infinity));
        throw broken;
      },
      async (group: Group) => {
        void group.go(() => NEVER);
        await macrotask();
        throw broken;
      },
    ];
    for (const body of bodies) {
      expect(await errorOf(groupCtx(background(), body))).toBe(broken);
      expect(await errorOf(groupCtx(background(), body, { onError: 'continue' }))).toBe(broken);
    }
  });

  it('cancels members when the parent ends, and rejects with parent.err after they ended', async () => {
    for (const onError of ['cancel', 'continue'] as const) {
      const [parent, cancel] = withCancel(background());
      const { log, watch } = logger();
      const slow = deferred();
      const result = watch(
        'group',
        groupCtx(
          parent,
          (group) => {
            void group.go((ctx) => sleepCtx(ctx, Infinity));
            void watch(
              'stream',
              group.go(() => NEVER),
            );
            void group.go(() => slow.promise);
          },
          { onError },
        ),
      );
      expect(listenerCount(parent)).toBe(1);
      cancel();
      await macrotask();
      expect(log).toEqual([['stream', parent.err]]);
      slow.resolve();
      await result;
      expect(log[1]).toEqual(['group', parent.err]);
      expect((log[1] as unknown[])[1]).toBe(parent.err);
    }
  });

  it('rejects with the deadline of the parent, though no timer has fired', async () => {
    const clock = new Clock();
    const [parent] = withTimeout(withScheduler(background(), clock), 10);
    const result = groupCtx(parent, () => {
      clock.jump(10);
    });
    expect(await errorOf(result)).toBe(parent.err);
    expect(clock.actions.length).toBe(0);
  });

  it('does not call body when the parent is done, and rejects with parent.err', async () => {
    const [parent, cancel] = withCancel(background());
    cancel();
    const body = jasmine.createSpy();
    expect(await errorOf(groupCtx(parent, body))).toBe(parent.err);
    expect(body).not.toHaveBeenCalled();
  });

  it('unsubscribes a stream that ends the group while it emits', async () => {
    let emitted = 0;
    const [parent, cancel] = withCancel(background());
    const source = new Observable<number>((subscriber) => {
      while (!subscriber.closed) {
        if (++emitted === 3) cancel();
        subscriber.next(emitted);
      }
    });
    expect(await errorOf(groupCtx(parent, (group) => group.go(() => source)))).toBe(parent.err);
    expect(emitted).toBe(3);
  });

  it('does not subscribe to a stream that work has made after it ended the group', async () => {
    const [parent, cancel] = withCancel(background());
    let subscribed = 0;
    const work = () => {
      cancel();
      return new Observable<never>(() => {
        subscribed++;
      });
    };
    expect(await errorOf(groupCtx(parent, (group) => group.go(work)))).toBe(parent.err);
    expect(subscribed).toBe(0);
  });

  describe('with a limit', () => {
    it('runs so many at a time, in order', async () => {
      const gates = [0, 1, 2, 3].map(() => deferred<number>());
      const started: number[] = [];
      const result = groupCtx(
        background(),
        (group) =>
          Promise.all(
            gates.map(({ promise }, index) =>
              group.go(() => {
                started.push(index);
                return promise;
              }),
            ),
          ),
        { limit: 2 },
      );
      expect(started).toEqual([0, 1]);
      gates[1]!.resolve(1);
      await macrotask();
      expect(started).toEqual([0, 1, 2]);
      for (const index of [0, 2, 3]) gates[index]!.resolve(index);
      expect(await result).toEqual([0, 1, 2, 3]);
      expect(started).toEqual([0, 1, 2, 3]);
    });

    it('does not start what waits when the group is canceled: it rejects with ctx.err', async () => {
      for (const onError of ['cancel', 'continue'] as const) {
        const [parent, cancel] = withCancel(background());
        const { log, watch } = logger();
        const started: string[] = [];
        const work = (name: string) => (ctx: Context) => {
          started.push(name);
          return sleepCtx(ctx, Infinity);
        };
        const result = groupCtx(
          parent,
          (group) => {
            void group.go(work('first'));
            void watch('second', group.go(work('second')));
            void group.go(work('third'));
          },
          { limit: 1, onError },
        );
        cancel();
        expect(await errorOf(result)).toBe(parent.err);
        expect(log).toEqual([['second', parent.err]]);
        expect(started).toEqual(['first']);
      }
    });

    it('starts nothing after the first failure, also from a synchronous stream', async () => {
      const started: number[] = [];
      const gate = deferred();
      const result = groupCtx(
        background(),
        (group) => {
          void group.go(() => gate.promise);
          for (const n of [1, 2, 3]) {
            void group.go(() => {
              started.push(n);
              return n === 2 ? throwError(() => broken) : of(n);
            });
          }
        },
        { limit: 1 },
      );
      gate.resolve();
      expect(await errorOf(result)).toBe(broken);
      expect(started).toEqual([1, 2]);
    });

    it('needs no stack for members that end synchronously', async () => {
      let ended = 0;
      const gate = deferred();
      const result = groupCtx(
        background(),
        (group) => {
          void group.go(() => gate.promise);
          for (let i = 0; i < 20_000; i++) void group.go(() => of(ended++));
        },
        { limit: 1 },
      );
      gate.resolve();
      await result;
      expect(ended).toBe(20_000);
    });
  });

  describe("with onError: 'continue'", () => {
    it('leaves a failure to the promise of its member: the others go on', async () => {
      const result = await groupCtx(
        background(),
        async (group) => {
          const others = group.go(async () => (await turn(), 'other'));
          const failed = await errorOf(group.go(() => Promise.reject(broken)));
          expect(group.ctx.err).toBeUndefined();
          return [failed, await others];
        },
        { onError: 'continue' },
      );
      expect(result).toEqual([broken, 'other']);
    });

    it('reports a failure that nobody took when the group is over', async () => {
      const value = await groupCtx(
        background(),
        (group) => {
          void group.go(() => Promise.reject(broken));
          void group.go(() => throwError(() => new Error('too'))).catch(() => undefined);
          void group.go(() => of(1));
          return 'body';
        },
        { onError: 'continue' },
      );
      expect(value).toBe('body');
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([broken]);
    });

    it('does not report what stops because the parent ended', async () => {
      const [parent, cancel] = withCancel(background());
      const abort = Object.assign(new Error('aborted'), { name: 'AbortError', code: 'ABORT_ERR' });
      const result = groupCtx(
        parent,
        (group) => {
          void group.go(async (ctx) => {
            await sleepCtx(ctx, Infinity).catch(() => {
              throw abort;
            });
          });
          void group.go((ctx) => sleepCtx(ctx, Infinity));
        },
        { onError: 'continue' },
      );
      cancel();
      expect(await errorOf(result)).toBe(parent.err);
      await macrotask();
      expect(takeUnhandledErrors()).toEqual([]);
    });
  });

  it('rejects go after the end', async () => {
    let group!: Group;
    await groupCtx(background(), (given) => {
      group = given;
    });
    await expectAsync(group.go(() => of(1))).toBeRejectedWithError('go: the group is over');
  });

  it('rejects go with ctx.err, and does not call work, when the group is done and not over', async () => {
    for (const onError of ['cancel', 'continue'] as const) {
      const [parent, cancel] = withCancel(background());
      const work = jasmine.createSpy();
      let member!: Promise<unknown>;
      const body = (group: Group) => {
        cancel();
        member = group.go(work);
      };
      expect(await errorOf(groupCtx(parent, body, { onError }))).toBe(parent.err);
      expect(await errorOf(member)).toBe(parent.err);
      expect(work).not.toHaveBeenCalled();
    }
  });

  it('fails a member that returns nothing to wait for', async () => {
    const go = (work: () => unknown) => groupCtx(background(), (group) => group.go(work as () => Promise<void>));
    const wanted = 'go: what work returns must be an observable, a promise or an iterable, got';
    await expectAsync(go(() => undefined)).toBeRejectedWithError(
      TypeError,
      `${wanted} undefined: did you mean an async function?`,
    );
    await expectAsync(go(() => 5)).toBeRejectedWithError(TypeError, `${wanted} 5`);
  });

  it('leaves nothing on the parent, however it ends', async () => {
    const [parent, cancel] = withCancel(background());
    await groupCtx(parent, (group) => void group.go(() => of(1)), { limit: 1 });
    await errorOf(groupCtx(parent, (group) => group.go(() => throwError(() => broken))));
    expect(listenerCount(parent)).toBe(0);
    const running = groupCtx(parent, (group) => group.go(() => NEVER));
    expect(listenerCount(parent)).toBe(1);
    cancel();
    expect(await errorOf(running)).toBe(parent.err);
    expect(listenerCount(parent)).toBe(0);
  });

  it('refuses bad input', async () => {
    expectRefused('groupCtx: parent must be a Context', notContexts, (got) => groupCtx(got, () => 1));
    expectRefused('groupCtx: body must be a function', notFunctions, (got, ctx) => groupCtx(ctx, got));
    const options = [[null, 'null']] as const;
    expectRefused('groupCtx: options must be an object', options, (got, ctx) => groupCtx(ctx, () => 1, got));
    const limits = [
      [0, '0'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      ['2', '"2"'],
    ] as const;
    expectRefused('groupCtx: limit must be an integer from 1 up or Infinity', limits, (limit, ctx) =>
      groupCtx(ctx, () => 1, { limit }),
    );
    const words = [['stop', '"stop"']] as const;
    expectRefused("groupCtx: onError must be 'cancel' or 'continue'", words, (onError, ctx) =>
      groupCtx(ctx, () => 1, { onError }),
    );
    await expectAsync(groupCtx(background(), (group) => group.go(5 as never))).toBeRejectedWithError(
      TypeError,
      'go: work must be a function, got 5',
    );
  });
});
