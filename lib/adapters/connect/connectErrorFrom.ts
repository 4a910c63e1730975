import { Code, ConnectError } from '@connectrpc/connect';
import { isCanceled, isDeadlineExceeded } from '../../core/errors.js';

/**
 * Returns an error as a `ConnectError`: what a handler has to throw so that the client gets the right code.
 *
 * - A context's `DeadlineExceededError` becomes `deadline_exceeded` (4), its `CanceledError` becomes `canceled` (1). The error
 *   is the `cause`, which does not leave the process.
 * - Everything else is what `ConnectError.from` makes of it: a `ConnectError` stays the same object, another error becomes
 *   `unknown` (2) with its message.
 *
 * {@link serviceCtx} does this for the errors of contexts. Use it in handlers that you write by hand: when one throws
 * `ctx.err`, Connect answers `internal` (13).
 *
 * @example
 * ```ts
 * import { background, withTimeout } from 'rxjs-ctx';
 * import { connectErrorFrom } from 'rxjs-ctx/connect';
 *
 * const [ctx] = withTimeout(background(), 0);
 * console.log(connectErrorFrom(ctx.err).message); // [deadline_exceeded] context deadline exceeded
 * ```
 *
 * @see https://pkg.go.dev/google.golang.org/grpc/status#FromContextError
 */
export function connectErrorFrom(error: unknown): ConnectError {
  // `ConnectError.from` makes `canceled` of everything that is called TimeoutError.
  if (isDeadlineExceeded(error)) return statusOf(error, Code.DeadlineExceeded);
  return isCanceled(error) ? statusOf(error, Code.Canceled) : ConnectError.from(error);
}

function statusOf(error: Error, code: Code): ConnectError {
  return new ConnectError(error.message, code, undefined, undefined, error);
}

/** The code of an error that Connect made, in whichever copy of it. */
export function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}
