import type { End } from './errors.js';
import type { Ctx } from './node.js';
import { Listener, listen } from './tree.js';

const signals = new WeakMap<Ctx, AbortSignal>();

/** The signal of a context, made on first use: one for all contexts that can only end together. */
export function signalOf(ctx: Ctx): AbortSignal {
  const owner = ctx.node ?? ctx;
  let signal = signals.get(owner);
  if (signal === undefined) {
    const controller = new AbortController();
    signal = controller.signal;
    signals.set(owner, signal);
    listen(ctx.node, new Listener(controller, abort));
  }
  return signal;
}

function abort(controller: AbortController, end: End): void {
  controller.abort(end.error);
}
