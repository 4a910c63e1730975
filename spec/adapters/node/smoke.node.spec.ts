import { createServer } from 'node:http';
import { requests, shutdown } from '../../../lib/adapters/node.js';
import { background, withCancel } from '../../../lib/index.js';
import { useServers } from './servers.js';

describe('a server under a context', () => {
  const { listen } = useServers();

  it('answers a request under a context, and stops with the server', async () => {
    const [main, stop] = withCancel(background());
    const { server, url } = await listen(createServer());
    requests(main, server).subscribe(({ ctx, res }) => res.end(String(ctx.err)));
    const stopped = shutdown(main, server, { graceMs: 1000 });
    const answer = await fetch(url, { headers: { connection: 'close' } });
    expect(await answer.text()).toBe('undefined');
    stop();
    expect(await stopped).toEqual({ finished: 0, cut: 0 });
  });
});
