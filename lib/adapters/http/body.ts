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

/** The same response, its body under the lease. Without a body, as with what stands in for a response in a test, that ends. */
export function leased(response: Response, lease: Lease): Response {
  // The headers before the body: those of a data: URL are empty in Bun once that was looked at.
  const { headers, body, status } = response;
  if (!(response instanceof Response) || body === null || bodiless.includes(status)) {
    lease.release();
    return response;
  }
  // Servers say 999 too, but no Response can be made with that.
  const copy = new Response(passedOn(body, lease), { headers, status: Math.min(status, 599) });
  return alike(copy, response, lease);
}

/** Gives a response what only `fetch` can give, and errors that say why. */
function alike(copy: Response, original: Response, lease: Lease): Response {
  for (const name of facts) define(copy, name, original[name]);
  for (const name of readers) {
    const read = Reflect.get(copy, name) as ((this: Response) => Promise<unknown>) | undefined;
    if (read === undefined) continue; // not every host has `bytes`
    define(copy, name, () =>
      read.call(copy).catch((error: unknown) => {
        throw reasonOf(error, lease);
      }),
    );
  }
  const blob = copy.blob.bind(copy);
  define(copy, 'blob', async () => typed(await blob(), copy));
  const clone = copy.clone.bind(copy);
  define(copy, 'clone', () => alike(clone(), original, lease));
  return copy;
}

/** Bun forgets the type of a blob that came from a stream. */
function typed(blob: Blob, { headers }: Response): Blob | Promise<Blob> {
  return blob.type === '' ? new Response(blob, { headers }).blob() : blob;
}

function define(response: Response, name: keyof Response, value: unknown): void {
  Object.defineProperty(response, name, { value, configurable: true, writable: true });
}

/** The body, chunk by chunk as it is asked for: of bytes, for readers with a buffer of their own, where the host's is. */
function passedOn(body: Body, lease: Lease): Body {
  const type = takesBuffers(body) ? 'bytes' : undefined;
  const reader = body.getReader();
  const source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> | UnderlyingByteSource = {
    type,
    async pull(controller: Controller) {
      try {
        const { done, value } = await reader.read();
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
        await reader.cancel(reason);
      } finally {
        giveUp(lease);
      }
    },
  };
  // Not the stream, which is in Chromium a shell that may be collected while the body is read.
  lost.register(source, lease);
  return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, { highWaterMark: 0 });
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
