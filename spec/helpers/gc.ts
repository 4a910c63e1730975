// Node only: a collector on demand, whatever flags the process was started with.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Bytes on the heap that something still holds. */
export async function heldBytes(): Promise<number> {
  await collect();
  return process.memoryUsage().heapUsed;
}

/** Collects garbage: twice with a turn of the event loop in between, for a WeakRef keeps its target until the turn is over. */
export async function collect(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
}
