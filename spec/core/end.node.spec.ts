import { CanceledError, End } from '../../lib/core/errors.js';

describe('the error of an end', () => {
  const before = Error.stackTraceLimit;

  afterEach(() => {
    Error.stackTraceLimit = before;
  });

  it('has no stack, and leaves the limit of stacks as it was', () => {
    for (const limit of [10, 0, 3]) {
      Error.stackTraceLimit = limit;
      expect(new End(CanceledError, 'gone', undefined).error.stack).toBe('AbortError: context canceled');
      expect(Error.stackTraceLimit).toBe(limit);
    }
  });

  it('is made where the limit cannot be changed, as where Error is frozen', () => {
    Object.defineProperty(Error, 'stackTraceLimit', { writable: false });
    try {
      expect(new End(CanceledError, 'gone', undefined).error.cause).toBe('gone');
      expect(Error.stackTraceLimit).toBe(before);
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { writable: true });
    }
  });

  it('leaves the limit as it was where making it fails, as near the end of the stack', () => {
    class Failing extends CanceledError {
      constructor() {
        super();
        throw new RangeError('Maximum call stack size exceeded');
      }
    }
    for (const limit of [10, 0]) {
      Error.stackTraceLimit = limit;
      expect(() => new End(Failing, 'gone', undefined).error).toThrowError(RangeError);
      expect(Error.stackTraceLimit).toBe(limit);
    }
  });
});
