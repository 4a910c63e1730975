/// <reference types="node" preserve="true" />
// What is known of one server: its open requests, and who shuts it down.
import type { Server } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import { Observable, Subject } from 'rxjs';
import type { Context } from '../../core/context.js';
import type { ContextError } from '../../core/errors.js';
import { toInternal } from '../../core/foreign.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import type { ContextNode } from '../../core/contextNode.js';
import type { Exchange } from './exchange.js';

/** A server of `node:http`, `node:https` or `node:http2`. */
export type AnyServer = Server | Http2Server | Http2SecureServer;

export function checkServer(server: AnyServer, call: string): void {
  const { on, off, close } = (server as Partial<AnyServer> | null | undefined) ?? {};
  if (typeof on !== 'function' || typeof off !== 'function' || typeof close !== 'function') {
    throw invalidArgument(call, 'server', 'a server of node:http, node:https or node:http2', server);
  }
}

/** Somebody who shuts the server down when its context is done. */
export interface Closer {
  readonly ctx: Context;
  /** Whether requests may go on although ctx is done. */
  readonly patient: boolean;
  settled(exchange: Exchange): void;
}

const sites = new WeakMap<object, Site>();

export function siteOf(server: object): Site {
  let site = sites.get(server);
  if (site === undefined) sites.set(server, (site = new Site()));
  return site;
}

export class Site {
  /** In no order. Not a Set: those who came and went would drag each other into the old generation of the heap. */
  readonly open: Exchange[] = [];
  /** Set when a shutdown begins. */
  closing = false;
  readonly closers = new Set<Closer>();
  private readonly impatient$ = new Subject<void>();
  private readonly standIns = new WeakMap<ContextNode, ContextNode>();

  add(exchange: Exchange): void {
    exchange.place = this.open.push(exchange) - 1;
  }

  remove(exchange: Exchange): void {
    const last = this.open.pop()!;
    if (last === exchange) return;
    this.open[exchange.place] = last;
    last.place = exchange.place;
  }

  settled(exchange: Exchange): void {
    for (const closer of this.closers) closer.settled(exchange);
  }

  /** The server has closed. It says so before the last connections say that they have. */
  closed(): void {
    for (const exchange of [...this.open]) exchange.settle(false);
  }

  /** The patience of a closer is over. */
  hurry(): void {
    this.impatient$.next();
  }

  /** What a request's context is derived from: `parent`, as long as nobody has patience with requests when that ends. */
  under(parent: ContextNode): ContextNode {
    if (parent.canceler === undefined) return parent;
    let standIn = this.standIns.get(parent);
    if (standIn === undefined) {
      standIn = toInternal(this.standInFor(parent), 'requestContext', 'parent');
      this.standIns.set(parent, standIn);
    }
    return standIn;
  }

  private spares(err: ContextError): boolean {
    // Whatever ends together with a closer's context has the same error.
    for (const { patient, ctx } of this.closers) if (patient && ctx.err === err) return true;
    return false;
  }

  private standInFor(parent: ContextNode): Context {
    const err = () => {
      const { err } = parent;
      return err === undefined || this.spares(err) ? undefined : err;
    };
    const standIn: Omit<Context, 'signal'> = {
      get deadline() {
        return parent.deadline;
      },
      done$: new Observable<ContextError>((subscriber) => {
        const look = () => {
          const ended = err();
          if (ended === undefined) return;
          subscriber.next(ended);
          subscriber.complete();
        };
        subscriber.add(this.impatient$.subscribe(look));
        subscriber.add(parent.done$.subscribe(look));
      }),
      get err() {
        return err();
      },
      get cause() {
        return parent.cause;
      },
      value: (key) => parent.value(key),
      toString: () => String(parent),
    };
    // A parent's signal is asked for by nobody.
    return standIn as Context;
  }
}
