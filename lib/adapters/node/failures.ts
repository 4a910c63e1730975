/// <reference types="node" preserve="true" />
// What becomes of an error that a handler throws, or that a server emits and nobody listens to.
import { config } from 'rxjs';
import { cancel } from '../../core/cancellation.js';
import type { Context } from '../../core/context.js';
import { errorOf } from '../../core/derive.js';
import { report } from '../../core/timer.js';
import { knownLifecycle } from './requestLifecycle.js';
import type { AnyResponse } from './serverState.js';

/** Fails the request that `value` is, if it is one: its context is canceled with the error, which is then reported. */
export function handlerFailed(value: unknown, error: unknown): void {
  const { res } = (value ?? {}) as { res?: AnyResponse };
  const lifecycle = knownLifecycle(res);
  if (lifecycle?.ctx !== undefined) {
    if (isBecauseOfEnd(lifecycle.ctx, error)) return;
    lifecycle.failed = true;
    cancel(lifecycle.ctx, error);
  }
  complain('a handler failed', error);
}

/** Of errors that say that a response cannot be written to any more. */
const goneCodes: readonly unknown[] = [
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE', // since Node 24
  'ERR_HTTP2_INVALID_STREAM',
];

/** Whether a handler failed because its request is over, which is no news. */
function isBecauseOfEnd(ctx: Context, error: unknown): boolean {
  const { err } = ctx;
  if (err === undefined) return false;
  return errorOf(ctx, error) === err || goneCodes.includes((error as NodeJS.ErrnoException | null | undefined)?.code);
}

/** Reports as RxJS reports an error that nobody handles, but without ending the process. */
export function complain(what: string, error: unknown): void {
  if (config.onUnhandledError !== null) report(error);
  else {
    const { stack } = (error ?? {}) as Partial<Error>;
    const detail = typeof stack === 'string' ? stack : String(error);
    process.emitWarning(`requests: ${what}`, { type: 'UnhandledErrorWarning', detail });
  }
}
