/// <reference types="node" preserve="true" />
// One listener of the process for each signal, however many contexts wait for it: Node warns of more than ten.

/** Called with the name of the signal. */
export type SignalHandler = (signal: NodeJS.Signals) => void;

interface Waiting {
  readonly handlers: Set<SignalHandler>;
  /** What the process calls. */
  readonly dispatch: () => void;
}

const waitingFor = new Map<NodeJS.Signals, Waiting>();

/** Has `handler` called once, when the process gets the signal. Throws where no process can handle it. */
export function onSignal(signal: NodeJS.Signals, handler: SignalHandler): void {
  const waiting = waitingFor.get(signal) ?? newWaiting(signal);
  // `process.removeAllListeners()` may have removed it.
  if (!process.listeners(signal).includes(waiting.dispatch)) process.on(signal, waiting.dispatch);
  waiting.handlers.add(handler);
  waitingFor.set(signal, waiting);
}

export function offSignal(signal: NodeJS.Signals, handler: SignalHandler): void {
  const waiting = waitingFor.get(signal);
  if (waiting?.handlers.delete(handler) === true && waiting.handlers.size === 0) remove(signal, waiting);
}

function newWaiting(signal: NodeJS.Signals): Waiting {
  const waiting: Waiting = {
    handlers: new Set(),
    dispatch: () => {
      // Before the first handler is called: the next signal has Node's default effect, unless a handler asks for it.
      remove(signal, waiting);
      for (const handler of waiting.handlers) handler(signal);
    },
  };
  return waiting;
}

function remove(signal: NodeJS.Signals, { dispatch }: Waiting): void {
  waitingFor.delete(signal);
  process.off(signal, dispatch);
}
