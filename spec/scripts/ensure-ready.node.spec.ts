import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

describe('ensure-ready', () => {
  /** Runs it in a clone in which nothing has been installed, or in this one, on a Node that says it is of that version. */
  function ensure(clone: string, version: string): { code: number | null; said: string } {
    const script = pathToFileURL(path.join(clone, 'scripts/ensure-ready.mjs')).href;
    const program = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); await import('${script}');`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    return { code: status, said: stderr };
  }

  it('says what to do in a clone without packages', () => {
    const clone = mkdtempSync(path.join(tmpdir(), 'clone-'));
    mkdirSync(path.join(clone, 'scripts'));
    cpSync('scripts/ensure-ready.mjs', path.join(clone, 'scripts/ensure-ready.mjs'));
    const { code, said } = ensure(clone, '20.19.0');
    expect(code).toBe(1);
    expect(said).toMatch(/not here yet\. .*\n\n {2}npm ci\n/);
    rmSync(clone, { recursive: true });
  });

  it('says which Node it takes', () => {
    expect(ensure('.', '20.18.3')).toEqual({
      code: 1,
      said: 'This is Node 20.18.3. To work on rxjs-ctx takes Node 20.19 or later.\n',
    });
    expect(ensure('.', '18.20.8').code).toBe(1);
  });

  it('says nothing when nothing is missing', () => {
    for (const version of ['20.19.0', '22.0.0', '26.1.0']) {
      expect(ensure('.', version)).toEqual({ code: 0, said: '' });
    }
  });

  it('runs before what a newcomer runs first', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    for (const script of ['start', 'test', 'examples', 'play', 'docs']) {
      expect(scripts[`pre${script}`])
        .withContext(script)
        .toMatch(/^node scripts\/ensure-ready\.mjs/);
    }
  });
});
