/// <reference types="node" preserve="true" />
// The types of methods and handlers. By shape: what ts-proto and grpc-tools generate and what proto-loader reads all fit.
import type { ServerDuplexStream, ServerReadableStream, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Observable, ObservableInput } from 'rxjs';
import type { Context } from '../../core/context.js';

/** A method as a client knows it: a member of a service definition. */
export interface MethodLike<Req, Res, S extends boolean> {
  /** As `/package.Service/Method`. */
  readonly path: string;
  /** Whether the client sends a stream. */
  readonly requestStream: S;
  /** Whether the server sends a stream. */
  readonly responseStream: boolean;
  /** Writes a request. */
  requestSerialize(value: Req): Buffer;
  /** Reads a response. */
  responseDeserialize(bytes: Buffer): Res;
}

/** What a client sends: one message, or a stream of them. A method of proto-loader does not say which in its type. */
export type RequestOf<Req, S extends boolean> = boolean extends S
  ? Req | ObservableInput<Req>
  : S extends true
    ? ObservableInput<Req>
    : Req;

/** A call as a server sees it: any of the four kinds of `@grpc/grpc-js`. */
export type ServerCall<Req = unknown, Res = unknown> =
  | ServerUnaryCall<Req, Res>
  | ServerReadableStream<Req, Res>
  | ServerWritableStream<Req, Res>
  | ServerDuplexStream<Req, Res>;

/** A method as a server knows it: a member of a service definition. */
export interface ServedMethod<Req, Res, S extends boolean, R extends boolean> {
  /** Whether the client sends a stream. */
  readonly requestStream: S;
  /** Whether the server sends a stream. */
  readonly responseStream: R;
  /** Reads a request. */
  requestDeserialize(bytes: Buffer): Req;
  /** Writes a response. */
  responseSerialize(value: Res): Buffer;
}

/** The call of a method, by the two flags of its definition. */
export type CallOf<Req, Res, S extends boolean, R extends boolean> = boolean extends R
  ? ServerCall<Req, Res>
  : S extends true
    ? R extends true
      ? ServerDuplexStream<Req, Res>
      : ServerReadableStream<Req, Res>
    : R extends true
      ? ServerWritableStream<Req, Res>
      : ServerUnaryCall<Req, Res>;

/** Handles one method: gets the context of the call, its request or the observable of its requests, and the call itself. */
export type Handler<M> =
  M extends ServedMethod<infer Req, infer Res, infer S, infer R>
    ? boolean extends S
      ? // Either, as the method turns out to be: a handler names the one that it expects.
        {
          /** Serves one call. */
          handle(ctx: Context, request: Req | Observable<Req>, call: ServerCall<Req, Res>): ObservableInput<Res>;
        }['handle']
      : (
          ctx: Context,
          request: S extends true ? Observable<Req> : Req,
          call: CallOf<Req, Res, S, R>,
        ) => ObservableInput<Res>
    : never;

/** The handler of a method of which nothing is known, as `loadPackageDefinition` returns them. */
export type AnyHandler = {
  /** Serves one call. */
  handle(ctx: Context, request: unknown, call: ServerCall): ObservableInput<unknown>;
}['handle'];

/** The methods of a definition, without the index signature that grpc-js gives to every one. */
export type NamesOf<D> = keyof { [K in keyof D as string extends K ? never : number extends K ? never : K]: D[K] };

/** A handler for every method of a service definition. */
export type Handlers<D> = [NamesOf<D>] extends [never]
  ? Readonly<Record<string, AnyHandler>>
  : { readonly [K in NamesOf<D>]: Handler<D[K]> };
