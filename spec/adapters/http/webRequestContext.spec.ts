import { config } from 'rxjs';
import { ClientGoneError, serveCtx, webRequestContext } from '../../../lib/adapters/http.js';
import type { ServeOptions } from '../../../lib/adapters/http.js';
import { background, isCanceled, isDeadlineExceeded, withCancel, withTimeout } from '../../../lib/index.js';
import { listenerCount } from '../../../lib/testing/index.js';

const url = 'http://localhost/';
const asked = (ms: number) => new Request(url, { headers: { 'connect-timeout-ms': String(ms) } });
/** A request whose client can leave. */
function openRequest(): { request: Request; leave: () => void } {
  const client = new AbortController();
  return { request: new Request(url, { signal: client.signal }), leave: () => client.abort() };
}

/** A body of which nothing comes. */
function silent(): { body: ReadableStream<Uint8Array<ArrayBuffer>>; canceled: unknown[] } {
  const canceled: unknown[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: (reason) => void canceled.push(reason) });
  return { body, canceled };
}

/** What is reported while `work` runs. */
async function reportedBy(work: () => Promise<void>): Promise<unknown[]> {
  const reported: unknown[] = [];
  const { onUnhandledError } = config;
  config.onUnhandledError = (error) => reported.push(error);
  await work();
  await new Promise((then) => setTimeout(then));
  config.onUnhandledError = onUnhandledError;
  return reported;
}

describe('webRequestContext', () => {
  it('has the time that the client asks for, within the limits', () => {
    const leftSeconds = (request: Request, options?: ServeOptions) => {
      const { deadline } = webRequestContext(background(), request, options)[0];
      return deadline === undefined ? undefined : Math.round((deadline - Date.now()) / 1000);
    };
    expect(leftSeconds(new Request(url))).toBeUndefined();
    expect(leftSeconds(asked(9000))).toBe(9);
    expect(leftSeconds(new Request(url), { timeoutMs: 5000 })).toBe(5);
    expect(leftSeconds(asked(9000), { timeoutMs: 5000 })).toBe(9);
    expect(leftSeconds(asked(9000), { maxTimeoutMs: 5000 })).toBe(5);
  });

  it('is canceled without a cause when the body was read to its end', async () => {
    const [main] = withCancel(background());
    const [ctx, respond] = webRequestContext(main, new Request(url));
    const original = new Response('hello', { status: 201, headers: { 'x-mine': 'yes' } });
    const response = respond(original);
    expect([response.status, response.headers.get('x-mine')]).toEqual([201, 'yes']);
    expect(ctx.err).toBeUndefined();
    expect(listenerCount(main)).toBe(1);
    expect(await response.text()).toBe('hello');
    expect(isCanceled(ctx.err)).toBeTrue();
    expect(ctx.cause).toBe(ctx.err);
    expect(listenerCount(main)).toBe(0);
    // Called again, it has nothing to add.
    expect(respond(original)).toBe(original);
  });

  it('is canceled without a cause when there is no body, or the host reads none', () => {
    for (const [request, response] of [
      [new Request(url), new Response(null, { status: 204 })],
      [new Request(url, { method: 'HEAD' }), new Response('hello')],
    ] as const) {
      const [ctx, respond] = webRequestContext(background(), request);
      expect(respond(response)).toBe(response);
      expect(ctx.cause).toBe(ctx.err);
      expect(isCanceled(ctx.err)).toBeTrue();
    }
  });

  it('is canceled when the client leaves, before and in the body', async () => {
    const gone = openRequest();
    gone.leave();
    expect(webRequestContext(background(), gone.request)[0].cause).toBeInstanceOf(ClientGoneError);

    const { request, leave } = openRequest();
    const [ctx, respond] = webRequestContext(background(), request);
    const { body, canceled } = silent();
    const text = respond(new Response(body)).text();
    leave();
    expect(ctx.cause).toBeInstanceOf(ClientGoneError);
    await expectAsync(text).toBeRejected();
    expect(canceled).toEqual([ctx.err]);
  });

  it('is canceled when the host cancels the body', async () => {
    const [main] = withCancel(background());
    const [ctx, respond] = webRequestContext(main, new Request(url));
    const { body, canceled } = silent();
    await respond(new Response(body)).body!.cancel('left');
    expect(ctx.cause).toBeInstanceOf(ClientGoneError);
    expect(canceled).toEqual(['left']);
    expect(listenerCount(main)).toBe(0);
  });

  it('is canceled with the error of a body that fails', async () => {
    const [main] = withCancel(background());
    const [ctx, respond] = webRequestContext(main, new Request(url));
    const boom = new Error('boom');
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull() {
        throw boom;
      },
    });
    await expectAsync(respond(new Response(body)).text()).toBeRejected();
    expect(ctx.cause).toBe(boom);
    expect(listenerCount(main)).toBe(0);
  });

  it('errors the body with ctx.err at the deadline, and drops what comes then', async () => {
    const [ctx, respond] = webRequestContext(background(), asked(20));
    let late!: () => void;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) =>
        new Promise((resolve) => {
          late = () => {
            try {
              controller.enqueue(new Uint8Array(1));
            } catch {
              // It was canceled.
            }
            resolve();
          };
        }),
    });
    await expectAsync(respond(new Response(body)).text()).toBeRejected();
    expect(isDeadlineExceeded(ctx.err)).toBeTrue();
    late();
    expect(ctx.cause).toBe(ctx.err);
  });

  it('ignores a body that fails to be canceled', async () => {
    const { request, leave } = openRequest();
    const [ctx, respond] = webRequestContext(background(), request);
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => Promise.reject(new Error('cannot')) });
    const text = respond(new Response(body)).text();
    leave();
    await expectAsync(text).toBeRejected();
    await new Promise((then) => setTimeout(then));
    expect(ctx.cause).toBeInstanceOf(ClientGoneError);
  });

  it('gives 504, 503 or 499 once ctx is done, and drops the response', async () => {
    const [stopped, stop] = withCancel(background());
    stop();
    const gone = openRequest();
    gone.leave();
    for (const [parent, request, status] of [
      [background(), asked(0), 504],
      [stopped, new Request(url), 503],
      [background(), gone.request, 499],
    ] as const) {
      const [ctx, respond] = webRequestContext(parent, request);
      const { body, canceled } = silent();
      expect(respond(new Response(body)).status).toBe(status);
      await Promise.resolve();
      expect(canceled).toEqual([ctx.err]);
      expect(respond(new Response(null, { status: 204 })).status).toBe(status);
    }
  });

  it('ignores a body that cannot be dropped', async () => {
    const [, respond] = webRequestContext(background(), asked(0));
    const locked = new Response('hello');
    locked.body!.getReader();
    expect(respond(locked).status).toBe(504);
    await new Promise((then) => setTimeout(then));
  });

  it('gives what onLate makes, or 504 when that fails', async () => {
    const request = asked(0);
    const late = webRequestContext(background(), request, {
      onLate: (ctx, theirs) => {
        expect(isDeadlineExceeded(ctx.err)).toBeTrue();
        expect(theirs).toBe(request);
        return new Response('sorry', { status: 504, headers: { 'access-control-allow-origin': '*' } });
      },
    })[1](new Response('x'));
    expect(late.headers.get('access-control-allow-origin')).toBe('*');
    const boom = new Error('boom');
    const reported = await reportedBy(async () => {
      const throws = () => {
        throw boom;
      };
      expect(webRequestContext(background(), asked(0), { onLate: throws })[1](new Response('x')).status).toBe(504);
      const nothing = () => 'sorry' as unknown as Response;
      expect(webRequestContext(background(), asked(0), { onLate: nothing })[1](new Response('x')).status).toBe(504);
      await Promise.resolve();
    });
    expect(reported).toEqual([boom, jasmine.any(TypeError)]);
  });

  it('refuses bad input at the call', () => {
    const make = webRequestContext as unknown as (...args: unknown[]) => [unknown, (response: unknown) => unknown];
    expect(() => make(undefined, new Request(url))).toThrowError(TypeError, /^webRequestContext: parent must be/);
    for (const wrong of [undefined, {}, { headers: new Headers() }]) {
      expect(() => make(background(), wrong)).toThrowError(
        TypeError,
        /^webRequestContext: request must be a Request, got/,
      );
    }
    expect(() => make(background(), new Request(url), 5)).toThrowError(
      TypeError,
      /^webRequestContext: options must be/,
    );
    for (const option of ['timeoutMs', 'maxTimeoutMs', 'onLate']) {
      expect(() => make(background(), new Request(url), { [option]: 'x' })).toThrowError(
        TypeError,
        new RegExp(`^webRequestContext: ${option} must be`),
      );
    }
    const [, respond] = make(background(), new Request(url));
    for (const wrong of [undefined, 'text', {}]) {
      expect(() => respond(wrong)).toThrowError(TypeError, /^respond: response must be a Response, got/);
    }
  });
});

describe('serveCtx of rxjs-ctx/http', () => {
  it('answers with what the handler makes, from a promise or not', async () => {
    for (const handler of [() => new Response('hi'), () => Promise.resolve(new Response('hi'))]) {
      expect(await (await serveCtx(background(), handler)(new Request(url))).text()).toBe('hi');
    }
  });

  it('does not call the handler when the time, or the parent, is over', async () => {
    let calls = 0;
    const handler = () => {
      calls++;
      return new Response('hi');
    };
    expect((await serveCtx(background(), handler)(asked(0))).status).toBe(504);
    const [main] = withTimeout(background(), 0);
    expect((await serveCtx(main, handler)(new Request(url))).status).toBe(503);
    expect(calls).toBe(0);
  });

  it('answers when ctx ends, and drops what the handler makes later', async () => {
    let settle!: (response: Response) => void;
    const pending = new Promise<Response>((resolve) => (settle = resolve));
    expect((await serveCtx(background(), () => pending)(asked(10))).status).toBe(504);
    const { body, canceled } = silent();
    settle(new Response(body));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(canceled.length).toBe(1);
  });

  it('reports what the handler throws, unless it is the end of ctx', async () => {
    const boom = new Error('boom');
    const reported = await reportedBy(async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
      const fails = (error: unknown) => serveCtx(background(), () => Promise.reject(error))(new Request(url));
      expect((await fails(boom)).status).toBe(500);
      expect((await fails(undefined)).status).toBe(500);
      // Stopped with ctx.
      const stops = serveCtx(background(), (ctx) => new Promise((_, reject) => ctx.done$.subscribe(reject)));
      expect((await stops(asked(10))).status).toBe(504);
      // Failed after its end.
      const late = serveCtx(
        background(),
        (ctx) => new Promise((_, reject) => ctx.done$.subscribe(() => reject(new Error('late')))),
      );
      expect((await late(asked(10))).status).toBe(504);
      // No response at all.
      expect((await serveCtx(background(), () => 'text' as unknown as Response)(new Request(url))).status).toBe(500);
    });
    const messages = reported.map((error) => (error as Error | undefined)?.message);
    expect(messages.sort()).toEqual(['boom', 'late', 'respond: response must be a Response, got "text"', undefined]);
  });

  it('writes what the handler throws to the console when nobody takes it, and does not end the process', async () => {
    const errors = spyOn(console, 'error');
    const boom = new Error('boom');
    const { onUnhandledError } = config;
    config.onUnhandledError = null;
    const answer = await serveCtx(background(), () => Promise.reject(boom))(new Request(url));
    config.onUnhandledError = onUnhandledError;
    expect(answer.status).toBe(500);
    expect(errors).toHaveBeenCalledOnceWith('rxjs-ctx: a handler failed', boom);
  });

  it('refuses bad input at the call', async () => {
    const make = serveCtx as unknown as (...args: unknown[]) => (request: unknown) => Promise<Response>;
    expect(() => make(undefined, () => new Response())).toThrowError(TypeError, /^serveCtx: parent must be a Context/);
    expect(() => make(background(), undefined)).toThrowError(
      TypeError,
      'serveCtx: handler must be a function, got undefined',
    );
    expect(() => make(background(), () => new Response(), { timeoutMs: NaN })).toThrowError(
      TypeError,
      'serveCtx: timeoutMs must be a number of milliseconds, got NaN',
    );
    await expectAsync(make(background(), () => new Response())(undefined)).toBeRejectedWithError(
      TypeError,
      'serveCtx: request must be a Request, got undefined',
    );
  });
});
