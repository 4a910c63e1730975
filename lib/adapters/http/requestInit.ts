// What `fetch` is given in place of the init of a caller.

/**
 * An init that says what `init` says, except for what is in `own`. `fetch` reads the members one by one, wherever they are: a
 * copy of the own ones would lose those of a `Request`, of a class and of `Object.create`.
 */
export function overriding(init: RequestInit, own: RequestInit): RequestInit {
  return new Proxy<RequestInit>(
    { ...init, ...own },
    {
      // With `init` as `this`: the getters of a Request take no other.
      get: (target, name): unknown => Reflect.get(Object.hasOwn(target, name) ? target : init, name),
      has: (target, name) => name in target || name in init,
    },
  );
}

/**
 * What a Request says and `fetch` forgets when it is given an init as well: of which page the request is. Node 24 forgets it
 * without an init, too: the host's own copy of such a Request tells.
 */
export function referrerOf({ url, referrer, referrerPolicy }: Partial<Request>): RequestInit {
  // A text, a URL, or the Request of an implementation that knows no pages.
  if (url === undefined || referrerPolicy === undefined) return {};
  // The default, which Node does not take back.
  if (referrer === undefined || referrer === 'about:client') return { referrerPolicy };
  const copy = new Request(new Request(url, { referrer, referrerPolicy }), {});
  return { ...(copy.referrer === referrer && { referrer }), referrerPolicy: copy.referrerPolicy };
}

/** What may be given as a body, or may come as one, and is read bit by bit. */
interface Stream {
  readonly locked?: boolean;
  cancel?(reason: unknown): unknown;
  destroy?(): unknown;
  [Symbol.asyncIterator]?(): AsyncIterator<unknown>;
}

/** Tells a stream that nobody will read it, or read on: a web stream, one of Node, or an async iterable. */
export function discard(body: unknown, reason: unknown): void {
  const stream = (body ?? {}) as Stream;
  const end = async () => {
    if (typeof stream.cancel === 'function') {
      if (stream.locked !== true) await stream.cancel(reason);
    } else if (typeof stream.destroy === 'function') {
      stream.destroy();
    } else {
      await stream[Symbol.asyncIterator]?.().return?.();
    }
  };
  end().catch(() => undefined); // what is wrong with it is of no interest to anyone any more
}
