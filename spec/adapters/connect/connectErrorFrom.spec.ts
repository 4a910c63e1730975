import { Code, ConnectError } from '@connectrpc/connect';
import { connectErrorFrom } from '../../../lib/adapters/connect.js';
import { background, withCancel, withTimeout } from '../../../lib/index.js';

describe('connectErrorFrom', () => {
  it('makes deadline_exceeded of a deadline, where Connect makes canceled', () => {
    const [ctx] = withTimeout(background(), 0);
    expect(ConnectError.from(ctx.err).code).toBe(Code.Canceled);
    const error = connectErrorFrom(ctx.err);
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toBe('context deadline exceeded');
    expect(error.cause).toBe(ctx.err);
  });

  it('makes canceled of a cancel, and does not show the cause', () => {
    const [ctx, cancel] = withCancel(background());
    cancel(new Error('a secret'));
    const error = connectErrorFrom(ctx.err);
    expect(error.code).toBe(Code.Canceled);
    expect(error.message).toBe('[canceled] context canceled');
    expect(error.cause).toBe(ctx.err);
  });

  it('knows an end that an API has wrapped into its own AbortError', () => {
    const [ctx] = withTimeout(background(), 0);
    const wrapped = Object.assign(new Error('The operation was aborted', { cause: ctx.err }), {
      name: 'AbortError',
      code: 'ABORT_ERR',
    });
    expect(connectErrorFrom(wrapped).code).toBe(Code.DeadlineExceeded);
  });

  it('leaves everything else to Connect', () => {
    const own = new ConnectError('mine', Code.DataLoss);
    expect(connectErrorFrom(own)).toBe(own);
    expect(connectErrorFrom(new Error('other')).code).toBe(Code.Unknown);
    expect(connectErrorFrom('text').rawMessage).toBe('text');
    expect(connectErrorFrom(undefined).code).toBe(Code.Unknown);
  });
});
