import { config } from 'rxjs';
import { report } from '../../core/timer.js';

/** Reports as RxJS reports an error that nobody handles, but without ending the process: other requests are in flight. */
export function complain(what: string, error: unknown): void {
  if (config.onUnhandledError !== null) report(error);
  else console.error(`rxjs-ctx: ${what}`, error);
}
