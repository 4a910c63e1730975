import { createServer } from 'node:http';
import { firstValueFrom } from 'rxjs';
import { fetchCtx } from '../../../lib/adapters/http.js';
import { background, isCanceled, withCancel } from '../../../lib/index.js';
import { useServers } from '../node/servers.js';

describe('fetch under a context', () => {
  const { listen } = useServers();

  it('fetches under a context, and stops with it', async () => {
    const { url } = await listen(
      createServer((req, res) => {
        if (req.url !== '/slow') res.end('hello');
      }),
    );
    const [ctx, cancel] = withCancel(background());
    const answer = await firstValueFrom(fetchCtx(ctx, url));
    expect(await answer.text()).toBe('hello');
    const slow = firstValueFrom(fetchCtx(ctx, `${url}/slow`));
    setTimeout(cancel, 20);
    await expectAsync(slow).toBeRejectedWith(jasmine.any(Error));
    expect(isCanceled(ctx.err)).toBeTrue();
  });
});
