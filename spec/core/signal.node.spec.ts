import { background, withCancel } from '../../lib/index.js';

describe('ctx.signal', () => {
  it('takes more than ten listeners without a warning of the process', async () => {
    const warnings: string[] = [];
    const warn = ({ name }: Error) => warnings.push(name);
    process.on('warning', warn);
    const [ctx] = withCancel(background());
    for (let i = 0; i < 20; i++) ctx.signal.addEventListener('abort', () => i);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});
