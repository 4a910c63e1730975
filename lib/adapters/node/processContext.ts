/// <reference types="node" preserve="true" />
import { background } from '../rxjs7.js';
import { withCancelFunc } from '../../core/derive.js';
import type { CancelFunc, Context } from '../../core/context.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { ContextNode, Source } from '../../core/contextNode.js';
import { Listener } from '../../core/listenerList.js';
import { cancel, listen } from '../../core/cancellation.js';

/** The process got a signal that ended its {@link processContext}. */
export class ProcessSignalError extends Error {
  /** Also where the class has been minified. */
  declare readonly name: 'ProcessSignalError';

  /** @param signal for example `'SIGTERM'` */
  constructor(readonly signal: NodeJS.Signals) {
    super(`got ${signal}`);
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ProcessSignalError', configurable: true, writable: true });
  }
}

/**
 * Derives a context that is also done when the process gets one of the signals, with a {@link ProcessSignalError} as the
 * cause: for what a program has to stop before it ends.
 *
 * Ends the context only, not the process. A second signal does what Node does without us: by default it ends the process
 * at once. When the context is done, for whatever reason, no handler is left.
 *
 * @param parent done together with it, if that comes first
 * @param signals by default `['SIGINT', 'SIGTERM']`
 * @returns the context, and the function that cancels it and takes the handlers away
 * @throws TypeError when parent is not a context, or signals is not an array of signals that a process can handle
 */
export function processContext(
  parent: Context = background(),
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): [ctx: Context, cancel: CancelFunc] {
  const above = toInternal(parent, 'processContext', 'parent');
  if (!(signals instanceof Array)) throw invalidArgument('processContext', 'signals', 'an array of signals', signals);
  for (const signal of signals) {
    if (!/^SIG[A-Z0-9]+$/.test(signal)) throw invalidArgument('processContext', 'signals', 'names of signals', signal);
  }
  const ctx = new ContextNode(above, above.scope, new Source('processContext'));
  const end = (signal: NodeJS.Signals) => {
    cancel(ctx, new ProcessSignalError(signal));
  };
  const leave = () => {
    for (const signal of signals) process.off(signal, end);
  };
  // Its first listener: when any other hears of the end, the next signal is not ours any more.
  const listener = listen(ctx, new Listener(leave, call));
  if (ctx.err !== undefined) return withCancelFunc(ctx);
  for (const signal of new Set(signals)) {
    try {
      process.on(signal, end);
    } catch {
      listener.unsubscribe();
      leave();
      throw invalidArgument('processContext', 'signals', 'signals that a process can handle', signal);
    }
  }
  return withCancelFunc(ctx);
}

function call(f: () => void): void {
  f();
}
