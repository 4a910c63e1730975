import {
  background,
  CanceledError,
  DeadlineExceededError,
  isCanceled,
  isDeadlineExceeded,
  throwIfDone,
  withCancel,
  withDeadline,
  withScheduler,
  withTimeout,
} from '../../lib/index.js';
import type { ContextError } from '../../lib/index.js';
import { Clock } from '../helpers/clock.js';
import { wrap } from '../helpers/foreign.js';

function canceled(...cause: [unknown?]): ContextError {
  const [ctx, cancel] = withCancel(background());
  cancel(...cause);
  return ctx.err!;
}

function exceeded(options?: { cause?: unknown }): ContextError {
  return withDeadline(withScheduler(background(), new Clock(10)), 5, options)[0].err!;
}

describe('CanceledError', () => {
  it("is what Go says, under the web platform's name", () => {
    const err = canceled();
    expect(err).toBeInstanceOf(CanceledError);
    expect(err).toBeInstanceOf(Error);
    expect(err.message).toBe('context canceled');
    expect(err.name).toBe('AbortError');
    expect(String(err)).toBe('AbortError: context canceled');
  });

  it('is no DeadlineExceededError, and no timeout', () => {
    const err = canceled();
    expect(err).not.toBeInstanceOf(DeadlineExceededError);
    expect((err as { timeout?: boolean }).timeout).not.toBeTrue();
  });

  it('has a cause of its own only when one was given', () => {
    const cause = new Error('client gone');
    expect(canceled(cause).cause).toBe(cause);
    expect(Object.hasOwn(canceled(cause), 'cause')).toBeTrue();
    expect(Object.hasOwn(canceled(null), 'cause')).toBeTrue();
    expect(Object.hasOwn(canceled(0), 'cause')).toBeTrue();
    expect('cause' in canceled()).toBeFalse();
    expect('cause' in canceled(undefined)).toBeFalse();
  });

  it('has the cause where a native error has it: not enumerable', () => {
    expect(Object.keys(canceled('gone'))).not.toContain('cause');
  });
});

describe('the name of an error', () => {
  it('is where those of native errors are: on the prototype, to be changed, and not enumerable', () => {
    for (const kind of [CanceledError, DeadlineExceededError]) {
      const native = Object.getOwnPropertyDescriptor(TypeError.prototype, 'name');
      const ours = Object.getOwnPropertyDescriptor(kind.prototype, 'name');
      expect({ ...ours, value: 'TypeError' }).toEqual({ ...native, value: 'TypeError' });
    }
  });
});

describe('DeadlineExceededError', () => {
  it("is what Go says, under the web platform's name", () => {
    const err = exceeded();
    expect(err).toBeInstanceOf(DeadlineExceededError);
    expect(err).toBeInstanceOf(Error);
    expect(err.message).toBe('context deadline exceeded');
    expect(err.name).toBe('TimeoutError');
    expect(String(err)).toBe('TimeoutError: context deadline exceeded');
  });

  it('is a timeout, and no CanceledError', () => {
    const err = exceeded();
    expect((err as DeadlineExceededError).timeout).toBeTrue();
    expect(err).not.toBeInstanceOf(CanceledError);
  });

  it('has a cause of its own only when one was given', () => {
    expect(exceeded({ cause: 'late' }).cause).toBe('late');
    expect(Object.hasOwn(exceeded({ cause: null }), 'cause')).toBeTrue();
    expect('cause' in exceeded()).toBeFalse();
    expect('cause' in exceeded({})).toBeFalse();
    expect('cause' in exceeded({ cause: undefined })).toBeFalse();
  });
});

/** Made by a copy of the library that `instanceof` does not know. */
function alien(name: string, message: string): Error {
  return Object.defineProperty(new Error(message), 'name', { value: name });
}

/** What is neither of the two errors, however near it comes. */
const neither: unknown[] = [
  undefined,
  null,
  0,
  '',
  'context canceled',
  Symbol('AbortError'),
  () => 'context canceled',
  {},
  { name: 'AbortError' },
  { message: 'context deadline exceeded' },
  new Error('context canceled'),
  new Error('context deadline exceeded'),
  new DOMException('The operation was aborted.', 'AbortError'),
  new DOMException('The operation timed out.', 'TimeoutError'),
  alien('AbortError', 'context deadline exceeded'),
  alien('TimeoutError', 'context canceled'),
];

describe('isCanceled', () => {
  it('knows the errors of a canceled context, with and without a cause', () => {
    for (const error of [canceled(), canceled('gone'), canceled(exceeded()), new CanceledError()]) {
      expect(isCanceled(error)).toBeTrue();
    }
  });

  it('knows the errors of another copy of the library', () => {
    expect(isCanceled(alien('AbortError', 'context canceled'))).toBeTrue();
  });

  it("takes nothing else for one: not a passed deadline, not the platform's AbortError, not a bare cause", () => {
    const cause = new Error('client gone');
    for (const value of [exceeded(), new DeadlineExceededError(canceled()), cause, ...neither]) {
      expect(isCanceled(value)).toBeFalse();
    }
  });
});

describe('isDeadlineExceeded', () => {
  it('knows the errors of a context whose deadline passed, with and without a cause', () => {
    for (const error of [exceeded(), exceeded({ cause: canceled() }), new DeadlineExceededError('late')]) {
      expect(isDeadlineExceeded(error)).toBeTrue();
    }
  });

  it('knows the errors of another copy of the library', () => {
    expect(isDeadlineExceeded(alien('TimeoutError', 'context deadline exceeded'))).toBeTrue();
  });

  it("takes nothing else for one: not a cancellation because of it, not the platform's TimeoutError", () => {
    for (const value of [canceled(), canceled(exceeded()), ...neither]) {
      expect(isDeadlineExceeded(value)).toBeFalse();
    }
  });
});

describe('err', () => {
  it('is one object in every descendant that ended with it, derived before or after, ours or foreign', () => {
    const [root, cancel] = withCancel(background());
    const [child] = withCancel(root);
    const foreign = wrap(child);
    const [below] = withTimeout(foreign, 1_000_000);
    cancel();
    const [after] = withCancel(below);
    for (const ctx of [child, foreign, below, after]) {
      expect(ctx.err).toBe(root.err);
      expect(ctx.signal.reason).toBe(root.err!);
    }
  });

  it('is another object in another tree', () => {
    expect(canceled()).not.toBe(canceled());
  });

  it('is the same object wherever it comes out', () => {
    const [ctx, cancel] = withCancel(background());
    const { signal } = ctx;
    let emitted: unknown;
    ctx.done$.subscribe((err) => (emitted = err));
    cancel('gone');
    let thrown: unknown;
    try {
      throwIfDone(ctx);
    } catch (error) {
      thrown = error;
    }
    expect(emitted).toBe(ctx.err);
    expect(thrown).toBe(ctx.err);
    expect(signal.reason).toBe(ctx.err);
  });

  it('leaves Error.stackTraceLimit as it was, and as absent as it was', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
    canceled();
    exceeded({ cause: 'late' });
    expect(Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')).toEqual(before);
  });

  it('is made where Error cannot be changed, too', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
    Object.defineProperty(Error, 'stackTraceLimit', { value: 5, writable: false, configurable: true });
    try {
      expect(canceled('gone').message).toBe('context canceled');
      expect(Error.stackTraceLimit).toBe(5);
    } finally {
      if (before === undefined) delete (Error as { stackTraceLimit?: number }).stackTraceLimit;
      else Object.defineProperty(Error, 'stackTraceLimit', before);
    }
  });

  it('has no stack, which would cost ten times the error, on hosts that can do without', () => {
    expect(canceled().stack ?? '').not.toMatch(/\n\s+at /);
    expect(exceeded().stack ?? '').not.toMatch(/\n\s+at /);
  });
});
