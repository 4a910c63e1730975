// What retryCtx and hedgeCtx infer, and what they refuse.
import { expectTypeOf } from 'expect-type';
import type { Observable } from 'rxjs';
import { of } from 'rxjs';
import { background, hedgeCtx, retryBudget, retryCtx } from 'rxjs-ctx';
import type { Context, RetryBudget } from 'rxjs-ctx';
import { retryAfter } from 'rxjs-ctx/http';

const ctx = background();

expectTypeOf(retryCtx(ctx, () => of(1))).toEqualTypeOf<Observable<number>>();
expectTypeOf(retryCtx(ctx, async () => Promise.resolve('a'))).toEqualTypeOf<Observable<string>>();
expectTypeOf(retryCtx(ctx, (child, { attempt, error }) => [[child, attempt, error] as const])).toEqualTypeOf<
  Observable<readonly [Context, number, unknown]>
>();
expectTypeOf(hedgeCtx(ctx, (_, attempt) => of(attempt), { delayMs: 5 })).toEqualTypeOf<Observable<number>>();
expectTypeOf(retryBudget()).toEqualTypeOf<RetryBudget>();

// Options may be given as undefined.
retryCtx(ctx, () => of(1), { maxAttempts: undefined, when: undefined, budget: undefined, needsMs: undefined });

class HttpError extends Error {
  readonly status: number = 503;
  readonly headers = new Headers();
}
retryCtx(ctx, () => of(1), {
  when: (e) => e instanceof HttpError && e.status === 503 && (retryAfter(e.headers) ?? true),
});

// @ts-expect-error -- there is no work
retryCtx(ctx);
// @ts-expect-error -- a number is no input
retryCtx(ctx, () => 5);
// @ts-expect-error -- the delay is missing
hedgeCtx(ctx, () => of(1), {});
// @ts-expect-error -- it has another name
retryCtx(ctx, () => of(1), { retries: 3 });
// @ts-expect-error -- not of retryBudget, as far as a type can tell
retryCtx(ctx, () => of(1), { budget: 5 });
