// What happened to the contexts of a life happens to others, one thing after the other and not from inside listeners: to some with
// a listener on every context, and to some with none; nobody reads until all is over. They must have ended as the first ones did.
import type { Context, ContextError } from '../../lib/index.js';
import type { Heard } from './listen.js';
import type { Life } from './life.js';
import type { ModelEnd } from './model.js';
import { World, nameOf, print } from './world.js';

/** @returns what differs, if anything does */
export function compareWithTwins(life: Life, foreign: boolean): string | undefined {
  return compare(life, foreign, 'with a listener on every context', []) ?? compare(life, foreign, 'with no listener');
}

function compare(life: Life, foreign: boolean, how: string, heard?: Heard[]): string | undefined {
  const world = replay(life, foreign, heard);
  const ids = life.foreseen.known.map(({ id }) => id);
  // Who is asked first must not matter.
  const what =
    whoEndedOtherwise(life, world, heard === undefined ? ids.reverse() : ids) ??
    whoHeardOtherwise(world, heard) ??
    (world.left() && `after the end: ${world.left()}`);
  return what ? `${how}, ${what}` : undefined;
}

function replay(life: Life, foreign: boolean, heard?: Heard[]): World {
  const world = new World(heard);
  const wait = (frame: number) => {
    // Where nothing depends on a timer, and nobody waits for one, none fires.
    if (heard === undefined && !foreign) world.clock.frame = frame;
    else world.fireUntil(frame, look);
  };
  // What is foreign counts as ended when it is first seen to be.
  const look = () => {
    if (foreign) for (const ctx of world.contexts) read(ctx);
  };
  for (const step of life.steps) {
    wait(step.frame);
    world.take(step);
    look();
  }
  wait(life.world.clock.frame);
  return world;
}

function read(ctx: Context): unknown {
  return ctx.err;
}

function whoEndedOtherwise(
  { foreseen: { known } }: Life,
  { contexts }: World,
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

function whoHeardOtherwise({ contexts }: World, heard: Heard[] = []): string | undefined {
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
