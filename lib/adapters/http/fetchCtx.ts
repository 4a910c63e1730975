import { Observable } from 'rxjs';
import { afterFunc, withCancel } from '../../core/derive.js';
import type { Context } from '../../core/context.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import { withCancelOn } from '../withCancelOn.js';
import { leased } from './body.js';
import { discard, overriding, referrerOf } from './requestInit.js';
import { limitsTime, timeoutHeaders } from './timeoutHeaders.js';

/**
 * Calls `fetch` under a child of `ctx`, emits the response and completes. Each subscription sends a request of its own.
 *
 * Use it inside `usingCtx` or `switchMapCtx`, or wherever a request has to stop when its result is no longer wanted:
 *
 * - When `ctx` is done, the request is aborted and the returned observable errors with `ctx.err`. If `ctx` is done before
 *   the subscription, nothing is sent, and a stream that was given as the body is canceled.
 * - When `init.signal` aborts, the request is aborted and the returned observable errors with the reason of the signal.
 * - When it is unsubscribed before the response has arrived, the request is aborted.
 *
 * Once the response has arrived, its reader owns the body: unsubscribing, as `firstValueFrom` does, has no effect on it. If
 * `ctx` is done while the body is read, the request is aborted and reading fails with `ctx.err`. The listener on `ctx` is
 * removed when the body has been read or canceled, or is garbage.
 *
 * On a server, when `ctx` has a deadline, the rest of the time is sent along as {@link timeoutHeaders} writes it, unless the
 * headers limit the time already. In a browser nothing is added, because a server of another origin, to which a request may
 * be redirected, has to allow such a header (CORS). Where the server does, ask for it:
 *
 * ```ts
 * import { fetchCtx, timeoutHeaders } from 'rxjs-ctx/http';
 *
 * const rows$ = usingCtx(ctx, (ctx) => fetchCtx(ctx, '/rows', { headers: timeoutHeaders(ctx) }));
 * ```
 *
 * It calls the global `fetch`, which may be another implementation than that of the host. The response has the same
 * properties as that of `fetch`. When its body is a web stream, the response is a copy that passes the body on as it is read;
 * the body of any other implementation, such as a Node stream, stays as it is, and is aborted when `ctx` is done.
 *
 * @param ctx a child of it ends the request, and the body while that is being read
 * @param input as for `fetch`; a `Request` with a body can be sent once
 * @param init as for `fetch`
 * @returns an observable of one response
 * @throws TypeError when ctx is not a context, or input or init is not what `fetch` takes
 * @see [fetch on MDN](https://developer.mozilla.org/docs/Web/API/Window/fetch)
 */
export function fetchCtx(ctx: Context, input: string | URL | Request, init?: RequestInit): Observable<Response> {
  const parent = toInternal(ctx, 'fetchCtx');
  if (!isInput(input)) throw invalidArgument('fetchCtx', 'input', 'a URL or a Request', input);
  // As `fetch` does: null counts as none, and a function may have members, too.
  const given = (init as RequestInit | null | undefined) ?? undefined;
  if (given !== undefined && Object(given) !== given) throw invalidArgument('fetchCtx', 'init', 'an object', init);
  // A member of init replaces that of the Request. A text and a URL have none of them.
  const request = input as Partial<Request>;
  const isHead = /^head$/i.test(String(given?.method ?? request.method));
  const signal = given?.signal === undefined ? request.signal : given.signal;
  if (signal != null && typeof (signal as Partial<AbortSignal>).addEventListener !== 'function') {
    throw invalidArgument('fetchCtx', 'init.signal', 'an AbortSignal', signal);
  }

  return new Observable((subscriber) => {
    const [child, cancel] = signal == null ? withCancel(parent) : withCancelOn(parent, signal);
    // Not the signal of the child, which is canceled too when all went well.
    const controller = new AbortController();
    const stop = afterFunc(child, () => {
      const reason: unknown = parent.err ?? signal!.reason;
      controller.abort(reason);
      subscriber.error(reason);
    });
    const release = () => {
      stop();
      cancel();
    };
    const send = async () => {
      const own = { ...(given === undefined && referrerOf(request)), signal: controller.signal };
      const headers = headersFor(parent, given, request);
      return fetch(input, overriding(given ?? {}, headers === undefined ? own : { ...own, headers }));
    };
    const fail = (error: unknown) => {
      // Sent or not: `fetch` takes care only of a body that it has been given.
      if (child.err !== undefined) discard(given?.body ?? request.body, error);
      subscriber.error(error);
    };
    if (subscriber.closed) {
      fail(controller.signal.reason);
      return;
    }
    let answered = false;
    subscriber.add(() => {
      if (answered) return;
      release();
      controller.abort();
    });
    send()
      .then((response) => {
        if (subscriber.closed) {
          discard(response.body, controller.signal.reason); // of a `fetch` that takes no signal
          return;
        }
        const passedOn = isHead ? response : leased(response, { controller, release });
        answered = true;
        if (isHead) release();
        subscriber.next(passedOn);
        subscriber.complete();
      })
      .catch(fail);
  });
}

function isInput(input: unknown): boolean {
  const { href, url } = (input as { href?: unknown; url?: unknown } | null | undefined) ?? {};
  return typeof (href ?? url ?? input) === 'string';
}

/** In place of those that were given, when something is to be added: the same, and the rest of the time. */
function headersFor(ctx: Context, init: RequestInit | undefined, request: Partial<Request>): Headers | undefined {
  const added = Object.entries(inBrowser() ? {} : timeoutHeaders(ctx));
  if (added.length === 0) return undefined;
  // They may be an iterator: whoever has read it has to pass on what it gave.
  const { headers = request.headers } = init ?? {};
  const all = new Headers(headers);
  if (!limitsTime(all)) for (const [name, value] of added) all.set(name, value);
  return all;
}

/** A page or a worker: what it sends is subject to the rules of its origin. Deno's workers have a location, too. */
function inBrowser(): boolean {
  const { location, Deno } = globalThis as { location?: unknown; Deno?: unknown };
  return location !== undefined && Deno === undefined;
}
