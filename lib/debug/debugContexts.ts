import { invalidArgument } from '../core/invalidArgument.js';
import { registry } from './registry.js';

/** @see {@link debugContexts} */
export interface DebugOptions {
  /** Whether to keep the stacks of what makes and ends contexts: by default `true`. They cost the most. */
  readonly stacks?: boolean | undefined;
}

/**
 * Watches all contexts from now on, until the result is disposed of: {@link ctxTree} and {@link printCtxTree} show them, with
 * the line that made each and the line that ended it. For development and for looking into a process that misbehaves: each
 * context costs microseconds more.
 *
 * Contexts are held weakly. One that was made before is shown as a root, when something is below it. Calls are counted:
 * watching stops when all results are disposed of.
 *
 * @example
 * ```ts
 * import { background, withCancel } from 'rxjs-ctx';
 * import { debugContexts, printCtxTree } from 'rxjs-ctx/debug';
 *
 * debugContexts();
 * const [page] = withCancel(background());
 * page.done$.subscribe();
 * console.log(printCtxTree());
 * ```
 *
 * @param options `stacks: false` leaves the lines out
 * @returns stops watching when it is disposed of
 * @throws TypeError when options are no object or `stacks` is no boolean
 * @see https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Error/stack
 */
export function debugContexts(options: DebugOptions = {}): Disposable {
  const { stacks = true } = checkOptions('debugContexts', options, 'stacks');
  return registry().watch({ stacks });
}

/** Returns the options, an object whose `name` is a boolean or left out. */
export function checkOptions<O extends object>(call: string, options: O, name: keyof O & string): O {
  if (Object(options) !== options) throw invalidArgument(call, 'options', 'an object', options);
  const value: unknown = options[name];
  if (value !== undefined && typeof value !== 'boolean') {
    throw invalidArgument(call, `options.${name}`, 'true or false', value);
  }
  return options;
}
