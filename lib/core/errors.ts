// Why a context is done. Whatever ends a context makes one End, which every descendant that ends with it shares. The Error
// that users see is made from it on first read, because most cancellations are never looked at.

/** What `ctx.err` is: tell the two apart with `instanceof`, or by `name` as with the platform's own errors. */
export type ContextError = CanceledError | DeadlineExceededError;

/**
 * The context was canceled: its cancel function was called, its parent was canceled, or a source of its
 * {@link withCancelOn} fired.
 *
 * The `name` is the web platform's `'AbortError'`, so code that treats an aborted `fetch` specially treats this alike.
 *
 * @see https://pkg.go.dev/context#pkg-variables `Canceled`
 */
export class CanceledError extends Error {
  /** The web platform's name for work that was aborted. */
  declare readonly name: 'AbortError';

  /** @param cause becomes the ES2022 `cause`; with `undefined` the error has no such property */
  constructor(cause?: unknown) {
    super('context canceled', cause === undefined ? undefined : { cause });
  }

  static {
    nameErrors(this, 'AbortError');
  }
}

/**
 * The context's deadline passed before its work was done.
 *
 * The `name` is the web platform's `'TimeoutError'`, and `timeout` is true as with Node's and Go's network errors.
 *
 * @see https://pkg.go.dev/context#pkg-variables `DeadlineExceeded`
 */
export class DeadlineExceededError extends Error {
  /** The web platform's name for work that took too long. */
  declare readonly name: 'TimeoutError';
  /** As with the network errors of Go. */
  readonly timeout = true;

  /** @param cause becomes the ES2022 `cause`; with `undefined` the error has no such property */
  constructor(cause?: unknown) {
    super('context deadline exceeded', cause === undefined ? undefined : { cause });
  }

  static {
    nameErrors(this, 'TimeoutError');
  }
}

/** Gives all errors of a class their name, also where the class has been minified. Not enumerable, as `Error`'s own. */
export function nameErrors(ErrorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(ErrorClass.prototype, 'name', { value: name, configurable: true, writable: true });
}

/**
 * Returns whether `error` says that a context was canceled.
 *
 * Decides by name and message, so that it recognizes the errors of another copy of the library, where `instanceof` fails, and
 * rejects the `AbortError` of something else. An AbortError that wraps another error as its `cause` (Node's `ABORT_ERR`, the
 * DOM's code 20) counts as that cause: Node's own APIs wrap `ctx.err` that way.
 *
 * @see {@link errorOf} for libraries whose errors keep no cause
 */
export function isCanceled(error: unknown): error is Error {
  return isNamed(unwrapAbort(error), 'AbortError', 'context canceled');
}

/** Returns whether `error` says that a context's deadline passed. Decides as {@link isCanceled} does. */
export function isDeadlineExceeded(error: unknown): error is Error {
  return isNamed(unwrapAbort(error), 'TimeoutError', 'context deadline exceeded');
}

function isNamed(error: unknown, name: string, message: string): boolean {
  const shape = error as Partial<Error> | null | undefined;
  return shape?.name === name && shape.message === message;
}

interface AbortErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/** The cause of an AbortError of Node or the DOM that has one; everything else as it is. */
function unwrapAbort(error: unknown): unknown {
  const { name, code, cause } = (error ?? {}) as AbortErrorLike;
  return name === 'AbortError' && (code === 'ABORT_ERR' || code === 20) ? (cause ?? error) : error;
}

/** Whether `error` is what an API throws whose work was aborted: fetch, Node's own APIs, axios. */
export function isAbort(error: unknown): boolean {
  const { name, code } = (error ?? {}) as AbortErrorLike;
  return name === 'AbortError' || code === 'ABORT_ERR' || code === 'ERR_CANCELED';
}

/** How many contexts have ended so far: whether anything has ended since. */
export let endCount = 0;

/** Counts what happens: each cancel, and each abort of a signal outside. */
let moment = 0;

/** Called when something happens: what ends from now on ended later than what has ended. */
export function nextMoment(): void {
  moment++;
}

/** How one context ended. Descendants that end with it hold the same object, and so show the same error. */
export class End {
  /** When it happened, or was first seen to have: of two cancellations in one millisecond, which came first. */
  moment = moment;

  /**
   * @param ErrorClass which error to make
   * @param ownCause `undefined` when none was given
   * @param at when it came, in ms on the clock of its tree; `undefined` when no deadline below needs to know
   * @param cachedError the error, if a foreign context has made it already
   */
  constructor(
    readonly ErrorClass: new (cause?: unknown) => ContextError,
    readonly ownCause: unknown,
    readonly at: number | undefined,
    private cachedError?: ContextError,
  ) {
    endCount++;
  }

  /** Made on first read. */
  get error(): ContextError {
    return (this.cachedError ??= makeError(this.ErrorClass, this.ownCause));
  }

  get cause(): unknown {
    return this.ownCause === undefined ? this.error : this.ownCause;
  }

  /** Within one millisecond a deadline comes before a cancel. */
  get isDeadline(): boolean {
    return this.ErrorClass === DeadlineExceededError;
  }
}

// Without a stack: it would show who read `err` first, which helps nobody, and costs ten times the error itself.
function makeError(ErrorClass: End['ErrorClass'], cause: unknown): ContextError {
  // Where the stack is nearly full this fails, and not what takes the limit back.
  reserveStack(framesNeeded);
  const { stackTraceLimit } = host;
  limitStack(0);
  try {
    return new ErrorClass(cause);
  } finally {
    limitStack(stackTraceLimit);
  }
}

/** More than the making of an error takes, in any engine. */
const framesNeeded = 50;

function reserveStack(frames: number): number {
  return frames === 0 ? 0 : 1 + reserveStack(frames - 1);
}

const host = Error as { stackTraceLimit?: unknown };

/** Sets `Error.stackTraceLimit`. */
export function limitStack(frames: unknown): void {
  try {
    host.stackTraceLimit = frames;
  } catch {
    // Where `Error` is frozen the stack stays.
  }
}
