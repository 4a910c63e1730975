// Why a context is done. An End is made by whatever ends a context and is shared by every descendant that ends with it;
// the Error that users see is made from it when somebody first asks, because most cancellations are never looked at.
import type { SchedulerLike } from 'rxjs';

/** What `ctx.err` is: tell the two apart with `instanceof`, or by `name` as with the platform's own errors. */
export type ContextError = CanceledError | DeadlineExceededError;

/**
 * The context was canceled: its cancel function was called, its parent was canceled, or what it follows spoke.
 *
 * The `name` is the web platform's `'AbortError'`, so code that treats an aborted `fetch` specially treats this alike.
 */
export class CanceledError extends Error {
  /** The web platform's name for what was aborted. */
  declare readonly name: 'AbortError';

  /** @param cause becomes the ES2022 `cause`; without one (`undefined`) the error has no such property */
  constructor(cause?: unknown) {
    super('context canceled', cause === undefined ? undefined : { cause });
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'AbortError', configurable: true, writable: true });
  }
}

/**
 * The context's deadline passed before its work was done.
 *
 * The `name` is the web platform's `'TimeoutError'`, and `timeout` is true as with Node's and Go's network errors.
 */
export class DeadlineExceededError extends Error {
  /** The web platform's name for what took too long. */
  declare readonly name: 'TimeoutError';
  /** As with the network errors of Go. */
  readonly timeout = true;

  /** @param cause becomes the ES2022 `cause`; without one (`undefined`) the error has no such property */
  constructor(cause?: unknown) {
    super('context deadline exceeded', cause === undefined ? undefined : { cause });
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'TimeoutError', configurable: true, writable: true });
  }
}

/**
 * Whether `error` says that a context was canceled: by name and shape, so that it knows the errors of another copy of the
 * library, where `instanceof` fails, and does not take the `AbortError` of somebody else for one.
 */
export function isCanceled(error: unknown): error is CanceledError {
  return isNamed(error, 'AbortError', 'context canceled');
}

/** Whether `error` says that a context's deadline passed: by name and shape, as {@link isCanceled}. */
export function isDeadlineExceeded(error: unknown): error is DeadlineExceededError {
  return isNamed(error, 'TimeoutError', 'context deadline exceeded');
}

function isNamed(error: unknown, name: string, message: string): boolean {
  const shape = error as Partial<Error> | null | undefined;
  return shape?.name === name && shape.message === message;
}

/** One moment, in epoch ms on each clock on which somebody has to know it. */
export type Instants = ReadonlyMap<SchedulerLike, number>;

/** How one context ended. Descendants that end with it hold the same object, and so show the same error. */
export class End {
  /**
   * @param kind which error to make
   * @param given the cause, `undefined` when none was given
   * @param at when it came; `undefined` when nobody has to know
   * @param made the error, where a foreign context has made it already
   */
  constructor(
    readonly kind: new (cause?: unknown) => ContextError,
    readonly given: unknown,
    readonly at: Instants | undefined,
    private made?: ContextError,
  ) {}

  /** Whether it was a deadline that came: within one millisecond that is before a cancel. */
  get reached(): boolean {
    return this.kind === DeadlineExceededError;
  }

  /** Made by the first who reads it. */
  get error(): ContextError {
    return (this.made ??= withoutStack(this.kind, this.given));
  }

  get cause(): unknown {
    return this.given === undefined ? this.error : this.given;
  }
}

// A stack would show who read `err` first, which is nobody's question, and costs ten times the error itself.
function withoutStack(kind: End['kind'], given: unknown): ContextError {
  const { stackTraceLimit } = host;
  limitStack(0);
  const error = new kind(given);
  limitStack(stackTraceLimit);
  return error;
}

const host = Error as { stackTraceLimit?: unknown };

function limitStack(frames: unknown): void {
  try {
    host.stackTraceLimit = frames;
  } catch {
    // Where `Error` is frozen the stack stays.
  }
}
