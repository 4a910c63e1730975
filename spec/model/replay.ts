// What happened to the contexts of a runner happens to others, one thing after the other and not from inside listeners: to some with
// a listener on every context, and to some with none; nobody reads until all is over. They must have ended as the first ones did.
import type { Context, ContextError } from '../../lib/index.js';
import type { Heard } from '../helpers/listen.js';
import type { Runner } from './runner.js';
import type { ModelEnd } from './model.js';
import { System, nameOf, print } from './system.js';

/** @returns what differs, if anything does */
export function compareWithReplays(runner: Runner, foreign: boolean): string | undefined {
  return (
    compare(runner, foreign, 'with a listener on every context', []) ?? compare(runner, foreign, 'with no listener')
  );
}

function compare(runner: Runner, foreign: boolean, how: string, heard?: Heard[]): string | undefined {
  const system = replay(runner, foreign, heard);
  const ids = runner.expected.known.map(({ id }) => id);
  // Who is asked first must not matter.
  const what =
    whoEndedOtherwise(runner, system, heard === undefined ? ids.reverse() : ids) ??
    whoHeardOtherwise(system, heard) ??
    (system.left() && `after the end: ${system.left()}`);
  return what ? `${how}, ${what}` : undefined;
}

function replay(runner: Runner, foreign: boolean, heard?: Heard[]): System {
  const system = new System(heard);
  const wait = (frame: number) => {
    // Where nothing depends on a timer, and nobody waits for one, none fires.
    if (heard === undefined && !foreign) system.clock.frame = frame;
    else system.fireUntil(frame, look);
  };
  // What is foreign counts as ended when it is first seen to be.
  const look = () => {
    if (foreign) for (const ctx of system.contexts) read(ctx);
  };
  for (const step of runner.steps) {
    wait(step.frame);
    system.take(step);
    look();
  }
  wait(runner.system.clock.frame);
  return system;
}

function read(ctx: Context): unknown {
  return ctx.err;
}

function whoEndedOtherwise(
  { expected: { known } }: Runner,
  { contexts }: System,
  ids: readonly number[],
): string | undefined {
  const errs = new Map<unknown, ContextError>();
  const ends = new Map<ContextError, ModelEnd>();
  for (const id of ids) {
    const { end } = known[id]!;
    const { err } = contexts[id]!;
    if (end === undefined || err === undefined) {
      if (end !== err) return `${nameOf(id)} is ${err === undefined ? 'open' : 'done'}`;
      continue;
    }
    if (!errs.has(end) && !ends.has(err)) {
      errs.set(end, err);
      ends.set(err, end);
    }
    const name = end.kind === 'canceled' ? 'AbortError' : 'TimeoutError';
    if (errs.get(end) !== err || err.name !== name) return `${nameOf(id)} ended by another: ${err.message}`;
  }
  for (const id of ids) {
    const { end } = known[id]!;
    const { err, cause } = contexts[id]!;
    const wanted = end?.cause === undefined ? err : (errs.get(end.cause) ?? end.cause);
    if (cause !== wanted) return `${nameOf(id)} has another cause: ${print(cause)}`;
  }
  return undefined;
}

function whoHeardOtherwise({ contexts }: System, heard: Heard[] = []): string | undefined {
  for (const [id, { errs, completed, unsubscribe }] of heard.entries()) {
    unsubscribe();
    const { err } = contexts[id]!;
    const times = err === undefined ? 0 : 1;
    if (errs.length !== times || errs[0] !== err || completed !== times) {
      return `that of ${nameOf(id)} heard ${errs.length} errors and ${completed} completions`;
    }
  }
  return undefined;
}
