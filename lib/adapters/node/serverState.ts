/// <reference types="node" preserve="true" />
// What is known of one server: its open requests, and who shuts it down.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Context } from '../../core/context.js';
import type { ContextError } from '../../core/errors.js';
import { invalidArgument } from '../../core/invalidArgument.js';
import type { ContextNode } from '../../core/contextNode.js';
import { Grace } from './graceContext.js';

/** A request of `node:http`, `node:https` or `node:http2`. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** The response to it. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** A server of `node:http`, `node:https` or `node:http2`. */
export type AnyServer = Server | Http2Server | Http2SecureServer;

export function checkServer(server: AnyServer, call: string): void {
  const { on, off, close } = (server as Partial<AnyServer> | null | undefined) ?? {};
  if (typeof on !== 'function' || typeof off !== 'function' || typeof close !== 'function') {
    throw invalidArgument(call, 'server', 'a server of node:http, node:https or node:http2', server);
  }
}

/** An open request, as far as its server is concerned. */
export interface OpenRequest {
  /** Its place among the open ones. */
  place: number;
  /** Set by the first who asks for one. */
  readonly ctx: ContextNode | undefined;
  readonly req: AnyRequest;
  readonly res: AnyResponse;
  /** How it ended: the response went out whole, or did not. `undefined` while it is open. */
  readonly whole: boolean | undefined;
  settle(whole: boolean): void;
}

/** A shutdown that begins when its context is done. */
export interface Closer {
  readonly ctx: Context;
  /** Whether requests may go on although ctx is done. */
  readonly patient: boolean;
  settled(lifecycle: OpenRequest): void;
}

const states = new WeakMap<object, ServerState>();

export function stateOf(server: object): ServerState {
  let state = states.get(server);
  if (state === undefined) states.set(server, (state = new ServerState()));
  return state;
}

export class ServerState {
  /** In no order. Not a Set: those who came and went would drag each other into the old generation of the heap. */
  readonly open: OpenRequest[] = [];
  /** Set when a shutdown begins. */
  closing = false;
  readonly closers = new Set<Closer>();
  private readonly grace = new Grace((err) => this.spares(err));

  add(lifecycle: OpenRequest): void {
    lifecycle.place = this.open.push(lifecycle) - 1;
  }

  remove(lifecycle: OpenRequest): void {
    const last = this.open.pop()!;
    if (last === lifecycle) return;
    this.open[lifecycle.place] = last;
    last.place = lifecycle.place;
  }

  settled(lifecycle: OpenRequest): void {
    for (const closer of this.closers) closer.settled(lifecycle);
  }

  /** The server has closed. It says so before the last connections say that they have. */
  closed(): void {
    for (const lifecycle of [...this.open]) lifecycle.settle(false);
  }

  /** The patience of a closer is over. */
  endGrace(): void {
    this.grace.end();
  }

  /** What a request's context is derived from: `parent`, as long as nobody has patience with requests when that ends. */
  under(parent: ContextNode): ContextNode {
    return this.grace.contextFor(parent);
  }

  private spares(err: ContextError): boolean {
    // Whatever ends together with a closer's context has the same error.
    for (const { patient, ctx } of this.closers) if (patient && ctx.err === err) return true;
    return false;
  }
}
