import { EMPTY, NEVER, Subject } from 'rxjs';
import {
  afterFunc,
  background,
  contextKey,
  ctxValue,
  remaining,
  takeUntilCtx,
  throwIfDone,
  throwOnCtx,
  todo,
  usingCtx,
  withCancel,
  withDeadline,
  withDeadlineCtx,
  withoutCancel,
  withScheduler,
  withTimeout,
  withTimeoutCtx,
  withValue,
} from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { mock } from '../helpers/foreign.js';

/** A wrong value, and what the message must show of it. */
type Wrong = [got: unknown, shown: RegExp];

const primitives: Wrong[] = [
  [undefined, /undefined/],
  [null, /null/],
  [true, /true/],
  ['soon', /soon/],
  ['', /""|''|empty|string/],
  [Symbol('s'), /symbol/i],
  [7n, /7|bigint/i],
];
const objects: Wrong[] = [
  [{}, /object|\{\}/i],
  [[], /array|\[\]/i],
  [() => undefined, /function/i],
];
const numbers: Wrong[] = [
  [0, /0/],
  [NaN, /NaN/],
];
const badContexts: Wrong[] = [
  ...primitives,
  ...objects,
  ...numbers,
  [[background(), () => undefined], /array/i], // the whole of what withCancel returns
  [NEVER, /object|observable/i],
  [new AbortController().signal, /AbortSignal|object/i],
  [{ done$: NEVER }, /object/i],
  [{ value: () => undefined }, /object/i],
  [{ done$: {}, value: () => undefined }, /object/i],
  [{ done$: NEVER, value: 5 }, /object/i],
  [Object.create(null), /object/i],
];
const badKeys: Wrong[] = [...primitives, ...objects, ...numbers, [background(), /object|context|background/i]];
const badTimes: Wrong[] = [
  ...primitives,
  ...objects,
  [NaN, /NaN/],
  [new Date(NaN), /Invalid Date/],
  ['2026-11-22', /2026-11-22/],
  [{ valueOf: () => 5 }, /object/i],
];
const badDates = badTimes;
const badDurations: Wrong[] = [...badTimes, [new Date(0), /1970|date/i]];
const badFunctions: Wrong[] = [...primitives, ...numbers, [{}, /object/i], [[], /array/i]];
const badSchedulers: Wrong[] = [
  ...primitives,
  ...objects,
  ...numbers,
  [{ now: () => 0 }, /object/i],
  [{ schedule: () => undefined }, /object/i],
  [{ now: 5, schedule: () => undefined }, /object/i],
  [setTimeout, /function/i],
];
const but = (wrong: Wrong[], ...allowed: unknown[]) => wrong.filter(([got]) => !allowed.includes(got));

/** Something that a caller may get wrong: its name in the contract, the wrong values, and the call. */
interface Case {
  argument: string;
  wrong: Wrong[];
  call: (got: never, parent: Context) => unknown;
}

type AnyFunction = (...given: never[]) => unknown;

const key = contextKey<string>('user');
const never = (): never => {
  throw new Error('called');
};

const cases: Record<string, Case[]> = {
  withCancel: [{ argument: 'parent', wrong: badContexts, call: (got) => withCancel(got) }],
  withDeadline: [
    { argument: 'parent', wrong: badContexts, call: (got) => withDeadline(got, 5) },
    { argument: 'at', wrong: badDates, call: (got, parent) => withDeadline(parent, got) },
  ],
  withTimeout: [
    { argument: 'parent', wrong: badContexts, call: (got) => withTimeout(got, 5) },
    { argument: 'ms', wrong: badDurations, call: (got, parent) => withTimeout(parent, got) },
  ],
  withValue: [
    { argument: 'parent', wrong: badContexts, call: (got) => withValue(got, key, 'Ann') },
    { argument: 'key', wrong: badKeys, call: (got, parent) => withValue(parent, got, 'Ann') },
  ],
  withoutCancel: [{ argument: 'parent', wrong: badContexts, call: (got) => withoutCancel(got) }],
  withScheduler: [
    { argument: 'parent', wrong: badContexts, call: (got) => withScheduler(got, new Clock()) },
    { argument: 'scheduler', wrong: badSchedulers, call: (got, parent) => withScheduler(parent, got) },
  ],
  afterFunc: [
    { argument: 'ctx', wrong: badContexts, call: (got) => afterFunc(got, never) },
    { argument: 'f', wrong: badFunctions, call: (got, parent) => afterFunc(parent, got) },
  ],
  throwIfDone: [{ argument: 'ctx', wrong: badContexts, call: (got) => throwIfDone(got) }],
  remaining: [{ argument: 'ctx', wrong: badContexts, call: (got) => remaining(got) }],
  value: [
    { argument: 'key', wrong: badKeys, call: (got, parent) => withCancel(parent)[0].value(got) },
    { argument: 'key', wrong: badKeys, call: (got) => background().value(got) },
    { argument: 'key', wrong: badKeys, call: (got) => withValue(todo(), key, 'Ann').value(got) },
  ],
  takeUntilCtx: [{ argument: 'ctx', wrong: badContexts, call: (got) => takeUntilCtx(got) }],
  throwOnCtx: [{ argument: 'ctx', wrong: badContexts, call: (got) => throwOnCtx(got) }],
  withTimeoutCtx: [
    { argument: 'ctx', wrong: badContexts, call: (got) => withTimeoutCtx(got, 5) },
    { argument: 'ms', wrong: badDurations, call: (got, parent) => withTimeoutCtx(parent, got) },
  ],
  withDeadlineCtx: [
    { argument: 'ctx', wrong: badContexts, call: (got) => withDeadlineCtx(got, 5) },
    { argument: 'at', wrong: badDates, call: (got, parent) => withDeadlineCtx(parent, got) },
  ],
  ctxValue: [
    { argument: 'ctx', wrong: badContexts, call: (got) => ctxValue(got, key) },
    { argument: 'key', wrong: badKeys, call: (got, parent) => ctxValue(parent, got) },
    {
      argument: 'project',
      wrong: but(badFunctions, undefined),
      call: (got, parent) => ctxValue(parent, key, got),
    },
  ],
  usingCtx: [
    { argument: 'parent', wrong: badContexts, call: (got) => usingCtx(got, never) },
    { argument: '', wrong: badFunctions, call: (got, parent) => usingCtx(parent, got) },
    {
      argument: 'timeoutMs',
      wrong: but(badDurations, undefined),
      call: (got, parent) => usingCtx(parent, never, { timeoutMs: got }),
    },
    {
      argument: 'deadline',
      wrong: but(badDates, undefined),
      call: (got, parent) => usingCtx(parent, never, { deadline: got }),
    },
  ],
};

describe('bad input', () => {
  for (const [name, arguments_] of Object.entries(cases)) {
    for (const [index, { argument, wrong, call }] of arguments_.entries()) {
      const what = argument === '' ? 'function' : argument;
      it(`is refused by ${name} for its ${what} (${index + 1}): a TypeError that names both and what it got`, () => {
        for (const [got, shown] of wrong) {
          const clock = new Clock();
          const parent = mock();
          let thrown: unknown;
          try {
            call(got as never, withScheduler(parent, clock));
          } catch (error) {
            thrown = error;
          }
          const context = `${name} got ${typeof got} ${shown.source}: ${String(thrown)}`;
          expect(thrown).withContext(context).toBeInstanceOf(TypeError);
          const { message } = thrown as TypeError;
          expect(message)
            .withContext(context)
            .toMatch(new RegExp(`\\b${name}\\b`));
          expect(message)
            .withContext(context)
            .toMatch(new RegExp(`\\b${argument}\\b`));
          expect(message.replace(name, '').replace(argument, '')).withContext(context).toMatch(shown);
          expect(parent.total).withContext(context).toBe(0);
          expect(clock.actions.length).withContext(context).toBe(0);
        }
      });
    }
  }

  it('is told apart in one form: the call, the argument, what it must be, what it is', () => {
    const messages: [attempt: () => unknown, message: string][] = [
      [() => contextKey(5 as never), 'contextKey: name must be a string, got 5'],
      [() => withCancel({} as never), 'withCancel: parent must be a Context, got [object Object]'],
      [
        () => withCancel(mock())[0].value({ name: 'user' } as never),
        'value: key must be a ContextKey, got [object Object]',
      ],
      [() => background().value({ default: 1 } as never), 'value: key must be a ContextKey, got [object Object]'],
      [() => afterFunc(background(), 'f' as never), 'afterFunc: f must be a function, got "f"'],
      [() => withTimeout(background(), NaN), 'withTimeout: ms must be a number of milliseconds, got NaN'],
      [
        () => withDeadline(background(), new Date(NaN)),
        'withDeadline: at must be a valid Date or epoch milliseconds, got Invalid Date',
      ],
      [
        () => withScheduler(background(), setTimeout as never),
        'withScheduler: scheduler must be an RxJS scheduler, got [object Function]',
      ],
    ];
    for (const [attempt, message] of messages) expect(attempt).toThrowError(TypeError, message);
  });

  it('is refused where an argument is missing', () => {
    const withTime = { withDeadline, withTimeout, withDeadlineCtx, withTimeoutCtx };
    const withMore = { ...withTime, withValue, withScheduler, afterFunc, ctxValue, usingCtx };
    const all = { ...withMore, withCancel, withoutCancel, throwIfDone, remaining, takeUntilCtx, throwOnCtx };
    for (const [name, f] of Object.entries<AnyFunction>(all)) {
      expect(() => f())
        .withContext(name)
        .toThrowError(TypeError, new RegExp(`${name}\\b.*undefined`));
    }
    for (const [name, f] of Object.entries<AnyFunction>(withMore)) {
      expect(() => f(background() as never))
        .withContext(name)
        .toThrowError(TypeError, new RegExp(`${name}\\b.*undefined`));
    }
  });

  it('leaves nothing behind: not a listener, not a timer, not a subscription', () => {
    const clock = new Clock();
    const parent = mock();
    const root = withScheduler(parent, clock);
    const source = new Subject<number>();
    const attempts = [
      () => withTimeout(root, NaN),
      () => withDeadline(root, new Date(NaN)),
      () => withValue(root, undefined as never, 1),
      () => afterFunc(root, undefined as never),
      () => source.pipe(withTimeoutCtx(root, NaN)).subscribe(),
      () => source.pipe(ctxValue(root, 'user' as never)).subscribe(),
      () => source.pipe(takeUntilCtx(undefined as never)).subscribe(),
      () => usingCtx(root, () => source, { timeoutMs: NaN }).subscribe(),
    ];
    for (const attempt of attempts) expect(attempt).toThrowError(TypeError);
    expect(parent.total).toBe(0);
    expect(clock.actions.length).toBe(0);
    expect(source.observed).toBeFalse();
  });

  it('is refused by an operator when it is made, before there is a source', () => {
    expect(() => EMPTY.pipe(throwOnCtx({} as never))).toThrowError(TypeError);
    expect(() => takeUntilCtx(null as never)).toThrowError(TypeError);
  });

  it('does not put what an object holds into the message', () => {
    const secret = { password: 'hunter2', toString: () => 'hunter2', toJSON: () => 'hunter2' };
    for (const attempt of [
      () => withCancel(secret as never),
      () => withTimeout(background(), secret as never),
      () => withValue(background(), secret as never, 1),
      () => withScheduler(background(), secret as never),
    ]) {
      expect(attempt).toThrowMatching((thrown: Error) => !thrown.message.includes('hunter2'));
    }
  });

  it('is not an object without a prototype that is a context', () => {
    const parent = Object.assign(Object.create(null) as object, {
      deadline: undefined,
      done$: NEVER,
      err: undefined,
      cause: undefined,
      signal: new AbortController().signal,
      value: () => undefined as never,
    }) as Context;
    expect(withCancel(parent)[0].err).toBeUndefined();
  });
});
