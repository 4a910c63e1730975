// The lines that are named where the library is built, bundled, and loaded twice.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { placeOfCaller, placeOfEnd, placeOfFile } from '../../lib/debug/stacks.js';

const program = `import { background, withCancel, withTimeout, usingCtx } from 'rxjs-ctx';
import { NEVER } from 'rxjs';
import { debugContexts, printCtxTree } from 'rxjs-ctx/debug';
interface Unused { readonly lines: 'that are gone in JavaScript' }
debugContexts();
function handler() {
  return withCancel(background());
}
const [page, leave] = handler();
withTimeout(page, 1_000_000);
const kept = page.done$.subscribe();
function userLeft(): void {
  leave('SECRET');
}
userLeft();
console.log(printCtxTree(undefined, { ended: true }));
`;

describe('the lines of a bundle', () => {
  let dir: string;
  beforeEach(() => {
    mkdirSync('build', { recursive: true });
    dir = mkdtempSync(path.resolve('build/bundled-'));
    writeFileSync(path.join(dir, 'app.ts'), program);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function run(sourcemap: boolean, ...flags: string[]): Promise<string> {
    const outfile = path.join(dir, 'bundle.mjs');
    const entry = path.join(dir, 'app.ts');
    await build({
      ...{ entryPoints: [entry], outfile, sourcemap, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' },
      alias: {
        'rxjs-ctx': path.resolve('lib/index.ts'),
        'rxjs-ctx/debug': path.resolve('lib/debug/index.ts'),
      },
    });
    return execFileSync(process.execPath, [...flags, outfile], { cwd: dir, encoding: 'utf8' });
  }

  it('are those of the sources, with a source map', async () => {
    const tree = await run(true, '--enable-source-maps');
    expect(tree).toMatch(/withCancel canceled, by userLeft \(app\.ts:13:3\), made by handler \(app\.ts:7:10\)/);
    expect(tree).toMatch(/withDeadline\(.*\) canceled, by userLeft \(app\.ts:13:3\), made by app\.ts:10:1/);
  });

  it('are those of the bundle, without one', async () => {
    const tree = await run(false);
    expect(tree).toMatch(
      /withCancel canceled, by userLeft \(bundle\.mjs:\d+:3\), made by handler \(bundle\.mjs:\d+:10\)/,
    );
  });
});

describe('the place of the library', () => {
  it('is the folder of the package, or a file that it shares', () => {
    const inside = ['/app/x/dist/cjs/index.js', '/app/x/dist/esm/shared-A1.js', '/app/x/lib/core/derive.ts'];
    for (const file of [
      '/app/x/dist/esm/debug/index.js:1:2',
      '/app/x/dist/cjs/shared-B.js:1:2',
      '/app/x/lib/debug/stacks.ts:1:2',
    ]) {
      const { root } = placeOfFile(file);
      expect(inside.map((one) => root!.test(one))).toEqual([true, true, true]);
      expect(root!.test('/app/x/spec/a.ts')).toBeFalse();
    }
    expect(placeOfFile('/app/bundle.js:1:2')).toEqual({ root: undefined, bundle: '/app/bundle.js' });
  });

  it('is not in packages that are called alike', () => {
    const frame = (file: string) => ({ name: '', file: `${file}:1:2` });
    const inside = ['rxjs', 'rxjs-ctx', '.pnpm/rxjs@7.8.2/node_modules/rxjs', '@rxjs/observable'];
    for (const name of inside) expect(placeOfCaller([frame(`/app/node_modules/${name}/src/a.js`)])).toBeUndefined();
    for (const file of ['/app/node_modules/rxjs-etc/a.js', '/home/ann/rxjs-ctx-demo/src/a.ts']) {
      expect(placeOfCaller([frame(file)])).toBe(`${file}:1:2`);
    }
    expect(placeOfCaller([frame('node:internal/timers'), frame('http://h/vite/deps/rxjs-ctx.js')])).toBeUndefined();
    expect(placeOfEnd([])).toBeUndefined();
  });
});
