/// <reference types="node" preserve="true" />
import { Observable } from 'rxjs';
import { afterFunc, withCancelFunc } from '../../core/derive.js';
import { background } from '../rxjs7.js';
import type { CancelFunc, Context } from '../../core/context.js';
import { nameErrors } from '../../core/errors.js';
import type { ContextError } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { ContextNode, Source } from '../../core/contextNode.js';
import { cancel } from '../../core/cancellation.js';
import { ListenerList } from '../../core/listenerList.js';
import { longestDelayMs } from '../../core/timer.js';
import { offSignal, onSignal } from './signalHandlers.js';
import { isSignalName, nearestSignal } from './signalNames.js';

/** The process got a signal that ended its {@link processContext}. */
export class ProcessSignalError extends Error {
  /** Also where the class has been minified. */
  declare readonly name: 'ProcessSignalError';

  /** @param signal for example `'SIGTERM'` */
  constructor(readonly signal: NodeJS.Signals) {
    super(`got ${signal}`);
  }

  static {
    nameErrors(this, 'ProcessSignalError');
  }
}

/**
 * Derives a context that is also done when the process gets one of the signals, with a {@link ProcessSignalError} as the
 * cause. Use it as the root context of a program, so that its work stops before the process ends.
 *
 * The first signal ends the context only, not the process. A second signal has Node's default effect: it ends the process
 * at once. When the context is done, for whatever reason, no signal handler is left. However many contexts wait for a
 * signal, the process has one listener for it.
 *
 * The process stays alive while `ctx.done$` has a subscriber and the context is not done, so that a program can wait:
 *
 * ```ts
 * import { firstValueFrom } from 'rxjs';
 * import { processContext } from 'rxjs-ctx/node';
 *
 * const [main] = processContext();
 * await firstValueFrom(main.done$);
 * console.log(String(main.cause)); // ProcessSignalError: got SIGTERM
 * ```
 *
 * Nothing else keeps the process alive: neither `ctx.signal`, `afterFunc`, an operator nor a context derived from it.
 *
 * @param parent done together with it, if that comes first
 * @param signals by default `['SIGINT', 'SIGTERM']`. `SIGBREAK` and `SIGINFO` are accepted on every platform
 * @returns the context, and the function that cancels it and removes the signal handlers
 * @throws TypeError when parent is not a context, or signals is not an array of signals that a process can handle
 * @see [Go's `signal.NotifyContext`](https://pkg.go.dev/os/signal#NotifyContext)
 */
export function processContext(
  parent: Context = background(),
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): [ctx: Context, cancel: CancelFunc] {
  const above = toInternal(parent, 'processContext', 'parent');
  if (!(signals instanceof Array)) throw invalidArgument('processContext', 'signals', 'an array of signals', signals);
  for (const signal of signals) if (!isSignalName(signal)) throw unknownSignal(signal);
  const names = new Set(signals);
  const ctx = new ContextNode(above, above.scope, new Source(`processContext(${[...names].join(', ')})`));
  ctx.list = new ListenerList(ctx);
  ctx.list.done$ = keepingAlive(ctx);
  const end = (signal: NodeJS.Signals) => {
    cancel(ctx, new ProcessSignalError(signal));
  };
  const leave = () => {
    for (const signal of names) offSignal(signal, end);
  };
  // Its first listener: when any other hears of the end, the next signal is not ours any more.
  const stop = afterFunc(ctx, leave);
  if (ctx.err !== undefined) return withCancelFunc(ctx);
  for (const signal of names) {
    try {
      onSignal(signal, end);
    } catch {
      stop();
      leave();
      throw invalidArgument('processContext', 'signals', 'signals that a process can handle', signal);
    }
  }
  return withCancelFunc(ctx);
}

/** The `done$` of a context for which the process is to wait. */
function keepingAlive(ctx: Context): Observable<ContextError> {
  return new Observable((subscriber) => {
    const stop = afterFunc(ctx, () => {
      subscriber.next(ctx.err!);
      subscriber.complete();
    });
    if (subscriber.closed) return;
    // A handler of a signal does not keep a process alive, a timer does.
    const timer = setInterval(() => undefined, longestDelayMs);
    subscriber.add(() => {
      clearInterval(timer);
      stop();
    });
  });
}

function unknownSignal(name: unknown): TypeError {
  const meant = typeof name === 'string' ? nearestSignal(name) : undefined;
  const hint = meant === undefined ? undefined : `did you mean "${meant}"?`;
  return invalidArgument('processContext', 'signals', 'names of signals', name, hint);
}
