import { Observable } from 'rxjs';
import { afterFunc, withCancel } from '../../core/derive.js';
import type { Context } from '../../core/context.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import type { ContextNode } from '../../core/contextNode.js';
import { withCancelOn } from '../withCancelOn.js';
import { leased } from './body.js';
import { limitsTime, timeoutHeaders } from './timeoutHeaders.js';

/**
 * `fetch` under a context of its own: emits the response and completes. Each subscription is a request.
 *
 * The request is aborted when `ctx` is done, and the result errors with `ctx.err`; when `init.signal` aborts, and it errors
 * with the signal's reason; and when it is unsubscribed before the response came. Once that came, the body belongs to its
 * reader: unsubscribing, as `firstValueFrom` does, leaves it alone; ctx being done aborts it, and what fails because of that
 * fails with `ctx.err`. The child is released when the body was read or canceled, or is garbage.
 *
 * When ctx has a deadline, the rest of the time is sent along as {@link timeoutHeaders} writes it, unless the headers limit
 * the time already. In a browser that is for the page's own origin only: a server of another origin has to allow the header
 * first (CORS), and where it does, `timeoutHeaders(ctx)` can be given as headers.
 *
 * The response says what that of `fetch` says, and its body is the same, passed on as it is read.
 *
 * @param ctx a child of it ends the request, and the body while that is being read
 * @param input as for `fetch`; a `Request` with a body can be sent once
 * @param init as for `fetch`
 * @throws TypeError when ctx is not a context, or input or init is not what `fetch` takes
 */
export function fetchCtx(ctx: Context, input: string | URL | Request, init?: RequestInit): Observable<Response> {
  const parent = toInternal(ctx, 'fetchCtx');
  const url = urlOf(input);
  if (url === undefined) throw invalidArgument('fetchCtx', 'input', 'a URL or a Request', input);
  if (init !== undefined && (typeof init !== 'object' || (init as unknown) === null)) {
    throw invalidArgument('fetchCtx', 'init', 'an object', init);
  }
  // As with `fetch`, what is in init takes the place of what the Request has. A text and a URL have nothing of the kind.
  const request = input as Partial<Request>;
  const isHead = /^head$/i.test(String(init?.method ?? request.method));
  const signal = init?.signal === undefined ? request.signal : init.signal;
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
    if (subscriber.closed) return;
    const release = () => {
      stop();
      cancel();
    };
    let answered = false;
    subscriber.add(() => {
      if (answered) return;
      release();
      controller.abort();
    });
    const send = async () =>
      fetch(input, {
        ...init,
        ...withTimeLeft(parent, url, init?.headers ?? request.headers),
        signal: controller.signal,
      });
    send().then(
      (response) => {
        if (subscriber.closed) return;
        answered = true;
        if (isHead) release();
        subscriber.next(isHead ? response : leased(response, { controller, release }));
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}

/** In place of the headers in init, when there is something to add: the same with the rest of the time. */
function withTimeLeft(ctx: ContextNode, url: string, given: HeadersInit | undefined): { headers?: Headers } {
  const added = Object.entries(isElsewhere(url) ? {} : timeoutHeaders(ctx));
  const headers = new Headers(given);
  if (added.length === 0 || limitsTime(headers)) return {};
  for (const [name, value] of added) headers.set(name, value);
  return { headers };
}

function urlOf(input: string | URL | Request): string | undefined {
  if (typeof input === 'string') return input;
  const { href, url } = (input as { href?: unknown; url?: unknown } | null | undefined) ?? {};
  const text = href ?? url;
  return typeof text === 'string' ? text : undefined;
}

/** Whether this is a browser, and the URL not of the page's own origin. */
function isElsewhere(url: string): boolean {
  const { location, document } = globalThis as { location?: Location; document?: Document };
  if (location === undefined) return false;
  return new URL(url, document?.baseURI ?? location.href).origin !== location.origin;
}
