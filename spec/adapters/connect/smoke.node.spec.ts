import { createClient, createRouterTransport } from '@connectrpc/connect';
import { firstValueFrom, lastValueFrom, NEVER } from 'rxjs';
import { callCtx, serviceCtx } from '../../../lib/adapters/connect.js';
import { background, withTimeout } from '../../../lib/index.js';
import { LabService } from './lab/lab_pb.js';
import { servers } from './lab/servers.js';

describe('Connect under a context', () => {
  const service = serviceCtx(background(), LabService, {
    say: (ctx, { text }) => Promise.resolve({ text: `${text} ${String(ctx.err)}` }),
    watch: () => NEVER,
    upload: () => [],
    chat: async function* (_, requests) {
      for await (const { text } of requests) yield { text };
    },
  });

  it('calls a method, and stops a stream at its deadline', async () => {
    const { transport, stop } = await servers['gRPC over HTTP/2']!((router) => router.service(LabService, service));
    const client = createClient(LabService, transport);
    const answer = await firstValueFrom(callCtx(background(), (options) => client.say({ text: 'hello' }, options)));
    expect(answer.text).toBe('hello undefined');
    const [ctx] = withTimeout(background(), 20);
    await expectAsync(lastValueFrom(callCtx(ctx, (options) => client.watch({}, options)))).toBeRejectedWith(
      jasmine.any(Error),
    );
    expect(ctx.err?.name).toBe('TimeoutError');
    await stop();
  });

  it('calls in memory', async () => {
    const client = createClient(
      LabService,
      createRouterTransport((router) => router.service(LabService, service)),
    );
    async function* requests() {
      yield await Promise.resolve({ text: 'echo' });
    }
    const answer = await firstValueFrom(callCtx(background(), (options) => client.chat(requests(), options)));
    expect(answer.text).toBe('echo');
  });
});
