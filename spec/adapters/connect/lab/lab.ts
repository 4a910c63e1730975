// What the specs of calls have in common: a service whose handlers do what the text of a request says, and that tells what
// became of a call. Runs in browsers, too.
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import type { CallOptions, Client, ConnectRouter, HandlerContext, Transport } from '@connectrpc/connect';
import { NEVER, concat, of } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { callCtx, serviceCtx } from '../../../../lib/adapters/connect.js';
import { background, withCancel } from '../../../../lib/index.js';
import type { Context } from '../../../../lib/index.js';
import { LabService } from './lab_pb.js';
import type { SayRequest } from './lab_pb.js';

export type Kind = 'say' | 'watch' | 'upload' | 'chat';
export const kinds: readonly Kind[] = ['say', 'watch', 'upload', 'chat'];

/** What a server knows of one call. */
export interface Seen {
  readonly ctx: Context;
  readonly handler: HandlerContext;
}

export interface Host {
  readonly transport: Transport;
  readonly stop: () => Promise<void>;
}

export type Open = (routes: (router: ConnectRouter) => void) => Promise<Host>;

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

let ids = 0;

export class Lab {
  client!: Client<typeof LabService>;
  /** The parent of all calls of the server, and what ends it. */
  readonly server = withCancel(background());
  private host!: Host;
  private readonly arrivals = new Map<string, Deferred<Seen>>();
  private readonly endings = new Map<string, Deferred<Seen>>();

  async open(open: Open): Promise<void> {
    this.host = await open((router) => router.service(LabService, this.implementation()));
    this.client = createClient(LabService, this.host.transport);
  }

  async stop(): Promise<void> {
    await this.host.stop();
  }

  /** A text that asks the server to do something, different from all others. */
  text(what: string): string {
    return `${what} ${String(++ids)}`;
  }

  /** When its handler was called. */
  arrival(text: string): Promise<Seen> {
    return entryOf(this.arrivals, text).promise;
  }

  /** When the context of its handler ended. */
  ending(text: string): Promise<Seen> {
    return entryOf(this.endings, text).promise;
  }

  arrived(): string[] {
    return [...this.arrivals.keys()];
  }

  /** Makes a call of any kind, in the way of a user. */
  call(ctx: Context, kind: Kind, text: string, options?: Parameters<typeof callCtx>[2]) {
    return callCtx<{ readonly text: string }>(ctx, (o) => this.raw(kind, text, o), options);
  }

  raw(kind: Kind, text: string, o?: CallOptions) {
    const { client } = this;
    if (kind === 'say' || kind === 'watch') return client[kind]({ text }, o);
    return client[kind](requests(text), o);
  }

  private implementation() {
    const act = (ctx: Context, { text }: SayRequest, handler: HandlerContext) => this.act(ctx, text, handler);
    const actOnFirst = (ctx: Context, all: AsyncIterable<SayRequest>, handler: HandlerContext) =>
      this.first(ctx, all, handler);
    return serviceCtx(this.server[0], LabService, {
      say: act,
      watch: act,
      upload: async (ctx, all, handler) => {
        let last = {};
        for await (const answer of this.first(ctx, all, handler)) last = answer;
        return last;
      },
      chat: actOnFirst,
    });
  }

  private async *first(ctx: Context, all: AsyncIterable<SayRequest>, handler: HandlerContext) {
    let count = 0;
    let text = '';
    for await (const request of all) {
      if (++count === 1) {
        ({ text } = request);
        if (text.startsWith('hang')) this.saw(text, { ctx, handler });
      }
    }
    for (const answer of this.act(ctx, text, handler) as { text: string }[]) yield answer;
  }

  private act(ctx: Context, text: string, handler: HandlerContext): ObservableInput<{ text: string }> {
    this.saw(text, { ctx, handler });
    if (text.startsWith('hang')) return concat(of({ text: 'first' }), NEVER);
    if (text.startsWith('fail')) throw new ConnectError('no such thing', Code.NotFound);
    if (text.startsWith('plain')) throw new Error('a secret');
    if (text.startsWith('canceled')) throw new ConnectError('not us', Code.Canceled);
    if (text.startsWith('late')) throw new ConnectError('not in time', Code.DeadlineExceeded);
    return [{ text: 'first' }, { text: 'last' }];
  }

  private saw(text: string, seen: Seen): void {
    entryOf(this.arrivals, text).resolve(seen);
    seen.ctx.done$.subscribe(() => {
      entryOf(this.endings, text).resolve(seen);
    });
  }
}

function entryOf<T>(map: Map<string, Deferred<T>>, key: string): Deferred<T> {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, (entry = deferred()));
  return entry;
}

/** An upload, which goes on for as long as the call when the server is to hang. */
async function* requests(text: string) {
  yield { text };
  if (text.startsWith('broken')) throw new Error('the source is broken');
  yield { text: 'more' };
  if (text.startsWith('hang')) await new Promise(() => undefined);
}
