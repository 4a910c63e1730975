import { badInput } from './input.js';

/**
 * Names one request-scoped value and its type. Two keys with one name are two keys.
 *
 * @typeParam T what is stored under the key
 * @typeParam D what a lookup gives when nothing is stored: `T` for a key with a default
 */
export interface ContextKey<in out T, out D extends T | undefined = T | undefined> {
  /** Shown by `String(ctx)`. */
  readonly name: string;
  /** What a lookup gives when nothing is stored. */
  readonly default: D;
}

/**
 * Makes a key for {@link withValue} and {@link Context.value}. Keep it in a module that owns the value and export only
 * what others need, as Go does with its unexported key types.
 *
 * @param name shown by `String(ctx)`; need not be unique
 * @param options `default`: what a lookup gives where nothing is stored
 * @throws TypeError when name is not a string
 */
export function contextKey<T>(name: string, options: { default: T }): ContextKey<T, T>;
export function contextKey<T>(name: string, options?: { default?: undefined }): ContextKey<T>;
export function contextKey<T>(name: string, options?: { default?: T | undefined }): ContextKey<T> {
  if (typeof name !== 'string') throw badInput('contextKey', 'name', 'a string', name);
  return { name, default: options?.default };
}

/** By shape, so that a key of another copy of the library is a key too. */
export function checkKey(call: string, key: unknown): void {
  if (typeof key !== 'object' || key === null || !('name' in key && 'default' in key)) {
    throw badInput(call, 'key', 'a ContextKey', key);
  }
}
