import { background, errorOf, isCanceled, isDeadlineExceeded, withCancel, withDeadline } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';

const past = withDeadline(background(), 0)[0];
const canceled = () => {
  const [ctx, cancel] = withCancel(background());
  cancel();
  return ctx;
};

/** What Node's own APIs reject with. */
const nodeAbort = (cause?: unknown) =>
  Object.assign(new Error('The operation was aborted', { cause }), { name: 'AbortError', code: 'ABORT_ERR' });
const domAbort = (cause?: unknown) => Object.assign(new DOMException('aborted', 'AbortError'), { cause });
/** Of axios, which keeps no cause. */
const axiosAbort = () => Object.assign(new Error('canceled'), { name: 'CanceledError', code: 'ERR_CANCELED' });

describe('isCanceled and isDeadlineExceeded', () => {
  it('look through an AbortError of Node or the DOM at its cause', () => {
    for (const wrap of [nodeAbort, domAbort]) {
      expect(isDeadlineExceeded(wrap(past.err))).toBeTrue();
      expect(isCanceled(wrap(past.err))).toBeFalse();
      expect(isCanceled(wrap(canceled().err))).toBeTrue();
      expect(isDeadlineExceeded(wrap(canceled().err))).toBeFalse();
      expect(isCanceled(wrap())).toBeFalse();
      expect(isCanceled(wrap(new Error('other')))).toBeFalse();
    }
  });

  it('look no further than one level, and through nothing else', () => {
    expect(isDeadlineExceeded(nodeAbort(nodeAbort(past.err)))).toBeFalse();
    expect(isDeadlineExceeded(new Error('wrapped', { cause: past.err }))).toBeFalse();
    expect(isDeadlineExceeded(Object.assign(nodeAbort(past.err), { code: 'OTHER' }))).toBeFalse();
  });
});

describe('errorOf', () => {
  it('is ctx.err for that, and for an abort because of it', () => {
    for (const ctx of [past, canceled()]) {
      for (const error of [
        ctx.err,
        nodeAbort(ctx.err),
        nodeAbort(),
        domAbort(),
        axiosAbort(),
        new DOMException('', 'AbortError'),
      ]) {
        expect(errorOf(ctx, error)).toBe(ctx.err);
      }
      expect(errorOf(ctx, new Error('wrapped', { cause: ctx.err }))).toBe(ctx.err);
    }
  });

  it('is the error when it has another reason, or ctx is not done', () => {
    for (const error of [new Error('other'), undefined, null, 0, 'abort', { code: 'ECONNRESET' }]) {
      expect(errorOf(past, error)).toBe(error);
    }
    const [open] = withCancel(background());
    const abort = nodeAbort();
    expect(errorOf(open, abort)).toBe(abort);
  });

  it('refuses what is no context', () => {
    expect(() => errorOf(null as never, new Error())).toThrowError(
      TypeError,
      /^errorOf: ctx must be a Context, got null/,
    );
  });
});

describe('ctx.err', () => {
  it('leaves Error.stackTraceLimit as it was, also where making the error fails', () => {
    const before = Error.stackTraceLimit;
    let overflows = 0;
    // Somewhere near the end of the stack the error itself does not fit any more. Whatever fails there, and as what, is thrown.
    const dive = (ctx: Context, ..._: unknown[]): unknown => {
      try {
        dive(ctx);
      } catch {
        overflows++;
      }
      return ctx.err;
    };
    // Each time it ends at another place of the last frames.
    for (let padding = 0; padding < 32; padding++) {
      const [ctx, cancel] = withCancel(background());
      cancel('gone');
      dive(ctx, ...new Array<unknown>(padding));
      expect(Error.stackTraceLimit).toBe(before);
      expect(isCanceled(ctx.err)).toBeTrue();
    }
    expect(overflows).toBeGreaterThan(0);
  });
});
