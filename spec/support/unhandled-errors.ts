// RxJS throws unhandled errors from a timer, where they would end the process or fail a later spec.
// Here they are kept instead, and what a spec has not taken when it is over fails that spec.
import { config } from 'rxjs';

const realSetTimeout = setTimeout; // jasmine.clock() may have replaced the global one by then
const unhandled: unknown[] = [];

/** The errors reported as unhandled since the last call. RxJS reports from a timer: await {@link macrotask} first. */
export function takeUnhandledErrors(): unknown[] {
  return unhandled.splice(0);
}

/** Resolves after the timers that are due now, those of a mocked clock aside. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve));
}

beforeEach(() => {
  config.onUnhandledError = (error: unknown) => {
    unhandled.push(error);
  };
});

afterEach(async () => {
  await macrotask();
  for (const error of takeUnhandledErrors()) {
    fail(error);
  }
});
