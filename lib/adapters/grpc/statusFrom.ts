/// <reference types="node" preserve="true" />
import type { Metadata } from '@grpc/grpc-js';
import { isCanceled, isDeadlineExceeded } from '../../core/errors.js';

/** How a call ends: what a callback of `@grpc/grpc-js`, the event `error` of a call, and `RpcException` of NestJS take. */
export interface CallStatus {
  /** Of the table in gRPC's documentation, such as 5 for NOT_FOUND. */
  readonly code: number;
  /** For people: the client gets it. */
  readonly details: string;
  /** Sent as the trailers. */
  readonly metadata?: Metadata;
}

/** The codes of gRPC that are used here. */
export const Code = { Canceled: 1, Unknown: 2, DeadlineExceeded: 4, Internal: 13, Unavailable: 14 } as const;
const lastCode = 16;

/**
 * Returns the status that tells a client of `error`, as Go's `status.FromContextError` does for the two errors of a context.
 *
 * - A `DeadlineExceededError`: 4, DEADLINE_EXCEEDED.
 * - A `CanceledError`: 1, CANCELLED.
 * - An object with a whole number of 1 to 16 as its `code`, which is no `DOMException`: that code, its `details` or else its
 *   message, and its `metadata`.
 * - Anything else: 2, UNKNOWN, with the message. The client reads it: catch what it should not see.
 *
 * {@link serviceCtx} does this for what handlers throw. Call it in handlers of another kind. Given an aborted fetch's error,
 * which has the code 20, grpc-js itself would send status 20, which no client knows.
 *
 * @example
 * ```ts
 * import { statusFrom } from 'rxjs-ctx/grpc';
 *
 * function unary(call: unknown, callback: (error: unknown) => void) {
 *   work().catch((error: unknown) => callback(statusFrom(error)));
 * }
 * ```
 * @param error anything that was thrown
 * @returns the status
 * @see [Status codes of gRPC](https://grpc.io/docs/guides/status-codes/)
 */
export function statusFrom(error: unknown): CallStatus {
  if (isDeadlineExceeded(error)) return { code: Code.DeadlineExceeded, details: error.message };
  if (isCanceled(error)) return { code: Code.Canceled, details: error.message };
  const { code, details, message, metadata } = (error ?? {}) as Record<string, unknown>;
  const said = [details, message].find((text) => typeof text === 'string');
  if (!isCode(code) || error instanceof DOMException) {
    return { code: Code.Unknown, details: wellFormed(typeof message === 'string' ? message : nameOf(error)) };
  }
  const status = { code, details: wellFormed(said ?? '') };
  return isMetadata(metadata) ? { ...status, metadata } : status;
}

function isCode(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 1 && (code as number) <= lastCode;
}

function isMetadata(value: unknown): value is Metadata {
  return typeof (value as Partial<Metadata> | null | undefined)?.toHttp2Headers === 'function';
}

function nameOf(error: unknown): string {
  return Object(error) === error ? Object.prototype.toString.call(error) : String(error);
}

/** grpc-js throws where half of a surrogate pair is in the text. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
