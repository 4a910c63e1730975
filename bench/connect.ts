// What a context adds to a call over a real socket, client and server in one process, beside Connect alone.
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { fileDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2';
import type { Message } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import type { Client, ServiceImpl, Transport } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { lastValueFrom } from 'rxjs';
import { background, withCancel, withTimeout } from 'rxjs-ctx';
import { callCtx, serviceCtx } from 'rxjs-ctx/connect';
import { ours, timed } from './harness.js';
import type { Loop, Row } from './harness.js';

type Text<Name extends string> = GenMessage<Message<Name> & { text: string; load: Uint8Array }>;
type Lab = GenService<{
  say: { methodKind: 'unary'; input: Text<'rxjsctx.lab.v1.SayRequest'>; output: Text<'rxjsctx.lab.v1.SayResponse'> };
  watch: {
    methodKind: 'server_streaming';
    input: Text<'rxjsctx.lab.v1.SayRequest'>;
    output: Text<'rxjsctx.lab.v1.SayResponse'>;
  };
  upload: {
    methodKind: 'client_streaming';
    input: Text<'rxjsctx.lab.v1.SayRequest'>;
    output: Text<'rxjsctx.lab.v1.SayResponse'>;
  };
  chat: {
    methodKind: 'bidi_streaming';
    input: Text<'rxjsctx.lab.v1.SayRequest'>;
    output: Text<'rxjsctx.lab.v1.SayResponse'>;
  };
}>;

// Of spec/adapters/connect/lab/lab_pb.ts, where nothing else of the specs is needed.
const lab: Lab = serviceDesc(
  fileDesc(
    'CglsYWIucHJvdG8SDnJ4anNjdHgubGFiLnYxIigKClNheVJlcXVlc3QSDAoEdGV4dBgBIAEoCRIMCgRsb2FkGAIgASgMIikKC1NheVJlc3BvbnNlEgwKBHRleHQYASABKAkSDAoEbG9hZBgCIAEoDDKaAgoKTGFiU2VydmljZRI+CgNTYXkSGi5yeGpzY3R4LmxhYi52MS5TYXlSZXF1ZXN0Ghsucnhqc2N0eC5sYWIudjEuU2F5UmVzcG9uc2USQgoFV2F0Y2gSGi5yeGpzY3R4LmxhYi52MS5TYXlSZXF1ZXN0Ghsucnhqc2N0eC5sYWIudjEuU2F5UmVzcG9uc2UwARJDCgZVcGxvYWQSGi5yeGpzY3R4LmxhYi52MS5TYXlSZXF1ZXN0Ghsucnhqc2N0eC5sYWIudjEuU2F5UmVzcG9uc2UoARJDCgRDaGF0Ehoucnhqc2N0eC5sYWIudjEuU2F5UmVxdWVzdBobLnJ4anNjdHgubGFiLnYxLlNheVJlc3BvbnNlKAEwAWIGcHJvdG8z',
  ),
  0,
);

const messages = 100;

const raw: ServiceImpl<Lab> = {
  say: ({ text }) => ({ text }),
  watch: async function* ({ text }) {
    for (let i = 0; i < messages; i++) yield await Promise.resolve({ text });
  },
  upload: () => Promise.resolve({}),
  chat: async function* () {
    // Not measured.
  },
};

const underCtx = serviceCtx(background(), lab, {
  say: (_, { text }) => Promise.resolve({ text }),
  watch: async function* (_, { text }) {
    for (let i = 0; i < messages; i++) yield await Promise.resolve({ text });
  },
  upload: () => [{}],
  chat: () => [],
});

const transports: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }),
  'gRPC over HTTP/2': (baseUrl) => createGrpcTransport({ baseUrl }),
};

// Open sockets would keep the process.
process.once('disconnect', () => process.exit());

function start(service: ServiceImpl<Lab>, transport: (baseUrl: string) => Transport): Promise<Client<Lab>> {
  const server = createServer(connectNodeAdapter({ routes: (router) => router.service(lab, service) }));
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      resolve(createClient(lab, transport(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`)));
    }),
  );
}

function contestant(
  service: ServiceImpl<Lab>,
  transport: (baseUrl: string) => Transport,
  each: number,
  call: (client: Client<Lab>) => Promise<unknown>,
): () => Loop {
  return () => {
    const starting = start(service, transport);
    return async (ops) => {
      const client = await starting;
      for (let i = 0; i < ops; i += each) await call(client);
    };
  };
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const request = { text: 'hello' };
const [ctx] = withCancel(background());
const [limited] = withTimeout(background(), 3_600_000);

const rows: Row[] = Object.entries(transports).flatMap(([name, transport]) => [
  timed(`unary call, ${name}`, {
    [ours]: contestant(underCtx, transport, 1, (client) =>
      lastValueFrom(callCtx(ctx, (options) => client.say(request, options))),
    ),
    'Connect alone': contestant(raw, transport, 1, (client) => client.say(request)),
  }),
  timed(`unary call with a deadline, ${name}`, {
    [ours]: contestant(underCtx, transport, 1, (client) =>
      lastValueFrom(callCtx(limited, (options) => client.say(request, options))),
    ),
    'Connect alone': contestant(raw, transport, 1, (client) => client.say(request, { timeoutMs: 3_600_000 })),
  }),
  timed(`message of a stream, ${name}`, {
    [ours]: contestant(underCtx, transport, messages, (client) =>
      lastValueFrom(callCtx(ctx, (options) => client.watch(request, options))),
    ),
    'Connect alone': contestant(raw, transport, messages, (client) => readAll(client.watch(request))),
  }),
]);

export default rows;
