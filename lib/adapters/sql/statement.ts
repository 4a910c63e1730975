// One statement on one connection, under a context. The order is what keeps strangers safe: a request to cancel names a
// connection, not a statement, so one that is late hits whatever runs there next.
//
//   ctx is done -> stop reading from the connection -> send the request, wait until it is over -> read on
//
// While nothing is read, the driver sees no end of the statement, so it neither starts the next one nor resolves. What it reads
// afterwards, the error of the server or the result, the request can no longer change.
import { afterFunc } from '../../core/derive.js';
import type { CoreContext } from '../../core/context.js';

/** How long the server may take to cancel a statement, and to roll back. The connection is closed then. */
export const answerLimitMs = 1000;

/** How long a request to cancel may have no effect before the next one is sent. */
const repeatMs = 100;

/** What an adapter says of one connection of its driver. */
export interface Connection {
  /** Stops reading what the server sends. */
  pause(): void;
  resume(): void;
  /** Asks the server to cancel what the connection runs. Resolves when the request cannot have an effect any more. */
  cancel(signal: AbortSignal): Promise<void>;
  /** Closes the connection without an `'error'` event, so that nobody can use it again. */
  destroy(): void;
  /** Whether the server says with `error` that a statement was canceled. */
  isCancel(error: unknown): boolean;
}

/** What the driver tells of one statement. */
export interface Statement<T> {
  /** The statement is about to be sent: `false` when it must not be. */
  readonly begin: () => boolean;
  readonly succeed: (result: T) => void;
  readonly fail: (error: Error) => void;
}

/** Resolves or rejects as the statement ends. Cancels it on the server when ctx is done, and then rejects with `ctx.err`. */
export function runStatement<T>(
  ctx: CoreContext,
  connection: Connection,
  submit: (statement: Statement<T>) => void,
): Promise<T> {
  if (ctx.err !== undefined) return Promise.reject(ctx.err);
  return new Promise((resolve, reject) => {
    let state: 'queued' | 'running' | 'over' = 'queued';
    let endLimit: (() => void) | undefined;

    const end = (settle: () => void) => {
      if (state === 'over') return;
      state = 'over';
      stop();
      endLimit?.();
      settle();
    };
    const giveUp = () => {
      end(() => {
        connection.destroy();
        reject(ctx.err!);
      });
    };
    const cancel = () => {
      // The driver may have ended the statement with the rest of what it was reading.
      if (state === 'over') return;
      const controller = new AbortController();
      const timer = setTimeout(giveUp, answerLimitMs);
      let next: ReturnType<typeof setTimeout> | undefined;
      const request = () => {
        connection.pause();
        connection.cancel(controller.signal).then(() => {
          // One that overtook the statement found the connection idle, and had no effect.
          next = setTimeout(request, repeatMs);
          connection.resume();
        }, giveUp);
      };
      endLimit = () => {
        clearTimeout(timer);
        clearTimeout(next);
        controller.abort();
      };
      request();
    };
    const stop = afterFunc(ctx, () => {
      if (state === 'running') queueMicrotask(cancel);
      else
        end(() => {
          reject(ctx.err!);
        });
    });

    submit({
      begin: () => {
        // Reading `err` looks at the clock: the timer of a deadline may be late.
        if (state === 'queued' && ctx.err === undefined) state = 'running';
        return state === 'running';
      },
      succeed: (result) => {
        end(() => {
          resolve(result);
        });
      },
      fail: (error) => {
        const isOurs = state === 'queued' || connection.isCancel(error);
        end(() => {
          reject(isOurs ? (ctx.err ?? error) : error);
        });
      },
    });
  });
}

/** As `promise`, and rejects with `ctx.err` when ctx is done first: then `late` gets what comes. */
export function acquireUntil<T>(ctx: CoreContext, promise: Promise<T>, late: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const stop = afterFunc(ctx, () => {
      waiting = false;
      reject(ctx.err!);
    });
    void promise
      .then((value) => {
        if (waiting) resolve(value);
        else late(value);
      }, reject)
      .finally(stop);
  });
}
