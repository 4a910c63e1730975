import { invalidArgument } from './invalidArgument.js';

/**
 * Names one request-scoped value and its type. Two keys with one name are two keys.
 *
 * @typeParam T the type of what is stored under the key
 * @typeParam D what a lookup returns when nothing is stored: `T` for a key with a default
 */
export interface ContextKey<in out T, out D extends T | undefined = T | undefined> {
  /** Shown by `String(ctx)`. */
  readonly name: string;
  /** What a lookup returns when nothing is stored. */
  readonly default: D;
}

/** A key of whatever type: for code that handles keys and not their values. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- no other type holds keys of every type
export type AnyContextKey = ContextKey<any, any>;

/**
 * Makes a key for {@link withValue} and {@link Context.value}. Keep it in the module that owns the value and export only
 * what others need, as Go does with its unexported key types.
 *
 * @param name shown by `String(ctx)`; need not be unique
 * @param options `default`: what a lookup returns where nothing is stored
 * @throws TypeError when name is not a string
 * @see https://pkg.go.dev/context#WithValue
 */
export function contextKey<T>(name: string, options: { default: T }): ContextKey<T, T>;
// A key without a type would take everything: the compiler shows the sentence where it is made.
export function contextKey<T = never>(
  name: [T] extends [never] ? 'give the key a type: contextKey<User>(…)' : string,
  options?: { default?: undefined },
): ContextKey<T>;
export function contextKey<T>(name: string, options?: { default?: T | undefined }): ContextKey<T> {
  if (typeof name !== 'string') throw invalidArgument('contextKey', 'name', 'a string', name);
  return { name, default: options?.default };
}

/** Decides by shape, so that a key of another copy of the library is a key too. */
export function checkKey(call: string, key: unknown): void {
  if (typeof key !== 'object' || key === null || !('name' in key && 'default' in key)) {
    throw invalidArgument(call, 'key', 'a ContextKey', key);
  }
}
