// The body of a response to a request of ours, as long as the context of the request lasts.
import { cancel, listen } from '../../core/cancellation.js';
import type { ContextNode } from '../../core/contextNode.js';
import type { End } from '../../core/errors.js';
import { Listener, unlink } from '../../core/listenerList.js';

type Chunk = Uint8Array<ArrayBuffer>;

/**
 * Makes a copy of a response whose body ends with ctx, and ctx with it: canceled without a cause when the body was read to its
 * end, with the error when it fails.
 *
 * @param leave called when the host cancels the body: its client is gone
 */
export function passOn(response: Response, body: ReadableStream<Chunk>, ctx: ContextNode, leave: () => void): Response {
  const source = new Passing(body.getReader(), ctx, leave);
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), response);
}

class Passing implements UnderlyingDefaultSource<Chunk> {
  private controller!: ReadableStreamDefaultController<Chunk>;
  private readonly listener = new Listener<Passing>(this, endBody);

  constructor(
    private readonly reader: ReadableStreamDefaultReader<Chunk>,
    private readonly ctx: ContextNode,
    private readonly leave: () => void,
  ) {}

  start(controller: ReadableStreamDefaultController<Chunk>): void {
    this.controller = controller;
    listen(this.ctx, this.listener as Listener);
  }

  async pull(): Promise<void> {
    const { controller, ctx, reader, listener } = this;
    try {
      const { done, value } = await reader.read();
      if (ctx.err !== undefined) return; // errored by then
      if (!done) controller.enqueue(value);
      else {
        unlink(listener);
        cancel(ctx);
        controller.close();
      }
    } catch (error) {
      unlink(listener);
      cancel(ctx, error);
      throw error;
    }
  }

  cancel(reason: unknown): Promise<void> {
    unlink(this.listener);
    this.leave();
    return this.reader.cancel(reason);
  }

  end(end: End): void {
    this.controller.error(end.error);
    this.reader.cancel(end.error).catch(ignore);
  }
}

function endBody(passing: Passing, end: End): void {
  passing.end(end);
}

function ignore(): void {
  // Nobody waits for a body that was cut.
}
