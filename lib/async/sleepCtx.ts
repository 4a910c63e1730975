import { knownEndOf, listen } from '../core/cancellation.js';
import type { CoreContext } from '../core/context.js';
import type { ContextNode } from '../core/contextNode.js';
import { durationOf } from '../core/deadline.js';
import { toInternal } from '../core/foreign.js';
import { Listener, unlink } from '../core/listenerList.js';
import { arm, report } from '../core/timer.js';
import type { Clock, Timer, TimerTarget } from '../core/timer.js';

/**
 * Resolves after `ms` on the clock of ctx, or rejects with `ctx.err` when ctx is done first: a pause that a cancellation cuts
 * short.
 *
 * A pause that is longer than what ctx has left waits for the deadline and rejects then; compare with {@link remaining} to
 * fail early. On a `withScheduler` of a test it is virtual time. Afterwards neither a timer nor a listener is left.
 *
 * @example
 * ```ts
 * import { background, sleepCtx, withTimeout } from 'rxjs-ctx';
 *
 * const [ctx] = withTimeout(background(), 60_000);
 * while (!(await isReady(ctx))) await sleepCtx(ctx, 500);
 *
 * async function isReady(ctx: object) { return Boolean(ctx); }
 * ```
 *
 * @param ctx its `err` is what the result rejects with
 * @param ms milliseconds; 0 or negative: resolves in the next macrotask of the clock; `Infinity`: ends only with ctx
 * @throws TypeError when ctx is not a context or ms is not a number
 * @see https://nodejs.org/api/timers.html#timerspromisessettimeoutdelay-value-options
 */
export function sleepCtx(ctx: CoreContext, ms: number): Promise<void> {
  const node = toInternal(ctx, 'sleepCtx');
  const durationMs = durationOf(ms, 'sleepCtx');
  return new Promise((resolve, reject) => {
    const end = endOfNode(node);
    if (end !== undefined) reject(end.error);
    else new Sleep(node, resolve, reject).begin(durationMs);
  });
}

function endOfNode({ canceler }: ContextNode) {
  return canceler && knownEndOf(canceler);
}

class Sleep implements TimerTarget {
  timer: Timer | undefined = undefined;
  restMs = 0;
  private readonly clock: Clock;
  private readonly listener = new Listener<Sleep>(this, wake);

  constructor(
    private readonly node: ContextNode,
    private readonly resolve: () => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.clock = node.scope.clock;
  }

  /** What the clock throws rejects the promise: nothing is linked by then. */
  begin(ms: number): void {
    if (ms !== Infinity) arm(this, this.clock, ms);
    listen(this.node.canceler, this.listener);
  }

  onTimer(): void {
    if (this.restMs > 0) this.rearm();
    else this.settle();
  }

  private rearm(): void {
    try {
      arm(this, this.clock, this.restMs);
    } catch (error) {
      unlink(this.listener);
      this.reject(error);
    }
  }

  /** The deadline of ctx may have passed and its timer be late. */
  settle(): void {
    const { timer } = this;
    this.timer = undefined;
    unlink(this.listener);
    const end = endOfNode(this.node);
    if (end === undefined) this.resolve();
    else this.reject(end.error);
    try {
      timer?.unsubscribe();
    } catch (error) {
      report(error);
    }
  }
}

function wake(sleep: Sleep): void {
  sleep.settle();
}
