// A response whose body tells when it is over, and fails with what ended its context: engines differ in what reading an
// aborted body fails with, and Chromium does not say what a stream of ours failed with.

/** What a body holds of its context. Must not hold the response: that of one which nobody has any more is let go. */
export interface Lease {
  /** Aborts the request. With that, its reason is what reading the body fails with. */
  readonly controller: AbortController;
  /** To be called when the body was read to its end, failed, or was given up. */
  readonly release: () => void;
}

const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;
const facts = ['ok', 'redirected', 'status', 'statusText', 'type', 'url'] as const;
type Body = ReadableStream<Uint8Array<ArrayBuffer>>;
type Controller = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> & Partial<ReadableByteStreamController>;

/** Statuses without a body: browsers give an empty stream with them, and make no Response with one. */
const bodiless = [204, 205, 304];

/**
 * The same response, its body under the lease. Without a body the lease ends at once; likewise where none can be seen, as with
 * what stands in for a response in a test, or with an implementation that has read it all by now.
 */
export function leased(response: Response, lease: Lease): Response {
  // The headers before the body: those of a data: URL are empty in Bun once that was looked at.
  const { headers, body, status } = response;
  if (body == null || bodiless.includes(status)) {
    lease.release();
    return response;
  }
  if (isStream(body)) {
    const copy = copied(response, body, headers, lease);
    if (copy !== undefined) return alike(copy, response, lease);
  }
  // Of another implementation: stays what it is, and is aborted with the request.
  watched(body, lease);
  lost.register(body, lease);
  return alike(response, response, lease);
}

function isStream(body: unknown): body is Body {
  return typeof (body as Partial<Body>).getReader === 'function';
}

/** A response of the same implementation with a body that passes the original's on; `undefined` where none can be made. */
function copied(response: Response, body: Body, headers: Headers, lease: Lease): Response | undefined {
  const isHosts = response instanceof Response;
  const Class = isHosts ? Response : ((response as object).constructor as typeof Response);
  try {
    const source = passingOn(body, lease);
    const stream = new ReadableStream(source as UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, { highWaterMark: 0 });
    // Servers say 999 too, but no Response can be made with that.
    const copy = new Class(stream, { headers, status: Math.min(response.status, 599) });
    if (!isStream(copy.body)) return undefined;
    // Not the stream, which is in Chromium a shell that may be collected while the body is read.
    lost.register(source, lease);
    return copy;
  } catch {
    return undefined;
  }
}

/** What node-fetch gives as a body. */
interface NodeStream {
  on(event: string, listener: () => void): unknown;
  destroy(reason: unknown): unknown;
}

/** Ends the lease with a Node stream, and the stream with the request. */
function watched(body: unknown, { controller: { signal }, release }: Lease): void {
  const { on, destroy } = body as Partial<NodeStream>;
  if (typeof on !== 'function' || typeof destroy !== 'function') return;
  const stream = body as NodeStream;
  // The listener for `'error'` stays: an abort for which nobody waits must not end the process.
  for (const event of ['end', 'close', 'error']) stream.on(event, release);
  const weak = new WeakRef(stream);
  signal.addEventListener('abort', () => weak.deref()?.destroy(signal.reason));
}

/** Gives a response what only `fetch` can give, and errors that say why. */
function alike(copy: Response, original: Response, lease: Lease): Response {
  const isCopy = copy !== original;
  if (isCopy) for (const name of facts) define(copy, name, original[name]);
  for (const name of readers) {
    const read = Reflect.get(copy, name) as ((this: Response) => unknown) | undefined;
    if (read === undefined) continue; // not every host has `bytes`
    define(copy, name, async () => {
      try {
        const content = await read.call(copy);
        lease.release();
        return isCopy && name === 'blob' ? await typed(content as Blob, copy) : content;
      } catch (error) {
        throw reasonOf(error, lease);
      }
    });
  }
  const { clone } = copy as Partial<Response>;
  if (clone !== undefined) {
    define(copy, 'clone', () => {
      const again = clone.call(copy);
      if (isCopy) return alike(again, original, lease);
      // Where there was one Node stream there are two others now.
      for (const { body } of [copy, again]) watched(body, lease);
      return alike(again, again, lease);
    });
  }
  return copy;
}

/** Bun forgets the type of a blob that came from a stream. */
function typed(blob: Blob, { headers }: Response): Blob | Promise<Blob> {
  return blob.type === '' ? new Response(blob, { headers }).blob() : blob;
}

function define(response: Response, name: keyof Response, value: unknown): void {
  // Of a frozen one, as of a test, nothing is changed.
  Reflect.defineProperty(response, name, { value, configurable: true, writable: true });
}

/** The body, chunk by chunk as it is asked for: of bytes, for readers with a buffer of their own, where the host's is. */
function passingOn(body: Body, lease: Lease): UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> | UnderlyingByteSource {
  const type = takesBuffers(body) ? 'bytes' : undefined;
  let locked: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  // Not before somebody reads: until then the original is as good as new.
  const reader = () => (locked ??= body.getReader());
  return {
    type,
    async pull(controller: Controller) {
      try {
        const { done, value } = await reader().read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        lease.release();
        controller.close();
        controller.byobRequest?.respond(0); // else whoever waits with a buffer waits on
      } catch (error) {
        lease.release();
        throw reasonOf(error, lease);
      }
    },
    async cancel(reason: unknown) {
      try {
        await reader().cancel(reason);
      } finally {
        giveUp(lease);
      }
    },
  };
}

function takesBuffers(body: Body): boolean {
  try {
    body.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown, { controller: { signal } }: Lease): unknown {
  return signal.aborted ? signal.reason : error;
}

/** Aborts the request, for Chromium would go on with it until the next chunk came. */
function giveUp({ controller, release }: Lease): void {
  release();
  controller.abort();
}

/** The bodies that nobody can read any more. */
const lost = new FinalizationRegistry<Lease>(giveUp);
