import { invalidArgument } from '../core/invalidArgument.js';

/** How many retries a service may still cost, over all calls: see {@link retryBudget}. */
export interface RetryBudget {
  /** Retries are made while this is above half of `maxTokens`. */
  readonly tokens: number;
}

/** @see {@link retryBudget} */
export interface RetryBudgetOptions {
  /** What it begins with, and never exceeds: 10 by default, above 0. */
  readonly maxTokens?: number | undefined;
  /** What a success gives back: 0.1 by default. A failure takes 1. */
  readonly tokenRatio?: number | undefined;
}

/** What {@link retryBudget} makes, in any copy of this package. */
export interface TokenBudget extends RetryBudget {
  readonly [budget]: {
    fail(): void;
    succeed(): void;
    readonly mayRetry: boolean;
  };
}

const budget: unique symbol = Symbol.for('rxjs-ctx/retryBudget') as never;

/**
 * Makes a budget of retries for all calls to one service. When more than a few calls in a hundred fail, retries stop by
 * themselves: they would only add to the load of a service that is down.
 *
 * Each failure takes a token, each success gives `tokenRatio` back. While half of the tokens or fewer are left, a failure is final.
 *
 * @example
 * ```ts
 * import { retryBudget, retryCtx } from 'rxjs-ctx';
 *
 * const budget = retryBudget({ maxTokens: 100 }); // one for the service, not one a call
 * const user$ = retryCtx(ctx, (ctx) => loadUser(ctx), { budget });
 * ```
 *
 * @throws TypeError when an option is not a number or out of range
 * @see [gRPC's retry throttling](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs)
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  if (Object(options) !== options) throw invalidArgument('retryBudget', 'options', 'an object', options);
  const { maxTokens = 10, tokenRatio = 0.1 } = options;
  if (typeof maxTokens !== 'number' || !(maxTokens > 0 && maxTokens < Infinity)) {
    throw invalidArgument('retryBudget', 'options.maxTokens', 'a number above 0', maxTokens);
  }
  if (typeof tokenRatio !== 'number' || !(tokenRatio >= 0)) {
    throw invalidArgument('retryBudget', 'options.tokenRatio', 'a number of at least 0', tokenRatio);
  }
  let tokens = maxTokens;
  const made: TokenBudget = {
    get tokens() {
      return tokens;
    },
    [budget]: {
      fail() {
        tokens = Math.max(0, tokens - 1);
      },
      succeed() {
        tokens = Math.min(maxTokens, tokens + tokenRatio);
      },
      get mayRetry() {
        return tokens > maxTokens / 2;
      },
    },
  };
  return made;
}

/** What the calls do with their budget. */
export type Tokens = TokenBudget[typeof budget];

/** The tokens of an option; `undefined` where there is no budget. */
export function tokensOf(given: RetryBudget | undefined, call: string): Tokens | undefined {
  if (given === undefined) return undefined;
  const tokens = (given as Partial<TokenBudget> | null)?.[budget];
  if (tokens === undefined) throw invalidArgument(call, 'options.budget', 'what retryBudget() returns', given);
  return tokens;
}
