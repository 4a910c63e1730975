// Compiled, never run: what a context may be canceled on, and what it may not.
import { expectTypeOf } from 'expect-type';
import { NEVER, Subject } from 'rxjs';
import type { Observable, ObservableInput } from 'rxjs';
import { background, withCancelOn } from '../../lib/index.js';
import type { CancelFunc, Context } from '../../lib/index.js';

declare const ctx: Context;
declare const clicks$: Observable<Event>;
declare const input: ObservableInput<number>;
declare const either: Observable<string> | AbortSignal | Context;

expectTypeOf(withCancelOn(ctx, clicks$)).toEqualTypeOf<[ctx: Context, cancel: CancelFunc]>();
withCancelOn(ctx, new Subject<void>());
withCancelOn(ctx, NEVER);
withCancelOn(ctx, input);
withCancelOn(ctx, Promise.resolve(5));
withCancelOn(ctx, [1, 2]);
withCancelOn(ctx, new Set(['a']));
withCancelOn(ctx, new ReadableStream<string>());
withCancelOn(
  ctx,
  (async function* () {
    yield await Promise.resolve(1);
  })(),
);
withCancelOn(ctx, new AbortController().signal);
withCancelOn(ctx, AbortSignal.timeout(5));
withCancelOn(ctx, background());
withCancelOn(ctx, either);
withCancelOn(ctx, ctx.done$);
withCancelOn(ctx, ctx.signal);

function using() {
  const [child, cancel] = withCancelOn(ctx, clicks$);
  using _ = cancel;
  return child.cause;
}
expectTypeOf(using).returns.toBeUnknown();

withCancelOn(ctx);
withCancelOn(ctx, clicks$, ctx.signal, ctx);
// @ts-expect-error -- the parent is missing
withCancelOn(clicks$);
// @ts-expect-error -- the parent comes first
withCancelOn(clicks$, ctx);
// @ts-expect-error -- the signal, not its controller
withCancelOn(ctx, new AbortController());
// @ts-expect-error -- a source, not a function that makes one
withCancelOn(ctx, () => clicks$);
// @ts-expect-error -- the context, not the tuple, as the parent
withCancelOn(withCancelOn(ctx, clicks$), clicks$);
// @ts-expect-error -- neither observable nor promise nor iterable
withCancelOn(ctx, 5);
// @ts-expect-error -- nor this
withCancelOn(ctx, { addEventListener: () => undefined });
// @ts-expect-error -- nor nothing
withCancelOn(ctx, undefined);
