// A real server of the service in lab.proto on the loopback interface, and what its handlers saw.
import { Client, Metadata, Server, ServerCredentials, credentials } from '@grpc/grpc-js';
import type { ChannelOptions, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  NEVER,
  Observable,
  Subject,
  concat,
  defer,
  finalize,
  firstValueFrom,
  map,
  of,
  range,
  reduce,
  throwError,
} from 'rxjs';
import { callCtx, serviceCtx } from '../../../lib/adapters/grpc.js';
import type { CallCtxOptions, Handlers, ServerCall, ServiceOptions } from '../../../lib/adapters/grpc.js';
import { background } from '../../../lib/index.js';
import type { Context } from '../../../lib/index.js';
import { LabService } from './generated/lab.js';
import type { Ping, Pong } from './generated/lab.js';

export const kinds = ['unary', 'up', 'down', 'both'] as const;
export type Kind = (typeof kinds)[number];

export const ping = (count = 1, text = 'ping'): Ping => ({ text, count, data: Buffer.alloc(0) });
export const pong = (count = 1, text = 'pong'): Pong => ({ text, count, data: Buffer.alloc(0) });

/** What one call was to the server. */
export interface Seen {
  readonly kind: Kind;
  readonly ctx: Context;
  readonly call: ServerCall<Ping, Pong>;
  /** Resolves when what the handler returned has ended or was unsubscribed. */
  readonly over: Promise<void>;
}

/** What a handler is to do, as the header `mode` says. */
export type Mode = 'ok' | 'fail' | 'hang';

export function modeHeader(mode: Mode): Metadata {
  const metadata = new Metadata();
  metadata.set('mode', mode);
  return metadata;
}

export interface ServeOptions extends ServiceOptions {
  readonly parent?: Context;
  readonly handlers?: Partial<Handlers<LabService>>;
  readonly channel?: ChannelOptions;
}

export interface Lab {
  readonly server: Server;
  readonly port: number;
  readonly client: Client;
  readonly service: UntypedServiceImplementation;
  readonly seen: Seen[];
  /** The handlers that are running. */
  readonly running: ReadonlySet<Seen>;
  /** Resolves with the next call that reaches a handler. */
  next(): Promise<Seen>;
  /** Another client. */
  connect(options?: ChannelOptions): Client;
}

/** For the specs of one `describe`: what they start is stopped after each. */
export function useLabs() {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0).reverse()) stop();
  });

  async function serve({ parent = background(), handlers, channel, ...options }: ServeOptions = {}): Promise<Lab> {
    const seen: Seen[] = [];
    const running = new Set<Seen>();
    const arrived = new Subject<Seen>();
    const server = new Server();
    const behave =
      (kind: Kind, ok: (request: never) => Observable<Pong>) =>
      (ctx: Context, request: unknown, call: ServerCall<Ping, Pong>): Observable<Pong> => {
        let end = () => {};
        const over = new Promise<void>((resolve) => (end = resolve));
        const one: Seen = { kind, ctx, call, over };
        seen.push(one);
        running.add(one);
        const mode = call.metadata.get('mode')[0] ?? 'ok';
        const responses = defer(() => {
          if (mode === 'hang') return NEVER;
          if (mode === 'fail') return throwError(() => Object.assign(new Error('no such thing'), { code: 5 }));
          return ok(request as never);
        }).pipe(
          finalize(() => {
            running.delete(one);
            end();
          }),
        );
        arrived.next(one);
        return responses;
      };
    const service = serviceCtx(
      parent,
      LabService,
      {
        unary: behave('unary', ({ count }: Ping) => of(pong(count))),
        up: behave('up', (pings$: Observable<Ping>) =>
          pings$.pipe(
            reduce((sum, { count }) => sum + count, 0),
            map((sum) => pong(sum)),
          ),
        ),
        down: behave('down', ({ count }: Ping) => range(1, count).pipe(map((n) => pong(n)))),
        both: behave('both', (pings$: Observable<Ping>) => pings$.pipe(map(({ count }) => pong(count)))),
        ...handlers,
      },
      options,
    );
    server.addService(LabService, service);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    stops.push(() => server.forceShutdown());
    const connect = (given?: ChannelOptions) => {
      const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { ...channel, ...given });
      stops.push(() => client.close());
      return client;
    };
    return {
      ...{ server, port, service, seen, running, connect },
      client: connect(),
      next: () => firstValueFrom(arrived),
    };
  }

  return { serve };
}

/** Calls a method of each kind alike: three requests where it takes a stream. */
export function callKind(
  kind: Kind,
  ctx: Context,
  client: Client,
  mode: Mode = 'ok',
  options?: CallCtxOptions,
): Observable<Pong> {
  const all: CallCtxOptions = { metadata: modeHeader(mode), ...options };
  const streamed = [ping(1), ping(2), ping(3)];
  switch (kind) {
    case 'unary':
      return callCtx(ctx, client, LabService.unary, ping(3), all);
    case 'up':
      return callCtx(ctx, client, LabService.up, mode === 'hang' ? concat(streamed, NEVER) : streamed, all);
    case 'down':
      return callCtx(ctx, client, LabService.down, ping(3), all);
    case 'both':
      return callCtx(ctx, client, LabService.both, mode === 'hang' ? concat(streamed, NEVER) : streamed, all);
  }
}

/** The counts that a call of {@link callKind} comes to when all goes well. */
export const expected: Record<Kind, number[]> = { unary: [3], up: [6], down: [1, 2, 3], both: [1, 2, 3] };

/** What a call came to. */
export interface Outcome {
  readonly counts: number[];
  readonly error: unknown;
  readonly completed: boolean;
}

/** Subscribes, and resolves when the observable has ended. */
export function outcome(call$: Observable<Pong>): Promise<Outcome> {
  const counts: number[] = [];
  return new Promise((resolve) => {
    call$.subscribe({
      next: ({ count }) => counts.push(count),
      error: (error: unknown) => resolve({ counts, error, completed: false }),
      complete: () => resolve({ counts, error: undefined, completed: true }),
    });
  });
}

/** Resolves after some turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when a condition holds, looked at each turn. A condition that never does is a spec that times out. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
